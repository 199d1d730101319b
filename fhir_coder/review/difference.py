"""What a coding has that the one before it had not, and the other way round: a plain list, for who decides on an encounter that was coded again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fhir_coder.store.records import EarlierCoding, StoredEncounter


@dataclass(frozen=True, slots=True)
class Difference:
    """``added`` and ``gone`` are codes with their titles; ``changed`` pairs of a code that is gone and the one of the same category that came; notes go by
    reference. ``coding_id`` and ``coded_at`` are of the coding before."""

    coding_id: str
    coded_at: datetime
    added: tuple[tuple[str, str], ...]
    gone: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str], ...]
    notes_added: tuple[str, ...]
    notes_gone: tuple[str, ...]
    notes_changed: tuple[str, ...]

    @property
    def has_same_codes(self) -> bool:
        """Whether the codes are those of before."""
        return not (self.added or self.gone or self.changed)


def difference(before: EarlierCoding, coding: StoredEncounter) -> Difference:
    """What this coding proposes against what stood in the review of the one before, a person's decisions there included."""
    titles = {one.code: one.display for one in coding.assignments}
    added = [one for one in titles if one not in before.codes]
    gone = [one for one in before.codes if one not in titles]
    changed = _pairs(gone, added)
    left = {code for pair in changed for code in pair}
    was = {one.name: one.sha256 for one in before.notes}
    now = {one.reference or one.id: one.sha256 for one in coding.notes}
    return Difference(
        before.id,
        before.created_at,
        tuple((one, titles[one]) for one in added if one not in left),
        tuple((one, before.titles.get(one, "")) for one in gone if one not in left),
        changed,
        tuple(one for one in now if one not in was),
        tuple(one for one in was if one not in now),
        tuple(one for one in now if one in was and was[one] != now[one]),
    )


def _pairs(gone: Sequence[str], added: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """A code that gave way to another of its category (the first three characters), where there is one of either."""
    return tuple((old[0], new[0]) for old, new in _by_category(gone, added) if len(old) == len(new) == 1)


def _by_category(gone: Sequence[str], added: Sequence[str]) -> list[tuple[list[str], list[str]]]:
    found: dict[str, tuple[list[str], list[str]]] = {}
    for place, codes in enumerate((gone, added)):
        for one in codes:
            found.setdefault(one[:3], ([], []))[place].append(one)
    return list(found.values())
