"""What answers must not give away, and nobody in between may keep."""

from __future__ import annotations

import base64
import json

from conformance.check import check
from conformance.exchange import Answer, Resource
from conformance.intruding import GARBAGE, MARK, as_stranger, good_token, telling_part, with_refused, with_token
from conformance.target import OPERATION, Target
from conformance.verdict import Skipped, expect
from conformance.visit import encounter, inline, note, parameters

WORDS = f"Assessment: {MARK} syndrome of Mrs {MARK}."
BROKEN = {
    "is cut off": lambda text: text[:-2],
    "has an unknown resource type": lambda text: text.replace('"Parameters"', '"Parameter"'),
    "is followed by more": lambda text: text + "}",
}


@check
def token_is_not_repeated(target: Target) -> None:
    """No answer repeats the token that it refuses."""
    target.require_guard()
    for what, token in GARBAGE.items():
        _expect_no_mark(with_token(target, token), f"a token that is refused ({what})", MARK)
    for why in target.refused:
        _expect_no_mark(with_refused(target, why), f"a token that is {why}", telling_part(target.refused[why]))


@check
def good_token_is_not_repeated(target: Target) -> None:
    """No answer repeats the token in use, when it refuses the body."""
    token = good_token(target)
    answer = target.post(f"Encounter/${OPERATION}", "{", headers={"Content-Type": "application/fhir+json"})
    _expect_no_mark(answer, "the token in use", telling_part(token))


@check
def note_is_not_repeated(target: Target) -> None:
    """No error repeats the words of a note, in plain or as they were sent."""
    for what, body in _broken_bodies():
        answer = target.post(f"Encounter/${OPERATION}", body, headers={"Content-Type": "application/fhir+json"})
        expect(answer.status >= 400, f"an error for a body that {what}", answer)
        for shown in (MARK, base64.b64encode(WORDS.encode()).decode()):
            _expect_no_mark(answer, f"the note in a body that {what}", shown)


@check
def note_is_not_repeated_to_a_stranger(target: Target) -> None:
    """The refusal of a stranger does not repeat the words of their note."""
    target.require_guard()
    answer = target.code(_visit_with_words(), is_known=False)
    for shown in (MARK, base64.b64encode(WORDS.encode()).decode()):
        _expect_no_mark(answer, "the note of a stranger", shown)


@check
def answers_are_not_kept(target: Target) -> None:
    """What was coded is not kept by anybody in between: Cache-Control has no-store."""
    answer = target.code(inline())
    if answer.status != 200:
        raise Skipped("the visit could not be coded; other checks say why")
    _expect_no_store(answer)


@check
def refusals_are_not_kept(target: Target) -> None:
    """A refusal is not kept by anybody in between: Cache-Control has no-store."""
    target.require_guard()
    _expect_no_store(as_stranger(target))


def _visit_with_words() -> Resource:
    given = (("encounter", encounter()), ("note", note(WORDS)))
    return parameters(*({"name": name, "resource": one} for name, one in given))


def _broken_bodies() -> list[tuple[str, str]]:
    whole = json.dumps(_visit_with_words())
    return [(what, change(whole)) for what, change in BROKEN.items()]


def _expect_no_mark(answer: Answer, what: str, mark: str) -> None:
    said = answer.body.decode("utf-8", "replace") + " ".join(answer.headers.values())
    expect(mark not in said, f"an answer that does not repeat {what}", f"HTTP {answer.status} that repeats it")


def _expect_no_store(answer: Answer) -> None:
    kept = {one.strip().lower() for one in answer.headers.get("cache-control", "").split(",")}
    expect("no-store" in kept, "Cache-Control: no-store", answer.headers.get("cache-control", "no Cache-Control"))
