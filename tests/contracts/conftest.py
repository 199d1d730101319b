"""Peers that nobody here wrote, running: an EHR with real encounters in it, and our server coding against it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fhir_coder.settings import Settings
from tests.contracts.peers import FhirServer, NotInstallable, Resource, fhir_server, install_peers
from tests.contracts.prepared_export import CROWDED, crowded_visit, prepare
from tests.one_engine import create_app

TOKEN = "contract-test-token"
PAGE = 5
HERE = Path(__file__).parent
LONGEST_S = 240
"""No such test takes as long: a browser that never ends ends the test, not the run."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser and servers of others run beside these tests, with timeouts of their own that a busy machine misses: such a test may fail once. It
    is told as ``rerun`` in the summary; what fails twice is a failure, and what hangs fails."""
    for item in items:
        if item.path.is_relative_to(HERE) and not item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))
            item.add_marker(pytest.mark.timeout(LONGEST_S))


@pytest.fixture(scope="session")
def peers(shared: Path) -> Path:
    """The folder where the peers are installed."""
    try:
        return install_peers(shared / "peers")
    except NotInstallable as reason:
        pytest.skip(f"the peers cannot be installed: {reason}")


@pytest.fixture(scope="session")
def export(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    """Twenty encounters of the prepared export with what they refer to."""
    return prepare(shared / "fhir" / "prepare.py", tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="session")
def encounter_ids(export: list[Resource]) -> list[str]:
    """The ids of those encounters."""
    return [one["id"] for one in export if one["resourceType"] == "Encounter"]


@dataclass(frozen=True)
class Ehrs:
    """The EHRs of our tenants: ``plain`` (default), ``paging`` in small pages, ``secured`` by a token and
    with conditional create, ``down`` for good."""

    plain: FhirServer
    paging: FhirServer
    secured: FhirServer
    down: FhirServer

    def tenants(self) -> str:
        """The setting FHIR_CODER_TENANTS: one tenant for each EHR, and one that has no token for the secured one."""
        ehrs: dict[str, dict[str, object]] = {
            "default": {"base_url": self.plain.base_url},
            "paging": {"base_url": self.paging.base_url},
            "secured": {"base_url": self.secured.base_url, "token": TOKEN},
            "locked-out": {"base_url": self.secured.base_url},
            "down": {"base_url": self.down.base_url, "timeout_s": 5.0},
        }
        return json.dumps([{"id": tenant, "ehrs": [{"id": "peer", **ehr}]} for tenant, ehr in ehrs.items()])


@pytest.fixture(scope="session")
def ehrs(peers: Path, export: list[Resource]) -> Iterator[Ehrs]:
    """Four servers of the peer, filled with the export; the last one is already gone."""
    with ExitStack() as stack:
        servers = Ehrs(
            plain=stack.enter_context(fhir_server(peers)),
            paging=stack.enter_context(fhir_server(peers, f"--page={PAGE}")),
            secured=stack.enter_context(fhir_server(peers, "--advertise=conditional", token=TOKEN)),
            down=stack.enter_context(fhir_server(peers)),
        )
        servers.down.process.kill()
        for server in (servers.plain, servers.paging, servers.secured):
            server.put(export)
        servers.paging.put(crowded_visit(most_seen_patient(export), _first(export, "Practitioner")))
        yield servers


def most_seen_patient(export: list[Resource]) -> str:
    """The patient with most encounters: a search for all notes of the patient takes two small pages."""
    seen = [one["subject"]["reference"] for one in export if one["resourceType"] == "Encounter"]
    return max(sorted(set(seen)), key=seen.count)


def _first(resources: list[Resource], kind: str) -> str:
    return next(f"{kind}/{one['id']}" for one in resources if one["resourceType"] == kind)


@pytest.fixture(scope="session")
def server_settings(built: None) -> dict[str, str]:
    """The settings of our server as environment variables, without a store and EHRs: the index of the checkout, one worker."""
    return {"FHIR_CODER_DATA": str(Settings.from_environment().data), "FHIR_CODER_LOG_LEVEL": "WARNING", "FHIR_CODER_WORKERS": "1"}


@pytest.fixture(scope="session")
def environment(ehrs: Ehrs, server_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Those settings with a store of its own and the peers as EHRs."""
    database = tmp_path_factory.mktemp("store") / "contracts.sqlite"
    return server_settings | {"FHIR_CODER_DATABASE_URL": f"sqlite:///{database}", "FHIR_CODER_TENANTS": ehrs.tenants()}


@pytest.fixture(scope="session")
def client(environment: dict[str, str]) -> FlaskClient:
    """Our application, called in process."""
    return create_app(Settings.from_environment(environment, sandbox=True, builtin_ehr=False)).test_client()


@pytest.fixture(scope="session")
def crowded() -> str:
    """The id of the visit with too many problems; the paging EHR has it."""
    return CROWDED
