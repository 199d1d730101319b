"""Is a chain whole? Looks at each event in order and says what does not fit; decides nothing about who did it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_coder.audit.chain import BEGINNING, Head, digest, place_of

PRUNE_EVENT = "audit-prune"
PRUNED_TO = "prunedTo"
"""Name of the detail of ``audit-prune`` that names the last event removed."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event as it is kept: ``content`` is its canonical JSON; ``columns`` are what stands beside it for searching, by name."""

    sequence: int
    hash: str
    content: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at an event of that number."""

    sequence: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """``head`` is the newest event that was seen, ``count`` how many were; ``notes`` say what could not be compared, and are no faults."""

    head: Head
    count: int
    faults: tuple[Fault, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(lines: Iterable[Line], start: Head = BEGINNING, anchors: Iterable[Head] = (), is_part: bool = False) -> Verdict:
    """``lines`` in order of their numbers, all that are kept. ``start`` is the last event that retention removed, ``anchors`` are heads
    that were kept elsewhere: each must be found in the chain, so that the newest events cannot have been cut off. ``is_part``: the lines are
    taken out of a chain behind ``start``, and what was before need not be accounted for."""
    faults: list[Fault] = []
    wanted = {one.sequence: one for one in anchors}
    head, count, is_start_confirmed = start, 0, is_part or start == BEGINNING
    for line in lines:
        event = _read(line.content)
        faults.extend(_faults(line, event, head))
        if line.sequence in wanted and wanted.pop(line.sequence).hash != line.hash:
            faults.append(Fault(line.sequence, "is not the event whose head was kept elsewhere"))
        is_start_confirmed = is_start_confirmed or str(start) in _pruned(event)
        head, count = Head(line.sequence, line.hash), count + 1
    if not is_start_confirmed:
        faults.append(Fault(start.sequence, "no event of the chain tells that events up to here were removed by retention"))
    notes = []
    for anchor in wanted.values():
        if anchor.sequence > head.sequence:
            faults.append(Fault(anchor.sequence, f"is missing: a head was kept of it, and the chain ends at {head.sequence}"))
        elif anchor.sequence == start.sequence and anchor.hash != start.hash:
            faults.append(Fault(anchor.sequence, "is not the event whose head was kept elsewhere"))
        elif anchor.sequence < start.sequence:
            notes.append(f"event {anchor.sequence} was removed by retention and cannot be compared")
    return Verdict(head, count, tuple(faults), tuple(notes))


def _faults(line: Line, event: dict[str, Any] | None, before: Head) -> Iterator[Fault]:
    if line.sequence != before.sequence + 1:
        yield Fault(line.sequence, f"follows event {before.sequence}: events between are missing, or their order was changed")
    if digest(line.content) != line.hash:
        yield Fault(line.sequence, "was changed: its hash is another")
    if event is None:
        yield Fault(line.sequence, "is no AuditEvent as they are kept here")
        return
    sequence, previous = place_of(event)
    if sequence != line.sequence:
        yield Fault(line.sequence, "says another number of itself")
    if line.sequence == before.sequence + 1 and previous != before.hash:
        yield Fault(line.sequence, "does not continue the event before it")
    for name, value in columns_of(event).items():
        if line.columns.get(name, value) != value:
            yield Fault(line.sequence, f"stands under another {name} than it tells")


def exported_lines(contents: Iterable[str]) -> Iterator[Line]:
    """The lines of an export as they were kept."""
    for content in contents:
        sequence, _ = place_of(_read(content) or {})
        yield Line(sequence, digest(content), content, {})


def start_of(content: str) -> Head:
    """The place before an event, as it tells it."""
    sequence, previous = place_of(_read(content) or {})
    return Head(max(sequence - 1, 0), previous)


def columns_of(event: Mapping[str, Any]) -> dict[str, str]:
    """What an event tells of what its row repeats for searching: the tenant, our word, the patient's reference and the time."""
    patient: Mapping[str, Any] = next((one for one in event.get("entity", ()) if one.get("role", {}).get("code") == "1"), {})
    return {
        "tenant": event.get("source", {}).get("site", ""),
        "event": (event.get("subtype") or [{}])[-1].get("code", ""),
        "patient": patient.get("what", {}).get("reference", ""),
        "recorded": event.get("recorded", ""),
    }


def detail_of(event: Mapping[str, Any], name: str) -> str:
    """A detail of the entry, by its name; empty where there is none."""
    details = (one for entity in event.get("entity", ()) for one in entity.get("detail", ()))
    return next((one["valueString"] for one in details if one.get("type") == name), "")


def _read(content: str) -> dict[str, Any] | None:
    """The event, or None for what is none of ours: whoever can write what they like must not keep the rest from being looked at."""
    try:
        event = json.loads(content)
        is_ours = all(isinstance(value, str) for value in (*columns_of(event).values(), detail_of(event, PRUNED_TO))) and place_of(event)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None
    return event if is_ours else None


def _pruned(event: dict[str, Any] | None) -> str:
    if event is None or columns_of(event)["event"] != PRUNE_EVENT:
        return ""
    return detail_of(event, PRUNED_TO)
