"""The chain as plain values: whole, changed, cut, forged; and checked without this software."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fhir_coder.audit.chain import BEGINNING, CHAIN, Head, digest, linked, place_of, read_head
from fhir_coder.audit.verification import Line, columns_of, exported_lines, start_of, verify


def chain(count: int, start: Head = BEGINNING) -> list[Line]:
    lines, head = [], start
    for number in range(count):
        event = {"resourceType": "AuditEvent", "id": f"e{number}", "source": {"site": "north"}, "recorded": f"2026-05-04T12:00:0{number}Z"}
        head, content = linked(event, head)
        lines.append(Line(head.sequence, head.hash, content, columns_of(json.loads(content))))
    return lines


def head_of(lines: list[Line]) -> Head:
    return Head(lines[-1].sequence, lines[-1].hash)


def put(lines: list[Line], content: str) -> list[Line]:
    """With something else in place of the third event."""
    return [*lines[:2], replace(lines[2], content=content, hash=digest(content)), *lines[3:]]


def placed(sequence: Any) -> dict[str, Any]:
    parts = [{"url": "sequence", "valueInteger": sequence}, {"url": "previous", "valueString": "0" * 64}]
    return {"url": CHAIN, "extension": parts}


def edited(lines: list[Line], at: int, **changes: Any) -> list[Line]:
    """With members of an event changed, and its own hash made to fit, as a careful forger would."""
    event = json.loads(lines[at].content) | changes
    content = json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return [*lines[:at], replace(lines[at], content=content, hash=digest(content)), *lines[at + 1 :]]


def test_a_whole_chain_has_no_fault() -> None:
    lines = chain(5)
    verdict = verify(lines, anchors=[head_of(lines), head_of(lines[:2])])
    assert (verdict.faults, verdict.notes, verdict.count, verdict.head) == ((), (), 5, head_of(lines))
    assert verify([]).is_whole


FORGERIES: dict[str, tuple[Callable[[list[Line]], list[Line]], int]] = {
    "a word changed": (lambda lines: [*lines[:2], replace(lines[2], content=lines[2].content.replace("e2", "x2")), *lines[3:]], 3),
    "a word changed and its hash made anew": (lambda lines: edited(lines, 2, id="x2"), 4),
    "the hash alone": (lambda lines: [*lines[:2], replace(lines[2], hash="f" * 64), *lines[3:]], 3),
    "the middle removed": (lambda lines: [*lines[:2], *lines[3:]], 4),
    "the first removed": (lambda lines: lines[1:], 2),
    "two exchanged": (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 3),
    "two exchanged with their numbers": (
        lambda lines: [lines[0], replace(lines[2], sequence=2), replace(lines[1], sequence=3), *lines[3:]],
        2,
    ),
    "the middle removed and numbers closed up": (
        lambda lines: [*lines[:2], *(replace(one, sequence=one.sequence - 1) for one in lines[3:])],
        3,
    ),
    "no JSON": (lambda lines: [*lines[:2], replace(lines[2], content="x", hash=digest("x")), *lines[3:]], 3),
    "JSON that is no event": (lambda lines: put(lines, '["x"]'), 3),
    "JSON without an end in sight": (lambda lines: put(lines, "[" * 100_000), 3),
    "entities that are none": (lambda lines: edited(lines, 2, entity=[1]), 3),
    "a subtype that is none": (lambda lines: edited(lines, 2, subtype=7), 3),
    "a number that is text": (lambda lines: edited(lines, 2, extension=[placed("3")]), 3),
    "an extension that is none": (lambda lines: edited(lines, 2, extension=[None]), 3),
    "another tenant beside it": (
        lambda lines: [*lines[:2], replace(lines[2], columns=lines[2].columns | {"tenant": "south"}), *lines[3:]],
        3,
    ),
    "another patient beside it": (
        lambda lines: [*lines[:2], replace(lines[2], columns=lines[2].columns | {"patient": "P"}), *lines[3:]],
        3,
    ),
    "one twice": (lambda lines: [*lines[:3], lines[2], *lines[3:]], 3),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_found_where_it_is(name: str) -> None:
    forge, where = FORGERIES[name]
    verdict = verify(forge(chain(5)))
    assert verdict.faults and verdict.faults[0].sequence == where


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_export_is_read_to_its_end(name: str) -> None:
    forged = [one.content for one in FORGERIES[name][0](chain(5))]
    assert verify(exported_lines(forged), start_of(forged[0]), is_part=True).count == len(forged)
    assert start_of(forged[2])


def test_a_cut_tail_shows_only_by_a_head_that_was_kept_elsewhere() -> None:
    lines = chain(5)
    assert verify(lines[:3]).is_whole
    (fault,) = verify(lines[:3], anchors=[head_of(lines)]).faults
    assert fault.sequence == 5 and "ends at 3" in fault.what


def test_a_chain_made_anew_shows_only_by_a_head_that_was_kept_elsewhere() -> None:
    kept, forged = head_of(chain(5)), []
    head = BEGINNING
    for line in chain(5):
        head, content = linked({"id": "forged"}, head)
        forged.append(replace(line, hash=head.hash, content=content, columns={}))
    assert verify(forged).is_whole
    assert [one.sequence for one in verify(forged, anchors=[kept]).faults] == [5]


def test_a_start_that_no_event_confirms_is_a_fault() -> None:
    lines = chain(5)
    assert [one.sequence for one in verify(lines[2:], start=head_of(lines[:2])).faults] == [2]


def test_a_head_that_retention_removed_cannot_be_compared_and_is_no_fault() -> None:
    lines = chain(5)
    verdict = verify(lines[2:], start=head_of(lines[:2]), anchors=[head_of(lines[:1]), Head(2, "f" * 64)])
    assert verdict.notes == ("event 1 was removed by retention and cannot be compared",)
    assert "is not the event whose head was kept elsewhere" in {one.what for one in verdict.faults}


def test_a_line_can_be_checked_with_sha256sum_alone() -> None:
    lines = chain(3)
    for before, line in itertools.pairwise(lines):
        assert place_of(json.loads(line.content)) == (line.sequence, hashlib.sha256(before.content.encode()).hexdigest())


@pytest.mark.parametrize("text", ["", "5", "5:abc", "x:" + "0" * 64, "-1:" + "0" * 64, "5:" + "G" * 64])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a head"):
        read_head(text)


def test_a_head_is_read_as_it_is_printed() -> None:
    head = head_of(chain(3))
    assert read_head(f" {head}\n") == head
