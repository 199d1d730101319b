"""The site that the simulator prepares: our server and the kit, told by its files alone, and every group of requirements is tried."""

from __future__ import annotations

import json
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from conformance.cli import HOLDS, main
from conformance.requirement import read_requirements
from conformance.simulator import cli as simulator_cli
from conformance.simulator.cli import RECORDS, prepared, read_records, simulated_ehrs
from conformance.simulator.server import SimulatorServer
from fhir_coder.settings import Settings
from tests.conformance.serving import serving
from tests.contracts.peers import free_port
from tests.one_engine import create_app

ON_THIS_MACHINE = {"SEC-039", "BKS-006"}
"""TLS is the proxy's, which stands before no server of this machine."""
SLOW_S = 4.0
SOME = ("SEC", "SMA", "BKS", "LAU", "FIX-039", "EHR-022", "EHR-029", "IDE-001", "OPS", "CAP")
"""Of every group that needs an option; the whole takes minutes."""


@pytest.fixture(scope="module")
def folder(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The site's, with simulator and server beside it."""
    found = tmp_path_factory.mktemp("site") / "try it"
    ehrs = simulated_ehrs(read_records([RECORDS]), tmp_path_factory.mktemp("ehrs"), SLOW_S)
    port = free_port()
    server = f"http://127.0.0.1:{port}"
    with SimulatorServer("127.0.0.1", 0, ehrs).running() as simulator:
        simulator.authorization = prepared(found, simulator.url, server, SLOW_S, ehrs)
        given = {"FHIR_CODER_DATA": str(Settings.from_environment().data), "FHIR_CODER_LOG_LEVEL": "ERROR", **environment(found)}
        with serving(create_app(Settings.from_environment(given)).wsgi_app, port):
            yield found


def environment(folder: Path) -> dict[str, str]:
    """As ``sh`` reads it."""
    words = shlex.split((folder / "server.env").read_text(encoding="utf-8"))
    return dict(word.split("=", 1) for word in words)


def test_one_command_tries_every_group_and_everything_holds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([f"@{folder / 'kit'}", "--format", "json", *(word for one in SOME for word in ("--only", one))])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert {one["id"]: one["checks"] for one in report["requirements"] if one["verdict"] in {"fail", "error"}} == {}
    assert {one["id"] for one in report["requirements"] if one["verdict"] == "skip"} == ON_THIS_MACHINE
    assert code == HOLDS


def test_every_group_that_wants_an_option_is_among_what_is_tried() -> None:
    wanting = {"SEC", "SMA", "BKS", "LAU", "FIX", "EHR", "IDE"}
    assert wanting <= {one.partition("-")[0] for one in SOME} <= {one.id.partition("-")[0] for one in read_requirements()}


def test_what_it_writes_is_for_its_owner_alone(folder: Path) -> None:
    files = [one for one in folder.iterdir() if not one.name.startswith("store.sqlite")]
    assert {one.name for one in files} >= {"tenants.json", "server.env", "kit", "backend.json", "refused.json", "accepted.json"}
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}


def test_keys_stay_when_it_is_prepared_again(tmp_path: Path) -> None:
    again = []
    for _ in range(2):
        given = prepared(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:2", 4, ["plain"])
        again.append((given.answer("GET", "jwks", b"").resource, environment(tmp_path)["FHIR_CODER_KEY"]))
    assert again[0] == again[1]


def test_nobody_gets_a_token_who_asks_in_another_form(folder: Path) -> None:
    registration = json.loads((folder / "backend.json").read_text(encoding="utf-8"))
    for form in ({"grant_type": "password"}, {"grant_type": "client_credentials", "scope": "system/*.rs"}):
        assert requests.post(registration["token_url"], data=form, timeout=10).status_code == 400
    assert requests.get(registration["token_url"].replace("/token", "/authorize"), timeout=10).status_code == 404


def test_a_folder_that_cannot_be_used_ends_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert simulator_cli.main(["--port", "0", "--site", str(tmp_path / "file")]) == simulator_cli.UNUSABLE
    assert capsys.readouterr().err.startswith(f"simulator: {tmp_path / 'file'} cannot be used")
    (tmp_path / "sim.pem").write_text("no key", encoding="utf-8")
    assert simulator_cli.main(["--port", "0", "--site", str(tmp_path)]) == simulator_cli.UNUSABLE
