"""What was selected to be read of an encounter, and how documents are named and dated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fhir_coder.ehr.moments import moment
from fhir_coder.ehr.references import address_of
from fhir_coder.exchange import Resource


@dataclass(frozen=True, slots=True)
class Excluded:
    """A document of the encounter that its marks exclude, and why, in words that are ours."""

    document: Resource
    why: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Documents to read, in order of date; sentences on why others were left out; identity conflicts.

    ``renditions`` holds, by position in ``documents``, the same document in other formats; ``pending`` documents of the encounter that are
    not signed and were left unread for that; ``excluded`` those that are not read because they are sensitive.
    """

    documents: tuple[Resource, ...]
    warnings: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    renditions: Mapping[int, tuple[Resource, ...]] = field(default_factory=dict)
    pending: tuple[Resource, ...] = ()
    excluded: tuple[Excluded, ...] = ()

    def joined(self, other: Selection) -> Selection:
        """Both together, in order of date; of equals those of this one come first."""
        sides = (
            ((self, position) for position in range(len(self.documents))),
            ((other, position) for position in range(len(other.documents))),
        )
        entries = [(side.documents[position], side.renditions.get(position, ())) for both in sides for side, position in both]
        placed = _merge(entries, len(self.documents))
        return Selection(
            tuple(document for document, _ in placed),
            self.warnings + other.warnings,
            self.conflicts + other.conflicts,
            {position: renditions for position, (_, renditions) in enumerate(placed) if renditions},
            self.pending + other.pending,
            self.excluded + other.excluded,
        )


Entry = tuple[Resource, tuple[Resource, ...]]


def _merge(entries: list[Entry], first: int) -> list[Entry]:
    """Two ordered runs made one; each keeps its own order, in which an addendum may stand after a note of a later date."""
    ours, theirs, placed = entries[:first], entries[first:], []
    while ours and theirs:
        is_later = moment(document_date(theirs[0][0])) < moment(document_date(ours[0][0]))
        placed.append((theirs if is_later else ours).pop(0))
    return placed + ours + theirs


def document_date(document: Resource) -> str:
    """When a document was made, as it says: ``date``, a report's ``issued``; else when what it tells of took place."""
    period = document.get("context", {}).get("period", {}) or document.get("effectivePeriod", {})
    return document.get("date") or document.get("issued") or document.get("effectiveDateTime") or period.get("start", "")


def name_of(document: Resource) -> str:
    """How a document is named in sentences."""
    return address_of(document) or f"a {document['resourceType']} without id"
