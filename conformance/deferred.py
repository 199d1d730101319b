"""Calls whose answer comes later (http://hl7.org/fhir/R4/async.html), as checks make them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from conformance.exchange import Answer, Resource
from conformance.target import Target
from conformance.verdict import Omitted, expect
from conformance.visit import inline

PREFER = "respond-async"
LONGEST_S = 120.0
"""A visit of one short note is coded by then, also beside other work."""
SHORTEST_S, LOOKS_S = 0.05, 5.0


def kick_off(target: Target, body: Resource | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """The visit, or something else, sent by a caller who does not wait. Raises Omitted where the server answers at once, as it may."""
    answer = target.code(inline() if body is None else body, headers={"Prefer": PREFER, **(headers or {})})
    if answer.status == 200:
        raise Omitted("the server answers at once, whatever is preferred")
    return answer


def place_of(answer: Answer) -> str:
    """Where the answer will be."""
    expect(answer.status == 202, "202 for a call with Prefer: respond-async", answer)
    place = answer.headers.get("content-location", "")
    expect("://" in place, "an absolute Content-Location", place or "none")
    return place


def answer_at(target: Target, place: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer, when it is there."""
    deadline = time.monotonic() + LONGEST_S
    while True:
        answer = target.get(place, headers=headers)
        if answer.status != 202:
            return answer
        expect(time.monotonic() < deadline, f"an answer within {LONGEST_S:.0f} s", answer)
        told = answer.headers.get("retry-after", "")
        time.sleep(min(LOOKS_S, max(SHORTEST_S, float(told) if told.isdigit() else 1.0)))


def take_back(target: Target, place: str) -> Answer:
    """The caller does not want it any more."""
    return target.send("DELETE", place)
