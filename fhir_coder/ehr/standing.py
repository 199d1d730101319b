"""Which documents of a visit stand: current and signed ones, latest versions only, each in one format, in order of date.

Sources: http://hl7.org/fhir/R4/documentreference-definitions.html (status, docStatus, relatesTo). Relations count over everything that was
found, also documents of other encounters: a note that was filed anew elsewhere no longer stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from fhir_coder.ehr.formats import best_rank
from fhir_coder.ehr.moments import moment
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.ehr.relations import APPENDS, TRANSFORMS, Relations
from fhir_coder.ehr.screening import Screen, excluded_positions
from fhir_coder.ehr.selection import Excluded, Selection, document_date, name_of
from fhir_coder.exchange import Resource

EXCLUDED_STATUS = frozenset({"superseded", "entered-in-error"})
EXCLUDED_DOC_STATUS = frozenset({"entered-in-error"})


def choose_standing(documents: Sequence[Resource], chosen: Iterable[int], policy: IntakePolicy, screen: Screen | None = None) -> Selection:
    """What is to be read of the documents at the ``chosen`` positions, and sentences on the rest; the others only relate to them."""
    return _Choice(documents, chosen, policy, screen or Screen()).selection()


class _Choice:
    """One choice. Positions count ``documents``; ``_kept`` are those still to be read."""

    def __init__(self, documents: Sequence[Resource], chosen: Iterable[int], policy: IntakePolicy, screen: Screen) -> None:
        self._documents = documents
        self._relations = Relations(documents)
        self._sensitive = excluded_positions(documents, self._relations, screen)
        self._policy = policy
        self._warnings: list[str] = []
        self._kept = list(chosen)
        self._ours = frozenset(self._kept)
        self._order = [(moment(document_date(one)), one.get("id", "")) for one in documents]

    def selection(self) -> Selection:
        """Drop, group, put in order."""
        replaced = self._relations.replaced(self._is_in_force, self._order)
        self._drop(self._is_retracted, "is superseded or entered in error")
        self._drop(self._is_in_error, "is entered in error")
        self._drop(replaced.__contains__, "is replaced by a later version")
        in_error = self._relations.below(filter(self._is_in_error, range(len(self._documents))), APPENDS, TRANSFORMS)
        self._drop(in_error.__contains__, "belongs to a document that is entered in error")
        stale = self._relations.below(replaced, TRANSFORMS)
        self._drop(stale.__contains__, "is a rendition of a document that was replaced")
        excluded = tuple(Excluded(self._documents[one], self._sensitive[one]) for one in self._kept if one in self._sensitive)
        self._kept = [one for one in self._kept if one not in self._sensitive]
        unsigned = list(filter(self._is_preliminary, self._kept))
        self._warnings += [f"{name_of(self._documents[one])} is preliminary" + self._unread for one in unsigned]
        if self._policy.skips_preliminary:
            self._kept = [one for one in self._kept if not self._is_preliminary(one)]
        self._note_addenda(replaced)
        renditions = self._renditions()
        self._kept.sort(key=self._places().__getitem__)
        return Selection(
            tuple(self._documents[one] for one in self._kept),
            tuple(self._warnings),
            renditions={
                place: tuple(self._documents[one] for one in renditions[kept])
                for place, kept in enumerate(self._kept)
                if kept in renditions
            },
            pending=tuple(self._documents[one] for one in unsigned) if self._policy.skips_preliminary else (),
            excluded=excluded,
        )

    @property
    def _unread(self) -> str:
        return " and was not read" if self._policy.skips_preliminary else ""

    def _drop(self, is_dropped: Callable[[int], bool], why: str) -> None:
        self._warnings += [f"{name_of(self._documents[one])} {why} and was not read" for one in self._kept if is_dropped(one)]
        self._kept = [one for one in self._kept if not is_dropped(one)]

    def _is_retracted(self, position: int) -> bool:
        return self._documents[position].get("status") in EXCLUDED_STATUS

    def _is_in_error(self, position: int) -> bool:
        document = self._documents[position]
        return document.get("status") == "entered-in-error" or document.get("docStatus") in EXCLUDED_DOC_STATUS

    def _is_preliminary(self, position: int) -> bool:
        """Whether it is not signed, or a rendition, without a status of its own, of one that is not."""
        status = self._documents[position].get("docStatus")
        sources = () if status else self._relations.targets(position, TRANSFORMS)
        return status == "preliminary" or any(self._documents[one].get("docStatus") == "preliminary" for one in sources)

    def _is_in_force(self, position: int) -> bool:
        """Whether what it replaces is replaced: not by a document that was made in error, nor by a draft that is not to be read."""
        return not self._is_in_error(position) and not (self._policy.skips_preliminary and self._is_preliminary(position))

    def _note_addenda(self, replaced: frozenset[int]) -> None:
        """Addenda whose note is not read: kept, because what they say was signed, and named, because they are half of a whole."""
        kept = frozenset(self._kept)
        for one in self._kept:
            missing = [target for target in self._relations.targets(one, APPENDS) if target not in kept]
            if replaced & set(missing):
                self._warnings.append(f"{name_of(self._documents[one])} was added to a version that has been replaced since")
            elif missing or self._relations.has_unknown_target(one, APPENDS):
                self._warnings.append(f"{name_of(self._documents[one])} was added to a document that is not read here")

    def _renditions(self) -> dict[int, list[int]]:
        """Of documents that are one in several formats the best readable stays; it keeps the others beside it, in order of preference."""
        found: dict[int, list[int]] = {}
        kept = frozenset(self._kept)
        for group in self._relations.joined(TRANSFORMS):
            best, *others = sorted(kept.intersection(group), key=self._readability) or [-1]
            if others:
                found[best] = others
                names = ", ".join(name_of(self._documents[one]) for one in others)
                name = name_of(self._documents[best])
                self._warnings.append(f"{name} is the same document in another format as {names}, and was read for it")
        dropped = frozenset(one for others in found.values() for one in others)
        self._kept = [one for one in self._kept if one not in dropped]
        return found

    def _readability(self, position: int) -> tuple[int, bool, tuple[datetime, str]]:
        """By format, then the original before what was made of it."""
        is_made = bool(self._relations.targets(position, TRANSFORMS))
        return best_rank(self._documents[position]), is_made, self._order[position]

    def _places(self) -> list[tuple[datetime, int, str]]:
        """Where each document stands in order of date: an addendum after what it adds to, even when its date says otherwise."""
        places = [(made, 0, name) for made, name in self._order]
        for one in self._relations.downward(APPENDS):
            for made, depth, _ in (places[target] for target in self._relations.targets(one, APPENDS) if target in self._ours):
                places[one] = (max(places[one][0], made), max(places[one][1], depth + 1), places[one][2])
        return places
