"""How encounters of an EHR are found by themselves: the member ``discovery`` of an EHR in ``FHIR_CODER_TENANTS``, told in docs/discovery.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath
from typing import Any

from fhir_coder.fhir_id import FHIR_ID

_NAMESPACE = re.compile(r"[A-Za-z0-9 ._\-]{0,180}", re.ASCII)
"""HD-1 as senders fill it (HL7 v2.5.1 2.A.33)."""
_SYSTEM = re.compile(r"[!-~]{1,120}", re.ASCII)
LONGEST_MINUTES = 7 * 24 * 60
LONGEST_DAYS = 400


class WayName(StrEnum):
    """The ways by which encounters are found."""

    UPDATED = "updated"
    BY_PRACTITIONER = "by-practitioner"
    BY_PATIENT = "by-patient"
    BY_DATE = "by-date"
    DROP = "drop"
    EXPORT = "export"
    HL7 = "hl7"


SEARCHING = (WayName.UPDATED, WayName.BY_PRACTITIONER, WayName.BY_PATIENT, WayName.BY_DATE)
"""The ways that search at the EHR."""
LISTED = {WayName.BY_PRACTITIONER: "Practitioner", WayName.BY_PATIENT: "Patient"}
"""The ways that go through a list of people, and of which type these are."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way. ``ids`` and ``file`` say which people the ways by practitioner and by patient go through; ``back_days`` how many days before the last search
    is searched again (of ``updated``: how far the very first search reaches back); ``overlap_minutes`` how far ``updated`` reaches back each time, against
    clocks that differ and what an EHR shows late; ``folder`` is where files of ids are dropped.

    Of ``export``: ``group`` is the id of the Group, ``every_minutes`` how often an export of it is asked for, and ``back_days`` how far the first one reaches.

    Of ``hl7``: ``application`` and ``facility`` are MSH-3 and MSH-4 of the sender, empty for any; ``visit`` says whether PV1-19 is the ``id`` of the
    Encounter or an ``identifier`` of it, which then is of ``system`` (empty: of any)."""

    name: WayName
    ids: tuple[str, ...] = ()
    file: str = ""
    back_days: int = 7
    overlap_minutes: int = 10
    folder: str = ""
    group: str = ""
    every_minutes: int = 24 * 60
    application: str = ""
    facility: str = ""
    visit: str = "id"
    system: str = ""


@dataclass(frozen=True, slots=True)
class Discovery:
    """``settle_minutes`` pass after the last note was signed before an encounter is coded, so that addenda are in; an encounter that is not finished or
    signed is looked at every ``look_minutes`` (after a day every hour) for ``wait_days``; one that is coded every ``reread_minutes`` for ``reread_days``, and the texts of
    notes of which the EHR does not tell whether they changed every ``compare_minutes`` of these (0: never).
    ``write_back``: whether what is coded is written to the EHR, as far as it is without discovery."""

    ways: tuple[Way, ...] = field(default=())
    settle_minutes: int = 15
    look_minutes: int = 5
    wait_days: int = 30
    reread_minutes: int = 60
    reread_days: int = 7
    compare_minutes: int = 24 * 60
    write_back: bool = False


_MEMBERS = {
    WayName.UPDATED: {"overlap_minutes", "back_days"},
    WayName.BY_PRACTITIONER: {"ids", "file", "back_days"},
    WayName.BY_PATIENT: {"ids", "file", "back_days"},
    WayName.BY_DATE: {"back_days"},
    WayName.DROP: {"folder"},
    WayName.EXPORT: {"group", "every_minutes", "back_days"},
    WayName.HL7: {"application", "facility", "visit", "system"},
}
_WHOLE = {
    "settle_minutes": (0, LONGEST_MINUTES),
    "look_minutes": (1, LONGEST_MINUTES),
    "wait_days": (1, LONGEST_DAYS),
    "reread_minutes": (1, LONGEST_MINUTES),
    "reread_days": (0, LONGEST_DAYS),
    "compare_minutes": (0, LONGEST_MINUTES),
}


def read_discovery(ways: Sequence[Mapping[str, Any]] = (), write_back: bool = False, **numbers: Any) -> Discovery:
    """Raises ValueError, whose text begins with ``expected`` and quotes nothing."""
    if set(numbers) - set(_WHOLE):
        raise ValueError(f"expected discovery to have no members but ways, write_back, {', '.join(_WHOLE)}")
    if isinstance(ways, str | Mapping) or not ways:
        raise ValueError("expected ways of discovery to be a list of at least one")
    if not isinstance(write_back, bool):
        raise ValueError("expected write_back of discovery to be true or false")
    made = Discovery(tuple(_way(**one) for one in ways), write_back=write_back, **numbers)
    for name, (least, most) in _WHOLE.items():
        _require_whole(getattr(made, name), name, least, most)
    names = [one.name for one in made.ways]
    if len(set(names)) != len(names):
        raise ValueError("expected each way of discovery once at an EHR")
    return made


def _way(way: str, **members: Any) -> Way:
    if way not in set(WayName):
        raise ValueError(f"expected way to be one of {', '.join(WayName)}")
    name = WayName(way)
    if set(members) - _MEMBERS[name]:
        raise ValueError(f"expected way {name} of discovery to have no members but {', '.join(sorted(_MEMBERS[name]))}")
    if name in {WayName.UPDATED, WayName.EXPORT}:
        members.setdefault("back_days", 1)
    ids = members.pop("ids", ())
    if isinstance(ids, str) or not all(isinstance(one, str) and FHIR_ID.fullmatch(one) for one in ids):
        raise ValueError("expected ids of discovery to be a list of resource ids")
    made = Way(name, tuple(dict.fromkeys(ids)), **members)
    _require_whole(made.back_days, "back_days", 0, LONGEST_DAYS)
    _require_whole(made.overlap_minutes, "overlap_minutes", 0, LONGEST_MINUTES)
    _require_whole(made.every_minutes, "every_minutes", 5, LONGEST_MINUTES)
    if not all(isinstance(one, str) for one in (made.file, made.folder, made.group, made.application, made.facility, made.system)):
        raise ValueError("expected file, folder, group, application, facility and system of discovery to be text")
    _require_complete(made)
    return made


def _require_complete(way: Way) -> None:
    if way.name in LISTED and bool(way.ids) == bool(way.file):
        raise ValueError(f"expected {way.name} of discovery to have either ids or a file of them")
    if (way.file and not PurePath(way.file).is_absolute()) or (way.folder and not PurePath(way.folder).is_absolute()):
        raise ValueError("expected file and folder of discovery to be absolute paths")
    if way.name is WayName.DROP and not way.folder:
        raise ValueError("expected drop of discovery to have a folder")
    if way.name is WayName.EXPORT and not FHIR_ID.fullmatch(way.group):
        raise ValueError("expected export of discovery to have the id of a group")
    if not (_NAMESPACE.fullmatch(way.application) and _NAMESPACE.fullmatch(way.facility)):
        raise ValueError("expected application and facility of discovery to be names as MSH-3 and MSH-4 have them")
    if way.visit not in {"id", "identifier"} or (
        way.system and (way.visit == "id" or not _SYSTEM.fullmatch(way.system) or "|" in way.system)
    ):
        raise ValueError("expected visit of discovery to be id or identifier, and system a URI that goes with identifier")


def _require_whole(value: object, name: str, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"expected {name} of discovery to be a whole number from {least} to {most}")
