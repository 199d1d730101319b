"""Writing once: coding again, coding twice at the same time, and whatever people did in between, double nothing and overwrite nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import requests

from conformance.bench import DONE, PLAIN, SINGLE, Bench, Json, Line, fault, lines_of, name_of
from conformance.check import check
from conformance.exchange import Resource
from conformance.target import Target
from conformance.verdict import Skipped, expect

BOTH = (PLAIN, SINGLE)
SHORTER = "ASSESSMENT AND PLAN\nEssential hypertension, improved. Continue lisinopril.\n"
"""The first note, without diabetes."""
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


@check
def coding_twice(target: Target) -> None:
    """The same call a second time writes nothing, and says of each resource that it is there."""
    for profile in BOTH:
        bench = _complete(target, profile)
        before = len(bench.writes())
        lines = lines_of(bench.code())
        expect(len(bench.writes()) == before, "no request that writes in the second call", f"{len(bench.writes()) - before}")
        fresh = [one.kind for one in lines if one.status == "201"]
        expect(not fresh, "200 for what stands there already", f"201 for {', '.join(fresh)}")


@check
def two_at_once(target: Target) -> None:
    """Two calls for one encounter at the same moment write once; the second may be told to try again."""
    for profile in BOTH:
        bench = Bench(target, profile)
        statuses = sorted(_codes_at_once(bench, 2))
        expect(statuses[0] == 200 and statuses[1] in {200, 409, 429, 503}, "200, and 200 or a wish to try again", statuses)
        bench.expect_complete()


@check
def receipt_tells_where(target: Target) -> None:
    """The receipt names, in the order of the result, the address and the version of what was written, and there it is."""
    for profile in BOTH:
        bench = Bench(target, profile)
        lines = [one for one in lines_of(bench.code()) if one.status in DONE]
        held = {f"{one['resourceType']}/{one['id']}": one for one in bench.held()}
        lost = [one.kind for one in lines if _address(one) not in held]
        expect(not lost, "a location at which the EHR holds the resource", f"none for {', '.join(lost)}")
        others = [one.kind for one in lines if name_of(held[_address(one)]) != name_of(one.resource)]
        expect(not others, "the location of each resource in its own line, as in the result", f"another's for {', '.join(others)}")
        versions = [(_version(one), held[_address(one)]["meta"]["versionId"]) for one in lines if _version(one)]
        wrong = [f"{told} for {stands}" for told, stands in versions if told != stands]
        expect(not wrong, "the version that the EHR holds, where the location names one", ", ".join(wrong))


@check
def as_the_metadata_offers(target: Target) -> None:
    """Where transactions are listed everything goes in one; where they are not, none is sent, and no condition where none is honoured."""
    plain = _complete(target, PLAIN)
    kinds = {one["interaction"] for one in plain.writes()}
    expect(kinds == {"transaction"}, "one transaction where the metadata lists it", ", ".join(sorted(kinds)))
    single = _complete(target, SINGLE)
    expect(all(one["interaction"] != "transaction" for one in single.writes()), "no transaction where none is listed", "one")
    expect(not any(one["has_condition"] for one in single.writes()), "no If-None-Exist where it is not honoured", "one")


@check
def conditional_creates(target: Target) -> None:
    """Where conditional create is listed, a create that is sent alone carries If-None-Exist."""
    bench = Bench(target, PLAIN)
    bench.order(fault("status", "transaction", status=405, code="not-supported"))
    bench.code()
    bench.require_struck()
    creates = [one for one in bench.writes() if one["interaction"] == "create"]
    bare = [one["type"] for one in creates if not one["has_condition"]]
    expect(creates and not bare, "If-None-Exist with every create", f"{len(creates)} creates, without for {', '.join(bare) or 'none'}")


@check
def condition_ignored(target: Target) -> None:
    """An EHR that lists conditional create and ignores the condition gets nothing twice."""
    order = fault("ignores-condition", "create"), fault("status", "transaction", status=405, code="not-supported")
    bench = Bench(target, PLAIN)
    bench.order(*order)
    bench.expect_once(lines_of(bench.code()))
    bench.expect_complete()


@check
def updates_are_guarded(target: Target) -> None:
    """Every update names the version that it was made from (If-Match)."""
    bench = _changed(target, SINGLE)
    bench.expect_complete()
    updates = [one for one in bench.writes() if one["interaction"] == "update"]
    if not updates:
        raise Skipped("the server updates nothing when a note changes")
    expect(all(one["has_version"] for one in updates), "If-Match with every update", "an update without")


@check
def dropped_code_is_retired(target: Target) -> None:
    """A code that is no longer proposed stays at the EHR as an error, without a clinicalStatus; it is not deleted and not left as it was."""
    for profile in BOTH:
        bench = _changed(target, profile)
        before = {one["id"]: one for one in bench.held("Condition")}
        proposed = [one for one in lines_of(bench.code()) if one.kind == "Condition"]
        if len(proposed) >= len(before):
            raise Skipped("the server drops no code when its words are gone from the note")
        retired = [one for one in bench.held("Condition") if _verification(one) == "entered-in-error"]
        expect(len(retired) == len(before) - len(proposed), "the dropped Conditions as entered-in-error", f"{len(retired)} of them")
        expect(all("clinicalStatus" not in one for one in retired), "no clinicalStatus on an error (con-5)", "one with it")
        bench.expect_complete()


@check
def code_comes_back(target: Target) -> None:
    """A code that is proposed again after it was retired stands again, under its own address."""
    bench = _changed(target, SINGLE)
    before = Counter(one["id"] for one in bench.held("Condition"))
    lines_of(bench.code())
    bench.put(bench.of_visit("DocumentReference")[0])
    bench.expect_complete()
    after = Counter(one["id"] for one in bench.held("Condition"))
    expect(after == before, f"the same {before.total()} Conditions", f"{after.total()} Conditions, {(after - before).total()} of them new")


@check
def what_a_person_confirmed(target: Target) -> None:
    """A Condition that a person confirmed is not changed any more."""
    for profile in BOTH:
        _expect_left(target, profile, {"verificationStatus": _verified("confirmed")})


@check
def what_a_person_annotated(target: Target) -> None:
    """A Condition to which a person added a note is not changed any more."""
    _expect_left(target, SINGLE, {"note": [{"text": "Seen and agreed."}]})


@check
def what_a_person_called_an_error(target: Target) -> None:
    """A Condition that a person marked as an error is neither revived nor made anew."""
    bench = _complete(target, SINGLE)
    mine = bench.held("Condition")[0]
    bench.put(
        {name: value for name, value in mine.items() if name != "clinicalStatus"} | {"verificationStatus": _verified("entered-in-error")}
    )
    lines_of(bench.code())
    again = [_verification(one) for one in bench.held("Condition") if one["code"] == mine["code"]]
    expect(again == ["entered-in-error"], "the one Condition, as an error", again)


@check
def task_that_somebody_took(target: Target) -> None:
    """A Task that somebody works on is not changed any more, and no second one is made."""
    bench = _complete(target, SINGLE)
    tasks = bench.held("Task")
    if not tasks:
        raise Skipped("the server makes no Task")
    bench.put({**tasks[0], "status": "in-progress"})
    bench.rewrite_note(SHORTER)
    lines_of(bench.code())
    expect(
        [one["status"] for one in bench.held("Task")] == ["in-progress"],
        "the one Task, in progress",
        [one["status"] for one in bench.held("Task")],
    )


@check
def claim_that_was_sent(target: Target) -> None:
    """A Claim that is no draft any more is not changed, and no second one is made."""
    bench = _complete(target, SINGLE)
    claims = bench.held("Claim")
    if not claims:
        raise Skipped("the server makes no Claim")
    bench.put({**claims[0], "status": "active"})
    sent = bench.held("Claim")
    bench.rewrite_note(SHORTER)
    lines_of(bench.code())
    expect(bench.held("Claim") == sent, "the Claim as it was sent", f"{len(bench.held('Claim'))} Claims, or a changed one")


@check
def identifiers_lost(target: Target) -> None:
    """An EHR that loses identifiers and tags gets nothing twice: the receipt tells where everything is."""
    for profile in BOTH:
        _expect_one_each(Bench(target, profile), fault("loses", "create", "transaction", "update", elements=["identifier", "meta.tag"]))


@check
def search_that_ignores_parameters(target: Target) -> None:
    """What others recorded is left alone where a search gives it unasked, and nothing is doubled."""
    bench = Bench(target, SINGLE)
    theirs = {
        "resourceType": "Condition",
        "id": "of-somebody-else",
        "code": {"text": "Other"},
        "subject": {"reference": "Patient/patient-2"},
    }
    bench.put(theirs)
    bench.order(fault("ignores-parameters", "search-type"))
    bench.expect_complete()
    bench.expect_complete()
    touched = [one["path"] for one in bench.writes() if one["path"].endswith("/of-somebody-else")]
    expect(not touched, "no write to what somebody else recorded", ", ".join(touched))


@check
def code_not_kept(target: Target) -> None:
    """An EHR that stores a Condition without its code is found out: the receipt names the element."""
    bench = Bench(target, SINGLE)
    bench.order(fault("loses", "create", type="Condition", elements=["code.coding"]))
    lines = [one for one in lines_of(bench.code()) if one.kind == "Condition" and one.status in DONE]
    bench.require_struck()
    for one in lines:
        named = [element for issue in one.issues for element in issue.get("expression", ())]
        expect("Condition.code" in named, "a warning about Condition.code in the receipt", one.response.get("outcome", "no outcome"))


def _codes_at_once(bench: Bench, times: int) -> list[int]:
    """The statuses of as many calls at the same moment, each over a connection of its own."""
    callers = [replace(bench.target, session=requests.Session()) for _ in range(times)]
    for one in callers:
        one.session.verify = bench.target.session.verify
    with ThreadPoolExecutor(times) as pool:
        return [answer.status for answer in pool.map(lambda caller: bench.code(target=caller), callers)]


def _complete(target: Target, profile: str) -> Bench:
    """A bench whose visit was coded and written."""
    bench = Bench(target, profile)
    bench.expect_complete()
    return bench


def _changed(target: Target, profile: str) -> Bench:
    bench = _complete(target, profile)
    bench.rewrite_note(SHORTER)
    return bench


def _expect_left(target: Target, profile: str, change: Json) -> None:
    bench = _complete(target, profile)
    for one in bench.held("Condition"):
        bench.put({**one, **change})
    changed = _by_id(bench.held("Condition"))
    bench.rewrite_note(SHORTER)
    lines_of(bench.code())
    now = _by_id(bench.held("Condition"))
    wrong = [one for one in changed if now.get(one) != changed[one]]
    expect(not wrong, "what a person touched as that person left it", f"{len(wrong)} of {len(changed)} Conditions changed")


def _by_id(resources: Sequence[Resource]) -> dict[str, Resource]:
    return {one["id"]: one for one in resources}


def _expect_one_each(bench: Bench, order: Json) -> None:
    bench.order(order)
    bench.expect_count_once(lines_of(bench.code()))
    bench.require_struck()
    bench.expect_count_once(lines_of(bench.code()))


def _address(line: Line) -> str:
    location = str(line.response.get("location", "")).partition("/_history/")[0]
    return "/".join(location.rsplit("/", 2)[-2:])


def _version(line: Line) -> str:
    """The version that the location names, or empty."""
    return str(line.response.get("location", "")).partition("/_history/")[2]


def _verified(code: str) -> Resource:
    return {"coding": [{"system": _VERIFICATION, "code": code}]}


def _verification(condition: Resource) -> str:
    return next((str(one.get("code")) for one in condition.get("verificationStatus", {}).get("coding", ())), "")
