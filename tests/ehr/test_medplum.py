"""The client against a FHIR server that this project did not write (``pytest -m soak``; needs node, npm and the peers)."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from fhir_coder.backend_settings import BackendClient
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.errors import EhrRefused, ResourceUnknown
from fhir_coder.exchange import CodingRequest
from fhir_coder.sandbox.seed import synthetic_resources
from fhir_coder.smart.signing_key import new_key
from fhir_coder.tenant_settings import EhrSettings
from tests.contracts.peers import NotInstallable, fhir_server, install_peers
from tests.ehr.guarded_ehr import CLIENT, SCOPE, guarded_ehr

pytestmark = pytest.mark.soak
TOKEN = "peer-token"
TASK = {
    "resourceType": "Task",
    "identifier": [{"system": "https://example.org/t", "value": "t.1"}],
    "status": "requested",
    "intent": "order",
}


@pytest.fixture(scope="module")
def base_url(shared: Path) -> Iterator[str]:
    try:
        peers = install_peers(shared / "peers")
    except NotInstallable as reason:
        pytest.skip(f"the peers cannot be installed: {reason}")
    with fhir_server(peers, "--page=4", "--advertise=conditional", token=TOKEN) as server:
        yield server.base_url


@pytest.fixture(scope="module")
def client(base_url: str) -> Iterator[EhrClient]:
    with requests.Session() as session:
        yield EhrClient(EhrSettings("medplum", base_url, TOKEN), session)


@pytest.fixture(scope="module")
def planted(client: EhrClient) -> EhrClient:
    """The synthetic encounters in the peer, under their own ids, as far as it has their types."""
    capabilities = client.capabilities()
    for resource in synthetic_resources():
        if capabilities.can(resource["resourceType"], "update"):
            client.update(resource)
    return client


@pytest.mark.parametrize(
    ("encounter", "notes"),
    [("diabetes-ckd", 1), ("heart-failure", 1), ("cystitis", 2), ("skin-lesions", 1), ("well-child", 1), ("wrist-fracture", 3)],
)
def test_an_encounter_is_gathered(planted: EhrClient, encounter: str, notes: int) -> None:
    found = gather(CodingRequest("default", encounter_id=encounter), planted).encounter
    assert len(found.notes) == notes and found.unreadable == () and found.coverage and found.age is not None


def test_pages_are_followed(planted: EhrClient) -> None:
    found = [one["id"] for one in planted.search("DocumentReference", {"status": "current"})]
    assert len(found) == len(set(found)) and len(found) > 8


def test_coding_twice_writes_once(planted: EhrClient) -> None:
    condition = "identifier=https://example.org/t|t.1"
    made = [planted.create(TASK, condition)["id"] for _ in range(2)]
    assert made[0] == made[1]
    assert [one["id"] for one in planted.search("Task", {"identifier": "https://example.org/t|t.1"})] == made[:1]


def test_a_stale_update_is_refused(planted: EhrClient) -> None:
    task: dict[str, Any] = planted.create(TASK | {"identifier": [{"system": "https://example.org/t", "value": "t.2"}]})
    changed = planted.update(task | {"status": "completed"}, if_match=task["meta"]["versionId"])
    assert changed["status"] == "completed"
    with pytest.raises(EhrRefused) as caught:
        planted.update(task | {"status": "failed"}, if_match=task["meta"]["versionId"])
    assert caught.value.ehr_status == 412


def test_a_binary_is_read(planted: EhrClient) -> None:
    made = planted.create({"resourceType": "Binary", "contentType": "text/plain", "data": base64.b64encode(b"A note.").decode()})
    assert planted.read_attachment({"contentType": "text/plain", "url": f"Binary/{made['id']}"}).content == b"A note."


def test_what_is_not_there_and_a_wrong_token(planted: EhrClient, base_url: str) -> None:
    with pytest.raises(ResourceUnknown):
        planted.read("Encounter", "8b9c5e6e-0000-4000-8000-000000000000")
    with requests.Session() as session, pytest.raises(EhrRefused) as caught:
        EhrClient(EhrSettings("medplum", base_url, "wrong"), session).read("Encounter", "diabetes-ckd")
    assert caught.value.ehr_status == 401


def test_a_token_that_was_asked_for_opens_the_peer(base_url: str, tmp_path: Path) -> None:
    key = new_key(tmp_path / "key.pem", "ES384")
    with guarded_ehr() as server:
        server.keys, server.names = [key.public()], [TOKEN]
        backend = BackendClient(CLIENT, SCOPE, str(tmp_path / "key.pem"), token_url=server.token_url)
        client = EhrClient(EhrSettings("medplum", base_url, backend=backend))
        created = client.create(TASK)
        assert client.read("Task", created["id"])["status"] == "requested"
    assert len(server.assertions) == 1
