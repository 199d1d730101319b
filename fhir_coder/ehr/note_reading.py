"""The selected documents as notes, each text once.

The same document often comes twice: as DocumentReference and as DiagnosticReport, in a second copy, or under a second address. What has the
same bytes or the same canonical text is one note; the others are named. What could not be read is reported, never taken for empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from fhir_coder.ehr.authorship import unknown_authorship
from fhir_coder.ehr.binary import AttachmentBytes
from fhir_coder.ehr.content import Fetch, FindAuthorship, ReadDocument, ReadNote, read_document
from fhir_coder.ehr.labels import merged
from fhir_coder.ehr.references import address_of
from fhir_coder.ehr.screening import Screen
from fhir_coder.ehr.selection import Selection, name_of
from fhir_coder.errors import InvalidContent
from fhir_coder.exchange import Resource
from fhir_coder.model import Authority, Note, Sensitivity, UnreadableNote

PENDING = UnreadableNote("", "preliminary", "nobody has signed it yet")


@dataclass(frozen=True, slots=True)
class ReadNotes:
    """Notes in order of date, those that could not be or were not read, sentences, and what formats mark that was read."""

    notes: tuple[Note, ...]
    unreadable: tuple[UnreadableNote, ...]
    warnings: tuple[str, ...]
    sensitive: tuple[Sensitivity, ...] = ()


def read_selection(
    selection: Selection,
    read_note: ReadNote,
    fetch: Fetch | None,
    authorship: FindAuthorship = unknown_authorship,
    screen: Screen | None = None,
) -> ReadNotes:
    """Read every selected document; ``authorship`` says whose it is. Raises InvalidContent when two of a type have one id, an EhrError when the EHR fails meanwhile."""
    once = _Once(fetch) if fetch else None
    ids = note_ids((*selection.documents, *selection.pending, *(one.document for one in selection.excluded)))
    copies = _Copies()
    for position, document in enumerate(selection.documents):
        found = read_document(document, ids[position], read_note, once, selection.renditions.get(position, ()), authorship, screen)
        copies.add(document, found)
    others = iter(ids[len(selection.documents) :])
    unsigned = tuple(UnreadableNote(next(others), PENDING.reason, PENDING.detail, address_of(one)) for one in selection.pending)
    excluded = tuple(UnreadableNote(next(others), "sensitive", one.why, address_of(one.document)) for one in selection.excluded)
    kept = copies.kept.values()
    return ReadNotes(
        tuple(one.note for _, one in kept if one.note),
        tuple(one.unreadable for _, one in kept if one.unreadable) + unsigned + excluded,
        tuple(copies.warnings),
        tuple(dict.fromkeys(found for _, one in kept for found in one.sensitive)),
    )


def note_ids(documents: Sequence[Resource]) -> list[str]:
    """The documents' ids, numbered where they have none; a report that shares its id with a document goes by its address.

    Raises InvalidContent for an address that stands twice: evidence names notes by it.
    """
    addresses = [address_of(one) for one in documents if address_of(one)]
    if len(set(addresses)) != len(addresses):
        raise InvalidContent("two notes have the same id", expression=("DocumentReference.id",))
    references = {one.get("id") for one in documents if one["resourceType"] == "DocumentReference"}
    return [_note_id(one, number, references) for number, one in enumerate(documents, 1)]


def _note_id(document: Resource, number: int, references: set[str | None]) -> str:
    if not document.get("id"):
        return f"note-{number}"
    is_shared = document["resourceType"] != "DocumentReference" and document["id"] in references
    return address_of(document) if is_shared else document["id"]


@dataclass
class _Copies:
    """What was read so far, in order; a copy takes the place of its original only when it says more of who stands behind it."""

    kept: dict[int, tuple[Resource, ReadDocument]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    def add(self, document: Resource, found: ReadDocument) -> None:
        """One more document."""
        original = next((self._places[key] for key in _keys(found) if key in self._places), None)
        place = len(self.kept) if original is None else original
        self._places |= dict.fromkeys(_keys(found), place)
        if original is None:
            self.kept[place] = (document, found)
            self.warnings += found.warnings
            return
        known_document, known = self.kept[original]
        is_better = not _is_withheld(known) and (_is_withheld(found) or _weight(found) > _weight(known))
        kept, dropped = (document, known_document) if is_better else (known_document, document)
        self.warnings.append(f"{name_of(dropped)} is the same document as {name_of(kept)} and was read once")
        self.kept[original] = (kept, _joined(found, known) if is_better else _joined(known, found))


def _keys(document: ReadDocument) -> list[str]:
    """What a copy has in common with its original: the canonical text, or bytes."""
    return [*document.digests, *([f"text {document.note.sha256}"] if document.note else [])]


def _joined(kept: ReadDocument, other: ReadDocument) -> ReadDocument:
    """What is kept of two copies, with the labels and marks of both: one of them may have lost its own."""
    labels = merged((*(kept.note.labels if kept.note else ()), *(other.note.labels if other.note else ())))
    note = replace(kept.note, labels=labels) if kept.note else None
    return replace(kept, note=note, sensitive=(*kept.sensitive, *other.sensitive))


def _is_withheld(document: ReadDocument) -> bool:
    """Whether it is not read because it is sensitive: then no copy is that lost the mark."""
    return document.note is None and document.unreadable is not None and document.unreadable.reason == "sensitive"


def _weight(document: ReadDocument) -> tuple[bool, bool, bool]:
    """A note before none; of the same text the one for which a provider or an interpreting physician is known to stand, then a signed one."""
    note = document.note
    return bool(note), bool(note and note.authority in {Authority.PROVIDER, Authority.REPORT}), bool(note and note.is_signed)


class _Once:
    """Fetches each URL once in an intake: the same attachment is often linked from several resources."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._known: dict[tuple[str, str], AttachmentBytes] = {}

    def __call__(self, attachment: Resource) -> AttachmentBytes:
        key = (attachment["url"], attachment.get("contentType", ""))
        if key not in self._known:
            self._known[key] = self._fetch(attachment)
        return self._known[key]


def documents_of(selection: Selection) -> Iterable[Resource]:
    """Every resource that stands behind what is read or waits to be."""
    yield from selection.documents
    for renditions in selection.renditions.values():
        yield from renditions
    yield from selection.pending
