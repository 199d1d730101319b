"""Every user of HTTP under the rule: the EHR, its authorization server, issuers of tokens, attachments and pages that data names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from fhir_coder.backend_settings import BackendClient
from fhir_coder.connections import EhrConnections
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.errors import EhrRefused
from fhir_coder.exchange import CodingRequest
from fhir_coder.outbound.addresses import read_networks
from fhir_coder.settings import Settings
from fhir_coder.smart.key_fetching import KeysUnavailable, fetch_keys
from fhir_coder.smart.signing_key import new_key
from fhir_coder.tenant_settings import EhrSettings
from tests.ehr.conftest import document, encounter
from tests.ehr.guarded_ehr import CLIENT, SCOPE, Canned, GuardedEhr, guarded_ehr
from tests.outbound.listening import Listening, listening

DISCOVERY = "/fhir/.well-known/smart-configuration"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once: who is called does not depend on how long is waited before."""
    monkeypatch.setattr("fhir_coder.connections.EhrClient", partial(EhrClient, sleep=lambda _: None))


@pytest.fixture
def ehr(tmp_path: Path) -> Iterator[GuardedEhr]:
    with guarded_ehr() as server:
        server.keys = [new_key(tmp_path / "key.pem", "ES384").public()]
        yield server


@pytest.fixture
def inside() -> Iterator[Listening]:
    """A server on this machine that no configuration names."""
    with listening() as server:
        yield server


def settings_of(ehr: GuardedEhr, tmp_path: Path, **changes: str) -> EhrSettings:
    backend = BackendClient(CLIENT, SCOPE, str(tmp_path / "key.pem"), **changes)
    return EhrSettings("main", ehr.base, timeout_s=2, backend=backend)


def test_networks_of_the_settings_reach_every_connection(ehr: GuardedEhr, tmp_path: Path) -> None:
    other_spelling = ehr.base.replace("127.0.0.1", "127.1")  # as good as a name: it is no address as configurations write them
    settings = replace(settings_of(ehr, tmp_path, token_url=ehr.token_url), base_url=other_spelling)
    networks = Settings.from_environment({"FHIR_CODER_PRIVATE_NETWORKS": "127.0.0.0/8, 10.0.0.0/8"}).private_networks
    assert EhrConnections(None, networks)(settings).read("Patient", "p1")["id"] == "p1"
    seen = len(ehr.seen)
    with pytest.raises(EhrRefused, match="FHIR_CODER_PRIVATE_NETWORKS"):
        EhrConnections(None)(settings).read("Patient", "p1")
    assert "/fhir/Patient/p1" not in [path for path, _ in ehr.seen[seen:]]


# --------------------------------------------------------------------------------------------------------- authorization servers


def test_a_discovered_token_endpoint_inside_gets_no_assertion(ehr: GuardedEhr, inside: Listening, tmp_path: Path) -> None:
    """The EHR names it, so it is data: an address of another server on this machine counts as not configured."""
    ehr.canned[DISCOVERY] = [Canned.of(200, token_endpoint=f"http://127.0.0.1:{inside.port}/token")]
    with pytest.raises(EhrRefused, match="authorization server is at an address that is not called"):
        EhrConnections(None)(settings_of(ehr, tmp_path)).read("Patient", "p1")
    assert inside.seen == []


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]", "0xa.1"])
def test_a_discovered_token_endpoint_in_another_network_is_refused(ehr: GuardedEhr, tmp_path: Path, host: str) -> None:
    ehr.canned[DISCOVERY] = [Canned.of(200, token_endpoint=f"https://{host}/token")]
    with pytest.raises(EhrRefused, match="not called"):
        EhrConnections(None)(settings_of(ehr, tmp_path)).read("Patient", "p1")


def test_a_discovered_token_endpoint_at_the_configured_address_itself_is_called(ehr: GuardedEhr, tmp_path: Path) -> None:
    assert EhrConnections(None)(settings_of(ehr, tmp_path)).read("Patient", "p1")["id"] == "p1"


def test_a_token_endpoint_inside_is_called_where_the_site_configures_it(ehr: GuardedEhr, tmp_path: Path) -> None:
    with guarded_ehr() as other:
        other.keys, other.live = ehr.keys, ehr.live
        assert EhrConnections(None)(settings_of(ehr, tmp_path, token_url=other.token_url)).read("Patient", "p1")["id"] == "p1"


# --------------------------------------------------------------------------------------------------------------------------- keys


def test_keys_are_fetched_where_the_configuration_says_and_nowhere_inside_by_name(inside: Listening) -> None:
    assert fetch_keys(f"http://127.0.0.1:{inside.port}/jwks") == b"ok"
    for host in ("127.1", "0x7f.1"):
        with pytest.raises(KeysUnavailable, match="AddressRefused"):
            fetch_keys(f"http://{host}:{inside.port}/jwks")
    assert fetch_keys(f"http://127.1:{inside.port}/jwks", read_networks("127.0.0.0/8")) == b"ok"
    assert len(inside.seen) == 2


# -------------------------------------------------------------------------------------------------------------------- attachments


def test_an_attachment_inside_stays_unread_and_the_encounter_is_read(ehr: GuardedEhr, inside: Listening) -> None:
    """``foreign_urls`` lets a name in; where that name leads is still judged, at each request."""
    ehr.live.add("t0ken")
    prefix = f"http://127.1:{inside.port}/files"
    settings = EhrSettings("main", ehr.base, token="t0ken", foreign_urls=(prefix,), timeout_s=2)
    bad = document(id="d2", content=[{"attachment": {"contentType": "text/plain", "url": f"{prefix}/7"}}])
    request = CodingRequest(tenant="north", encounter_id="e1", encounter=encounter(), notes=(document(), bad))
    intake = gather(request, EhrConnections(None)(settings))
    assert [note.id for note in intake.encounter.notes] == [document()["id"]]
    (unread,) = intake.encounter.unreadable
    assert unread.reason == "unavailable" and "not called" in unread.detail
    assert inside.seen == []
    assert "127.1" not in json.dumps([unread.detail, *intake.warnings])
