"""An export that can be asked: resources by address, and files that lie beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fhir_coder.bulk.export_files import ExportFile
from fhir_coder.bulk.index import ExportIndex, Lookup, Place
from fhir_coder.bulk.line_facts import LONGEST_LINE
from fhir_coder.errors import InvalidContent, RequestError, ResourceUnknown
from fhir_coder.exchange import Resource
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir.reader import read_json
from fhir_coder.outbound.attempt import MAX_BYTES

read_line = partial(read_json, limits=Limits(max_bytes=LONGEST_LINE))
"""The strict reader, for lines: they may be longer than what callers send."""
_LONGEST_NAME = 255
"""Bytes of a file's name, on every file system in use."""


class Export:
    """``folder`` holds the files, ``index`` says what lies where in them. Nothing stays open between two questions."""

    def __init__(self, folder: Path, files: Sequence[ExportFile], index: ExportIndex) -> None:
        self._folder = folder
        self._paths = [index.path_of(number, file) for number, file in enumerate(files)]
        self._index = index
        self._of_patient: tuple[str, dict[str, Resource]] = ("", {})

    @contextmanager
    def looking(self) -> Iterator[Lookup]:
        """Several questions to the index."""
        with self._index.looking() as lookup:
            yield lookup

    def line(self, place: Place) -> bytes:
        """The line itself. Raises InvalidContent where the file is no longer what was read."""
        try:
            with self._paths[place.file].open("rb") as stream:
                stream.seek(place.offset)
                line = stream.read(place.length)
        except OSError as error:
            raise InvalidContent(f"file {self._paths[place.file].name} of the export cannot be read ({error.strerror})") from error
        if len(line) != place.length:
            raise InvalidContent(f"file {self._paths[place.file].name} of the export was changed since it was read")
        return line

    def parse(self, address: str, line: bytes) -> Resource:
        """A resource by the strict reader. Raises InvalidContent, which names it and quotes nothing."""
        try:
            resource = read_line(line.removeprefix(b"\xef\xbb\xbf").strip())
        except RequestError as error:
            raise InvalidContent(f"{address} of the export is not valid FHIR R4: {error.message}") from error
        if f"{resource['resourceType']}/{resource.get('id')}" != address:
            raise InvalidContent("a file of the export was changed since it was read")
        return resource

    def resource(self, lookup: Lookup, kind: str, resource_id: str) -> Resource:
        """The resource. Raises ResourceUnknown, and InvalidContent for one that is not valid."""
        place = lookup.place(kind, resource_id)
        if place is None:
            raise ResourceUnknown(f"the export does not hold {kind}/{resource_id}")
        return self.parse(f"{kind}/{resource_id}", self.line(place))

    def shared(self, lookup: Lookup, patient: str, kind: str, resource_id: str) -> Resource:
        """As :meth:`resource`, for what all encounters of a patient share: encounters come patient by patient, so that it is kept until another's turn."""
        if self._of_patient[0] != patient:
            self._of_patient = (patient, {})
        known, address = self._of_patient[1], f"{kind}/{resource_id}"
        if address not in known:
            known[address] = self.resource(lookup, kind, resource_id)
        return known[address]

    def file_beside(self, url: str) -> bytes | None:
        """The content of a file that a relative URL leads to within the folder, or None. Raises ResourceUnknown for one that is too large."""
        within, name = self._folder.resolve(), _relative_path(url)
        path = (within / name).resolve()
        if not name or not path.is_relative_to(within) or not path.is_file():
            return None
        if path.stat().st_size > MAX_BYTES:
            raise ResourceUnknown(f"a file beside the export is larger than {MAX_BYTES} bytes and was not read")
        return path.read_bytes()


def _relative_path(url: str) -> str:
    """The path of a relative URL; empty for another, and for what no file can be called."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    path = "" if parts.scheme or parts.netloc else unquote(parts.path)
    return "" if "\0" in path or any(len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME for name in path.split("/")) else path
