"""Real FHIR clients call the operation on a really running server: gunicorn, a socket, the peer as its EHR."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.parameters import Parameters
from fhirclient.server import FHIRNotFoundException

from tests.contracts.answers import named, statuses
from tests.contracts.peers import free_port, running

HERE = Path(__file__).parent
START_TIMEOUT_S = 60
CALL_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def base(environment: dict[str, str]) -> Iterator[str]:
    """A FHIR base of our server as its own process. Its EHR is the paging one, whose second encounter no other test writes to."""
    root = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "fhir_coder", "serve", "--sandbox", "--port", str(port)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FHIR_CODER_")}
    with running(command, f"{root}/health/live", START_TIMEOUT_S, env=inherited | environment):
        yield f"{root}/t/paging/fhir"


def call(peers: Path, script: str, base: str, encounter: str) -> Any:
    """What a client script printed. It runs where its packages are installed."""
    shutil.copyfile(HERE / script, peers / script)
    command = ["node", script, base, encounter]
    done = subprocess.run(command, cwd=peers, capture_output=True, text=True, timeout=CALL_TIMEOUT_S)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_fhir_kit_client_reads_metadata_and_codes(peers: Path, base: str, encounter_ids: list[str]) -> None:
    got = call(peers, "fhir_kit_client.mjs", base, encounter_ids[1])
    assert [one["name"] for one in got["advertised"]] == ["code-encounter"]
    assert got["dispositions"] == ["review", "review"]
    assert set(statuses(got["answer"])) == {"201"}
    assert got["refusal"]["status"] == 404
    assert got["refusal"]["body"]["resourceType"] == "OperationOutcome"


def test_the_smart_client_library_codes(peers: Path, base: str, encounter_ids: list[str]) -> None:
    answer = call(peers, "fhirclient_js.mjs", base, encounter_ids[1])["answer"]
    assert named(answer, "disposition")[0]["valueCoding"]["code"] == "review"
    assert named(answer, "noteText")


def test_the_client_of_pypi_reads_metadata_and_codes(base: str, encounter_ids: list[str]) -> None:
    """fhirclient reads what we answer into models of its own, which refuse what R4 does not have."""
    server = FHIRClient(settings={"app_id": "contract-test", "api_base": f"{base}/"}).server
    (encounters,) = [one for one in server.capabilityStatement.rest[0].resource if one.type == "Encounter"]
    assert [one.name for one in encounters.operation] == ["code-encounter"]
    question = Parameters({"resourceType": "Parameters", "parameter": [{"name": "includeText", "valueBoolean": True}]})
    answer = server.post_json(f"Encounter/{encounter_ids[1]}/$code-encounter", question.as_json())
    found = Parameters(answer.json())
    assert [one.valueCoding.code for one in found.parameter if one.name == "disposition"] == ["review"]
    (bundle,) = [one.resource for one in found.parameter if one.name == "result"]
    assert {"Condition", "Claim", "Task", "Provenance"} >= {one.resource.resource_type for one in bundle.entry}
    with pytest.raises(FHIRNotFoundException):
        server.post_json("Encounter/no-such-encounter/$code-encounter", question.as_json())
