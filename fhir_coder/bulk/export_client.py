"""An export in the place of an EHR: it is read where an EHR would be asked, and no request leaves for what it holds.

Whatever stands in the notes' stead elsewhere (a Binary that was not exported) is fetched from the EHR, where one was named for the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fhir_coder.bulk.export import Export, read_line
from fhir_coder.ehr.access import StaticToken
from fhir_coder.ehr.binary import AttachmentBytes, read_binary
from fhir_coder.ehr.capabilities import Capabilities, TypeCapabilities
from fhir_coder.ehr.client import EhrClient, Params
from fhir_coder.ehr.references import id_of, literal
from fhir_coder.ehr.searchset import LeftOut
from fhir_coder.errors import ResourceUnknown
from fhir_coder.exchange import Resource
from fhir_coder.outbound.attempt import Answer
from fhir_coder.tenant_settings import EhrSettings

OFFLINE = "https://export.invalid"
"""Stands for the address of an EHR where none was named: nothing is ever asked there."""
READ_WHEN_NAMED = ("Practitioner", "PractitionerRole", "Organization", "Account", "Condition")
"""Types that an encounter's resources name and that are looked up then."""
_KEPT = frozenset({"Practitioner", "PractitionerRole", "Organization"})
_KEPT_AT_MOST = 500
"""The same few people and places stand behind most encounters."""
_OFFERED = Capabilities(
    {kind: TypeCapabilities(frozenset({"read"})) for kind in READ_WHEN_NAMED}
    | {"PractitionerRole": TypeCapabilities(frozenset({"read", "search-type"}), frozenset({"practitioner"}))}
)


class ExportClient(EhrClient):
    """``online`` fetches attachments that the export does not hold; None where no EHR was named."""

    def __init__(self, settings: EhrSettings, export: Export, online: EhrClient | None) -> None:
        super().__init__(settings, tokens=StaticToken(""))
        self._export = export
        self._online = online
        self._known: dict[str, Resource] = {}

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """Nothing is asked for."""
        return ()

    def capabilities(self) -> Capabilities:
        """Reading what resources name; what belongs to an encounter is given with it."""
        return _OFFERED

    def read(self, resource_type: str, resource_id: str) -> Resource:
        """As an EHR would. Raises ResourceUnknown or InvalidContent."""
        address = f"{resource_type}/{resource_id}"
        if address not in self._known:
            with self._export.looking() as lookup:
                found = self._export.resource(lookup, resource_type, resource_id)
            if resource_type not in _KEPT:
                return found
            if len(self._known) >= _KEPT_AT_MOST:
                self._known.clear()
            self._known[address] = found
        return self._known[address]

    def search(
        self,
        resource_type: str,
        params: Params,
        on_warning: Callable[[str], None] = lambda sentence: None,
        on_left_out: Callable[[LeftOut], None] = lambda entry: None,
    ) -> Iterator[Resource]:
        """The roles of a practitioner: the only search that is offered."""
        practitioner = dict(params)["practitioner"]
        with self._export.looking() as lookup:
            found = [one for kind, one in lookup.parts_of([practitioner]) if kind == resource_type]
        yield from (self.read(resource_type, one) for one in found)

    def read_attachment(self, attachment: Resource) -> AttachmentBytes:
        """The bytes of a Binary of the export, of a file beside it, or from the EHR. Raises ResourceUnknown where none has them, InvalidContent for a
        Binary that is not valid, and what the EHR's client raises."""
        url = attachment["url"]
        address = literal({"reference": url}, "Binary")
        if address:
            with self._export.looking() as lookup:
                place = lookup.place("Binary", id_of(address))
            if place:
                line = self._export.line(place)
                self._export.parse(address, line)
                return read_binary(Answer(200, {"Content-Type": "application/fhir+json"}, line), attachment, read_line)
        elif (content := self._export.file_beside(url)) is not None:
            return AttachmentBytes(content, attachment.get("contentType", ""))
        if self._online is None:
            raise ResourceUnknown(f"the export does not hold {address or 'the file that an attachment names'}")
        return self._online.read_attachment(attachment)
