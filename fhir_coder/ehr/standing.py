"""Which documents of a visit stand: current and signed ones, latest versions only, each in one format, in order of date.

Sources: http://hl7.org/fhir/R4/documentreference-definitions.html (status, docStatus, relatesTo). Relations count over everything that was
found, also documents of other encounters: a note that was filed anew elsewhere no longer stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from fhir_coder.ehr.formats import best_rank
from fhir_coder.ehr.moments import moment
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.ehr.relations import Relations
from fhir_coder.ehr.selection import Selection, document_date, name_of
from fhir_coder.exchange import Resource

EXCLUDED_STATUS = frozenset({"superseded", "entered-in-error"})
EXCLUDED_DOC_STATUS = frozenset({"entered-in-error"})


def choose_standing(documents: Sequence[Resource], chosen: Iterable[int], policy: IntakePolicy) -> Selection:
    """What is to be read of the documents at the ``chosen`` positions, and sentences on the rest; the others only relate to them."""
    return _Choice(documents, chosen, policy).selection()


class _Choice:
    """One choice. Positions count ``documents``; ``_kept`` are those still to be read."""

    def __init__(self, documents: Sequence[Resource], chosen: Iterable[int], policy: IntakePolicy) -> None:
        self._documents = documents
        self._relations = Relations(documents)
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
        self._drop(lambda one: one in replaced, "is replaced by a later version")
        self._drop(self._adds_to_error, "belongs to a document that is entered in error")
        stale = frozenset(one for one in self._kept if replaced & set(self._relations.targets(one, "transforms")))
        self._drop(lambda one: one in stale, "is a rendition of a document that was replaced")
        unsigned = [one for one in self._kept if self._is_preliminary(one)]
        self._warnings += [f"{name_of(self._documents[one])} is preliminary" + self._unread for one in unsigned]
        if self._policy.skips_preliminary:
            self._kept = [one for one in self._kept if one not in unsigned]
        self._note_addenda(replaced)
        renditions = self._renditions()
        self._kept.sort(key=self._place)
        return Selection(
            tuple(self._documents[one] for one in self._kept),
            tuple(self._warnings),
            renditions={
                place: tuple(self._documents[one] for one in renditions[kept])
                for place, kept in enumerate(self._kept)
                if kept in renditions
            },
            pending=tuple(self._documents[one] for one in unsigned) if self._policy.skips_preliminary else (),
        )

    @property
    def _unread(self) -> str:
        return " and was not read" if self._policy.skips_preliminary else ""

    def _drop(self, is_dropped: Callable[[int], bool], why: str) -> None:
        dropped = [one for one in self._kept if is_dropped(one)]
        self._warnings += [f"{name_of(self._documents[one])} {why} and was not read" for one in dropped]
        self._kept = [one for one in self._kept if one not in dropped]

    def _is_retracted(self, position: int) -> bool:
        return self._documents[position].get("status") in EXCLUDED_STATUS

    def _is_in_error(self, position: int) -> bool:
        document = self._documents[position]
        return document.get("status") == "entered-in-error" or document.get("docStatus") in EXCLUDED_DOC_STATUS

    def _is_preliminary(self, position: int) -> bool:
        """Whether it is not signed, or a rendition, without a status of its own, of one that is not."""
        status = self._documents[position].get("docStatus")
        sources = () if status else self._relations.targets(position, "transforms")
        return status == "preliminary" or any(self._documents[one].get("docStatus") == "preliminary" for one in sources)

    def _is_in_force(self, position: int) -> bool:
        """Whether what it replaces is replaced: not by a document that was made in error, nor by a draft that is not to be read."""
        return not self._is_in_error(position) and not (self._policy.skips_preliminary and self._is_preliminary(position))

    def _adds_to_error(self, position: int) -> bool:
        """An addendum to, or a rendition of, a document that was made in error: it says nothing that may stand alone."""
        return any(self._is_in_error(one) for code in ("appends", "transforms") for one in self._ancestors(position, code))

    def _ancestors(self, position: int, code: str) -> list[int]:
        """What a document appends or transforms, and what that does, the nearest first."""
        found: list[int] = []
        waiting = list(self._relations.targets(position, code))
        while waiting:
            one = waiting.pop(0)
            if one not in found and one != position:
                found.append(one)
                waiting += self._relations.targets(one, code)
        return found

    def _note_addenda(self, replaced: frozenset[int]) -> None:
        """Addenda whose note is not read: kept, because what they say was signed, and named, because they are half of a whole."""
        for one in self._kept:
            missing = [target for target in self._relations.targets(one, "appends") if target not in self._kept]
            if replaced & set(missing):
                self._warnings.append(f"{name_of(self._documents[one])} was added to a version that has been replaced since")
            elif missing or self._relations.has_unknown_target(one, "appends"):
                self._warnings.append(f"{name_of(self._documents[one])} was added to a document that is not read here")

    def _renditions(self) -> dict[int, list[int]]:
        """Of documents that are one in several formats the best readable stays; it keeps the others beside it, in order of preference."""
        found = {}
        for group in self._formats_of_one():
            best, *others = sorted(group, key=self._readability)
            found[best] = others
            names = ", ".join(name_of(self._documents[one]) for one in others)
            self._warnings.append(
                f"{name_of(self._documents[best])} is the same document in another format as {names}, and was read for it"
            )
        self._kept = [one for one in self._kept if not any(one in others for others in found.values())]
        return found

    def _formats_of_one(self) -> Iterator[list[int]]:
        """Documents that transform each other, at once or through others, two at least."""
        groups = {one: [one] for one in self._kept}
        for one in self._kept:
            for source in self._ancestors(one, "transforms"):
                if source in groups and groups[source] is not groups[one]:
                    groups[source] += groups[one]
                    groups |= dict.fromkeys(groups[one], groups[source])
        yield from (group for one, group in groups.items() if len(group) > 1 and one == group[0])

    def _readability(self, position: int) -> tuple[int, bool, tuple[datetime, str]]:
        """By format, then the original before what was made of it."""
        is_made = bool(self._ancestors(position, "transforms"))
        return best_rank(self._documents[position]), is_made, self._order[position]

    def _place(self, position: int) -> tuple[datetime, int, str]:
        """Where a document stands in order of date: an addendum after what it adds to, even when its date says otherwise."""
        targets = self._ancestors(position, "appends")
        latest = max([self._order[position][0], *(self._order[one][0] for one in targets if one in self._ours)])
        return latest, len(targets), self._order[position][1]
