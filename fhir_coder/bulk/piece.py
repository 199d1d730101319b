"""The piece of an export that one encounter needs, so that it is coded where the export is not: lines as they stand in it, which lines belong together, and
files that lie beside.

It holds everything that coding may come to ask for: what belongs to the encounter and its patient, and whatever these lines name, and those again. Nothing is judged
here: which line is valid, and what follows where one is not, is found by who reads them, as over the export itself.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from fhir_coder.bulk.export import Export
from fhir_coder.bulk.export_client import READ_WHEN_NAMED
from fhir_coder.bulk.index import Lookup, Place
from fhir_coder.bulk.line_facts import OF_ENCOUNTER, OF_PATIENT, written_token
from fhir_coder.ehr.references import literal, tokens_of
from fhir_coder.errors import InvalidContent, ResourceUnknown, TooMuch

LARGEST = 128 * 1024 * 1024
"""Bytes of lines and files that are handed to a worker for one encounter."""
_FAST = 1
_WITH_ATTACHMENTS = frozenset({"DocumentReference", "DiagnosticReport"})


@dataclass(frozen=True, slots=True)
class Piece:
    """``lines`` are by address (``Type/id``), ``parts`` the addresses of what belongs to a target, ``files`` in base64 by relative URL. ``unread`` and
    ``unread_files`` say why one could not be read, in our own words, or nothing where the disk failed. ``refused``: why none of it is handed over."""

    lines: dict[str, str] = field(default_factory=dict)
    parts: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    unread_files: dict[str, str] = field(default_factory=dict)
    refused: str = ""

    def written(self) -> str:
        """As text, packed: letters of base64 alone."""
        return b64encode(zlib.compress(json.dumps(asdict(self)).encode("ascii"), _FAST)).decode("ascii")

    @classmethod
    def read(cls, text: str) -> Piece:
        """What :meth:`written` wrote."""
        content = json.loads(zlib.decompress(b64decode(text)))
        parts = {target: [(kind, one) for kind, one in found] for target, found in content["parts"].items()}
        return cls(**content | {"parts": parts})


def piece_of(export: Export, encounter_id: str) -> Piece:
    """Everything that the export has for an encounter."""
    with export.looking() as lookup:
        cutting = _Cutting(export, lookup)
        try:
            cutting.encounter(f"Encounter/{encounter_id}")
        except TooMuch as error:
            return Piece(refused=error.message)
        return cutting.piece


class _Cutting:
    """A piece that grows line by line."""

    def __init__(self, export: Export, lookup: Lookup) -> None:
        self.piece = Piece()
        self._export = export
        self._lookup = lookup
        self._size = 0

    def encounter(self, address: str) -> None:
        """The encounter, what belongs to it and to its patient, and what these name."""
        encounter = self._line(address)
        tokens, patient = _tokens_and_patient(encounter)
        belonging = [one for target in (address, *tokens) for one in self._parts_of(target) if one[0] in OF_ENCOUNTER]
        of_patient = [one for one in self._parts_of(patient) if one[0] in OF_PATIENT] if patient else []
        parts = dict.fromkeys(f"{kind}/{one}" for kind, one in [*belonging, *of_patient])
        due = [encounter, *map(self._line, [patient, *parts] if patient else parts)]
        while due:
            resource = due.pop()
            self._attachments(resource)
            for named in _named(resource):
                due += self._person_or_place(named)

    def _person_or_place(self, address: str) -> Iterator[Any]:
        """What a resource names, with the roles that a practitioner has, each once."""
        if address.partition("/")[0] not in READ_WHEN_NAMED or self._has(address):
            return
        yield self._line(address)
        if address.startswith("Practitioner/"):
            yield from (self._line(f"{kind}/{one}") for kind, one in self._parts_of(address) if not self._has(f"{kind}/{one}"))

    def _has(self, address: str) -> bool:
        return address in self.piece.lines or address in self.piece.unread

    def _parts_of(self, target: str) -> list[tuple[str, str]]:
        if target not in self.piece.parts:
            self.piece.parts[target] = self._lookup.parts_of([target])
        return self.piece.parts[target]

    def _line(self, address: str) -> Any:
        """Put the line in, and read it, for what it names; nothing of one that is not there, or no JSON."""
        kind, _, resource_id = address.partition("/")
        place = self._lookup.place(kind, resource_id)
        if place is None:
            return {}
        try:
            line = self._export.line(place)
        except InvalidContent as error:
            self.piece.unread[address] = error.message
            return {}
        self._grow(len(line))
        self.piece.lines[address] = line.decode("utf-8", "surrogateescape")
        try:
            content = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
        except (ValueError, RecursionError):  # the file was changed, or nobody can read so deep a line: who codes it says so
            return {}
        return content if isinstance(content, dict) and kind != "Binary" else {}

    def _attachments(self, resource: dict[str, Any]) -> None:
        for url in _urls(resource) if resource.get("resourceType") in _WITH_ATTACHMENTS else ():
            if address := literal({"reference": url}, "Binary"):
                if not self._has(address):
                    self._line(address)
            elif url not in self.piece.files and url not in self.piece.unread_files:
                self._file(url)

    def _file(self, url: str) -> None:
        try:
            content = self._export.file_beside(url)
        except ResourceUnknown as error:
            self.piece.unread_files[url] = error.message
            return
        except (OSError, ValueError):
            self.piece.unread_files[url] = ""
            return
        if content is not None:
            self._grow(len(content))
            self.piece.files[url] = b64encode(content).decode("ascii")

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > LARGEST:
            raise TooMuch(f"what the export holds for the encounter is more than {LARGEST} bytes, which is not handed to workers")


class PieceExport(Export):
    """A piece in the place of the export that it was cut from. Raises TooMuch where it was refused."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        self._addresses = [*piece.lines, *piece.unread]
        self._of_patient = ("", {})

    @contextmanager
    def looking(self) -> Iterator[Lookup]:
        """Several questions."""
        if self._piece.refused:
            raise TooMuch(self._piece.refused)
        yield _PieceLookup(self._piece, {address: number for number, address in enumerate(self._addresses)})

    def line(self, place: Place) -> bytes:
        """As it stood in the export. Raises InvalidContent where it could not be read there."""
        address = self._addresses[place.file]
        if address in self._piece.unread:
            raise InvalidContent(self._piece.unread[address])
        return self._piece.lines[address].encode("utf-8", "surrogateescape")

    def file_beside(self, url: str) -> bytes | None:
        """As it lay beside the export. Raises ResourceUnknown or OSError where it could not be read there."""
        if url in self._piece.unread_files:
            why = self._piece.unread_files[url]
            raise ResourceUnknown(why) if why else OSError("a file beside the export cannot be read")
        found = self._piece.files.get(url)
        return None if found is None else b64decode(found)


class _PieceLookup(Lookup):
    """Questions to a piece; a place's file is the number of an address."""

    def __init__(self, piece: Piece, places: dict[str, int]) -> None:
        self._piece = piece
        self._places = places

    def place(self, kind: str, resource_id: str) -> Place | None:
        """Where a resource lies, or None."""
        number = self._places.get(f"{kind}/{resource_id}")
        return None if number is None else Place(number, 0, 0, 0)

    def parts_of(self, targets: Iterable[str]) -> list[tuple[str, str]]:
        """Type and id of what belongs to any of the targets, each once, in order."""
        return sorted({one for target in targets for one in self._piece.parts.get(target, ())})


def _tokens_and_patient(encounter: dict[str, Any]) -> tuple[list[str], str]:
    """The business identifiers of an Encounter and its patient; nothing of one that was changed and is not FHIR now."""
    try:
        return [written_token(*one) for one in tokens_of(encounter)], literal(encounter.get("subject"), "Patient")
    except (AttributeError, TypeError):
        return [], ""


def _named(value: Any) -> Iterator[str]:
    """The addresses of all references in a resource."""
    due = [value]
    while due:  # however deep it is
        one = due.pop()
        if isinstance(one, dict):
            if isinstance(one.get("reference"), str) and (address := literal(one)):
                yield address
            due += reversed(one.values())
        elif isinstance(one, list):
            due += reversed(one)


def _urls(resource: dict[str, Any]) -> Iterator[str]:
    """Where attachments lie that are not in the resource itself."""
    contents = [one.get("attachment") for one in _listed(resource.get("content")) if isinstance(one, dict)]
    for one in (*contents, *_listed(resource.get("presentedForm"))):
        url = one.get("url") if isinstance(one, dict) else None
        if isinstance(url, str) and not url.startswith("#"):
            yield url


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
