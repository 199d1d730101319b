"""Composition of discovery: a round for each EHR that has it, the receiver of messages, and the server's own access to the EHRs."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from fhir_coder.api.metrics import Metrics
from fhir_coder.app import build_coder
from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.connections import EhrConnections, intake_policy, tenants_of
from fhir_coder.discovery.drop_folder import DropFolder
from fhir_coder.discovery.finding import Finder
from fhir_coder.discovery.group_export import GroupExport
from fhir_coder.discovery.looking import Looker
from fhir_coder.discovery.reception import MOST_UNTOLD, Desk, Reception
from fhir_coder.discovery.round import PATIENCE, Round
from fhir_coder.discovery.telling import Telling
from fhir_coder.discovery.watched import Found
from fhir_coder.discovery_settings import Discovery, WayName
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.errors import ConfigurationError
from fhir_coder.following_up import ServerAccess, open_background
from fhir_coder.settings import Settings
from fhir_coder.signing.following import Following, duties_after
from fhir_coder.store.start import Stores
from fhir_coder.tenant_settings import EhrSettings, Tenant


@dataclass(frozen=True, slots=True)
class Place:
    """An EHR whose encounters are found."""

    tenant: Tenant
    ehr: EhrSettings
    discovery: Discovery


def places_of(tenants: Mapping[str, Tenant], tenant: str = "", ehr: str = "") -> tuple[Place, ...]:
    """The EHRs that have discovery, of a tenant, or the one of that id. Raises ConfigurationError where there is none, for one that the server has no access
    of its own to, and where messages could be of two."""
    found = tuple(
        Place(one, each, each.discovery)
        for one in tenants.values()
        for each in one.ehrs
        if each.discovery is not None and tenant in {"", one.id} and ehr in {"", each.id}
    )
    if not found:
        raise ConfigurationError("no EHR of that name has discovery in FHIR_CODER_TENANTS" if tenant or ehr else _NOWHERE)
    for place in found:
        if place.ehr.launch is not None and not (place.ehr.token or place.ehr.backend):
            raise ConfigurationError(
                f"EHR {place.ehr.id} of tenant {place.tenant.id} has discovery and is reached with a person's access only: give it a token or client_id"
            )
    return found


_NOWHERE = "no EHR in FHIR_CODER_TENANTS has discovery: there is nowhere to look"


def desks_of(places: Sequence[Place]) -> tuple[Desk, ...]:
    """Whose messages are taken. Raises ConfigurationError where one could be of two EHRs, and where there is none."""
    desks = [Desk(one.tenant.id, one.ehr.id, way) for one in places for way in one.discovery.ways if way.name is WayName.HL7]
    if not desks:
        raise ConfigurationError("no EHR has way hl7 in its discovery: there is nothing to listen for")
    for number, one in enumerate(desks):
        for other in desks[number + 1 :]:
            if all(not a or not b or a == b for a, b in zip(_named(one), _named(other), strict=True)):
                raise ConfigurationError(
                    f"a message could be of EHR {one.ehr} of tenant {one.tenant} and of {other.ehr} of {other.tenant}: give each its application or facility"
                )
    return tuple(desks)


def _named(desk: Desk) -> tuple[str, str]:
    return desk.way.application, desk.way.facility


class Discovering:
    """What finds encounters for the settings, over open stores."""

    def __init__(self, settings: Settings, stores: Stores, metrics: Metrics, tenant: str = "", ehr: str = "") -> None:
        if not settings.key:
            raise ConfigurationError("jobs need FHIR_CODER_KEY, the one that the server has: what is asked is kept encrypted or not at all")
        self._connections = EhrConnections(None, settings.private_networks, metrics.count_ehr_error)
        self._stores = stores
        self._metrics = metrics.discovery
        self._exports = settings.data / "exports"
        self._intake = intake_policy(settings)
        self._following = cache(partial(_following, settings, stores))
        self.places = places_of(tenants_of(settings, None), tenant, ehr)

    def rounds(self) -> Iterator[tuple[Place, Round]]:
        """One for each EHR; each is for one thread."""
        return ((place, self._round(place)) for place in self.places)

    def reception(self) -> Reception:
        """What answers messages. Raises ConfigurationError."""
        note = partial(self._stores.discovery.note, room=MOST_UNTOLD)
        return Reception(desks_of(self.places), note, _now, self._metrics.count_message)

    def _note(self, tenant: str, ehr: str, found: list[Found]) -> int:
        return self._stores.discovery.note(tenant, ehr, found)

    def _round(self, place: Place) -> Round:
        tenant, ehr, stores = place.tenant.id, place.ehr.id, self._stores
        policy = replace(self._intake, sensitive=place.tenant.sensitive)
        finder = Finder(tenant, ehr, place.discovery, stores.discovery, policy.unfinished == "refuse", _now)
        audit = (stores.audit.append, stores.audit.record)
        looker = Looker(
            tenant, ehr, place.discovery, stores.discovery, stores.jobs, stores.repository, policy, *audit, _now, self._telling(place)
        )
        known = frozenset(one.id for one in place.tenant.ehrs if one.discovery is not None)
        ways = [way for way in place.discovery.ways if way.name is WayName.DROP]
        folders = [DropFolder(Path(way.folder), ehr, known, partial(self._note, tenant)) for way in ways]
        return Round(
            tenant, ehr, place.discovery, stores.discovery, finder, looker, folders, self._client_of(place.ehr), _now, self._export(place)
        )

    def _telling(self, place: Place) -> Telling:
        def carry_out(coding_id: str) -> None:
            following, access = self._following()
            following.carry_out(place.tenant.id, access, coding_id)

        stores, duties = self._stores, partial(duties_after, place.tenant)
        return Telling(place.tenant.id, place.ehr.id, stores.standing, stores.reviews, stores.repository.get, duties, carry_out)

    def _export(self, place: Place) -> GroupExport | None:
        """Of way export, where the EHR has it; each attempt stands alone, as what the EHR asks for is minded from round to round."""
        way = next((one for one in place.discovery.ways if one.name is WayName.EXPORT), None)
        if way is None:
            return None
        server = cache(lambda: self._connections.bulk(place.ehr, RetryPolicy(attempts=1)))
        tenant, ehr, stores = place.tenant.id, place.ehr.id, self._stores
        folder = self._exports / f"{tenant}~{ehr}"
        return GroupExport(tenant, ehr, way, place.discovery.wait_days, stores.discovery, server, folder, stores.audit.record, _now)

    def _client_of(self, ehr: EhrSettings) -> Callable[[], EhrClient]:
        """A client that waits for seconds at most, made once: for how long else the EHR is left alone is minded by the round."""
        return cache(lambda: self._connections.once(ehr, ehr.timeout_s, PATIENCE))


def server_context(certificate: str, key: str, client_ca: str) -> ssl.SSLContext:
    """TLS for a receiver; with ``client_ca`` only senders with a certificate of that authority are heard. Raises ConfigurationError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key or None)
        if client_ca:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"the certificate, its key or the authority of senders cannot be used ({type(error).__name__})") from None
    return context


def _following(settings: Settings, stores: Stores) -> tuple[Following, ServerAccess]:
    """What does at once what a reopening brings about, with the server's own access; made when it is first needed."""
    return open_background(settings, stores, partial(build_coder, settings, records=True), Agent(AgentKind.SOFTWARE))


def _now() -> datetime:
    return datetime.now(UTC)
