"""Calls whose answer comes later: the kick-off, asking, the answer, taking back, and who may ask."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.check import check
from conformance.deferred import answer_at, kick_off, place_of, take_back
from conformance.exchange import Resource, objects
from conformance.outcomes import expect_valid
from conformance.target import Target, expect_success
from conformance.verdict import Omitted, Skipped, expect
from conformance.visit import encounter, inline, note, parameters, patient

ENOUGH = 20
"""Characters of an address that nobody guesses: 120 bits in base64."""


@check
def kick_off_names_a_place(target: Target) -> None:
    """A call that is taken on is 202 with an absolute Content-Location, and says that the preference was applied."""
    answer = kick_off(target)
    place = place_of(answer)
    applied = answer.headers.get("preference-applied", "")
    take_back(target, place)
    expect("respond-async" in applied, "Preference-Applied: respond-async", applied or "none")


@check
def place_cannot_be_guessed(target: Target) -> None:
    """The address of one answer does not lead to that of another: a long part of it is drawn anew each time."""
    places = [place_of(kick_off(target)) for _ in range(3)]
    for place in places:
        take_back(target, place)
    parts = [re.split(r"[/?=&]", place) for place in places]
    expect(len({len(one) for one in parts}) == 1, "addresses of one shape", [len(one) for one in parts])
    drawn = [one for one in zip(*parts, strict=True) if len(set(one)) == len(one)]
    expect(any(min(map(len, one)) >= ENOUGH and not _alike(*one[:2]) for one in drawn), f"{ENOUGH} characters or more that differ", places)


@check
def progress_is_told(target: Target) -> None:
    """Who asks too early gets 202; Retry-After says when to ask again, X-Progress in fewer than 100 characters how it stands."""
    places = [place_of(kick_off(target)) for _ in range(4)]
    early = target.get(places[-1])
    for place in places:
        take_back(target, place)
    if early.status == 200:
        raise Omitted("the answer was there at once")
    expect(early.status == 202, "202 while there is no answer", early)
    expect(len(early.headers.get("x-progress", "")) < 100, "X-Progress of fewer than 100 characters", early.headers.get("x-progress"))
    told = early.headers.get("retry-after", "")
    expect(re.fullmatch(r"\d+|\w{3}, .* GMT", told), "Retry-After in seconds or as a date", told or "none")


@check
def answer_is_a_bundle(target: Target) -> None:
    """The answer is 200 with a Bundle of type batch-response, whose one entry has what the caller would have got."""
    at_once = expect_success(target.code(inline()))
    answer = answer_at(target, place_of(kick_off(target)))
    expect(answer.status == 200, "200 with the answer", answer)
    bundle = answer.resource
    expect((bundle.get("resourceType"), bundle.get("type")) == ("Bundle", "batch-response"), "a Bundle of type batch-response", answer)
    entries = objects(bundle.get("entry"))
    expect(len(entries) == 1, "one entry", f"{len(entries)} entries")
    status = str((entries[0].get("response") or {}).get("status", ""))
    expect(status.startswith("200"), "response.status 200", status or "none")
    later, sooner = list(_codes(entries[0].get("resource") or {})), list(_codes(at_once))
    expect(later == sooner and sooner, f"the codes of the answer at once, {sooner}", later)


@check
def error_is_an_outcome(target: Target) -> None:
    """What is refused is refused with the same status, at once or where the answer would be, and an OperationOutcome says why."""
    take_back(target, place_of(kick_off(target)))
    visit = encounter(status="planned")
    parts = (("encounter", visit), ("patient", patient()), ("note", note()))
    body = parameters(*({"name": name, "resource": one} for name, one in parts))
    at_once = target.code(body)
    if at_once.status < 400:
        raise Omitted("the server codes visits that have not taken place")
    answer = kick_off(target, body)
    if answer.status == 202:
        answer = answer_at(target, place_of(answer))
    expect(answer.status == at_once.status, f"HTTP {at_once.status}, as at once", answer)
    expect(answer.resource.get("resourceType") == "OperationOutcome", "an OperationOutcome", answer)
    expect_valid(answer.resource, answer)


@check
def taken_back_is_gone(target: Target) -> None:
    """DELETE is 202; whoever asks after it gets 404 and an OperationOutcome."""
    place = place_of(kick_off(target))
    gone = take_back(target, place)
    expect(gone.status == 202, "202 for DELETE", gone)
    answer = target.get(place)
    expect(answer.status == 404, "404 after DELETE", answer)
    expect(answer.resource.get("resourceType") == "OperationOutcome", "an OperationOutcome", answer)


@check
def answer_is_for_its_caller(target: Target) -> None:
    """Another caller with a good token of its own learns nothing at the address, and takes nothing back; nor does nobody."""
    target.require_guard()
    place = place_of(kick_off(target))
    if "other" not in target.accepted:
        take_back(target, place)
        raise Skipped("give --accepted FILE with a token of another caller, `other`")
    other = target.accepted["other"]()
    expect(answer_at(target, place).status == 200, "the answer for whoever asked", target.last)
    for who, headers in (("another caller", other), ("nobody", {})):
        for method in ("GET", "DELETE"):
            answer = target.send(method, place, headers=headers, is_known=False)
            expect(answer.status in {401, 403, 404}, f"{who} to be refused", answer)
    expect(target.get(place).status == 200, "the answer to be there still", target.last)
    take_back(target, place)


def _alike(one: str, other: str) -> bool:
    """Whether half of the characters agree by their places: a counter, or a moment."""
    return sum(first == second for first, second in zip(one, other, strict=False)) * 2 > min(len(one), len(other))


def _codes(resource: Resource) -> Iterator[str]:
    """The codes of the Conditions proposed, in their order."""
    for parameter in objects(resource.get("parameter")):
        proposed = parameter.get("resource") or {}
        for entry in objects(proposed.get("entry")) if parameter.get("name") == "result" else ():
            one = entry.get("resource") or {}
            if one.get("resourceType") == "Condition":
                yield from (str(coding.get("code")) for coding in objects((one.get("code") or {}).get("coding")))
