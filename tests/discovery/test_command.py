"""``fhir-coder discover`` as an operator uses it, against EHRs over HTTP that list and refuse what the vendors do."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.simulator.cli import RECORDS, read_records, simulated_ehrs
from conformance.simulator.server import SimulatorServer
from fhir_coder.cli import main
from fhir_coder.store.start import Stores, open_stores
from tests.store.conftest import KEY
from tests.stores import store_in

PROFILES = ("epic", "athena", "oracle")
EXPORTS = "plain"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorServer]:
    ehrs = simulated_ehrs(read_records([RECORDS]), tmp_path_factory.mktemp("ehrs"), names=(*PROFILES, EXPORTS))
    with SimulatorServer("127.0.0.1", 0, ehrs).running() as running:
        yield running


class Desk:
    """A store, a folder, and the command line over EHRs of the three vendors."""

    def __init__(self, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.url, self._environment, self._capsys = folder, url, monkeypatch, capsys
        self.store = store_in(folder)
        monkeypatch.setenv("FHIR_CODER_DATABASE_URL", self.store)
        monkeypatch.setenv("FHIR_CODER_KEY", KEY)
        monkeypatch.setenv("FHIR_CODER_DATA", str(folder / "data"))
        self.configure(**{name: {"ways": [{"way": "drop", "folder": str(self.drop(name))}]} for name in PROFILES})

    def drop(self, name: str) -> Path:
        made = self.folder / f"drop-{name}"
        made.mkdir(exist_ok=True)
        return made

    def configure(self, **discoveries: dict[str, Any]) -> None:
        ehrs = [
            {"id": name, "base_url": f"{self.url}/{name}/fhir", "discovery": {"settle_minutes": 0} | one}
            for name, one in discoveries.items()
        ]
        self._environment.setenv("FHIR_CODER_TENANTS", json.dumps([{"id": "north", "ehrs": ehrs}]))

    def run(self, *arguments: str) -> tuple[int, str, str]:
        status = main(["discover", *arguments])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def open(self) -> Stores:
        return open_stores(self.store, KEY)

    def jobs(self) -> list[str]:
        stores = self.open()
        found = sorted(one.encounter for one in stores.jobs.entries("north"))
        stores.close()
        return found


@pytest.fixture
def desk(tmp_path: Path, simulator: SimulatorServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, simulator.url, monkeypatch, capsys)


def lay(path: Path, text: str) -> None:
    """A file that was written a minute ago."""
    path.write_text(text)
    os.utime(path, (time.time() - 60,) * 2)


def encounters() -> list[dict[str, Any]]:
    return [one for one in read_records([RECORDS]) if one["resourceType"] == "Encounter"]


def codable() -> str:
    return next(one["id"] for one in encounters() if one["status"] == "finished" and one["class"]["code"] == "AMB")


@pytest.mark.parametrize("vendor", PROFILES)
def test_an_id_that_is_dropped_becomes_a_job_once(desk: Desk, vendor: str) -> None:
    named = codable()
    lay(desk.drop(vendor) / "today.csv", f"ehr,encounter\n{vendor},{named}\n")
    status, told, _ = desk.run()
    assert status == 0, told
    assert f"north/{vendor}: 1 found, 1 looked at, 1 jobs taken on" in told
    lay(desk.drop(vendor) / "again.txt", f"{named}\nEncounter/{named}\n")
    assert "1 found, 1 looked at, 0 jobs taken on" in desk.run("--ehr", vendor)[1]
    assert desk.jobs() == [f"Encounter/{named}"]
    assert re.search(rf"north/{vendor}  taken +queued +1 ", desk.run("--status")[1])
    stores = desk.open()
    events = [json.loads(one.content) for one in stores.audit.lines("north", 0, stores.audit.head("north").sequence)]
    stores.close()
    assert [one["subtype"][-1]["code"] for one in events] == ["discover"]


def test_patients_are_gone_through(desk: Desk) -> None:
    patient = next(one["subject"]["reference"].partition("/")[2] for one in encounters() if one["id"] == codable())
    desk.configure(athena={"ways": [{"way": "by-patient", "ids": [patient]}], "wait_days": 400})
    status, told, _ = desk.run()
    assert status == 0, told
    assert f"Encounter/{codable()}" in desk.jobs()


def test_a_way_that_is_not_offered_is_told_and_the_others_go_on(desk: Desk) -> None:
    folder = desk.drop("epic")
    lay(folder / "today.txt", f"{codable()}\nnot here at all\n")
    desk.configure(epic={"ways": [{"way": "updated"}, {"way": "drop", "folder": str(folder)}]})
    status, told, _ = desk.run()
    assert status == 1
    assert "way updated: it needs to search Encounter by _lastUpdated, which the EHR's CapabilityStatement does not list" in told
    assert "1 dropped files were refused" in told and "not here" not in told


def test_a_group_is_exported_step_by_step(desk: Desk) -> None:
    """At the simulator, which wants to be asked a second later; each run is a process of its own."""
    desk.configure(plain={"ways": [{"way": "export", "group": "g1", "back_days": 400}], "wait_days": 400})
    told, deadline = desk.run()[1], time.monotonic() + 120
    assert "0 found" in told
    while "north/plain: 0 found" in told and time.monotonic() < deadline:
        time.sleep(0.5)
        status, told, _ = desk.run()
        assert status == 0, told
    assert f"Encounter/{codable()}" in desk.jobs()
    stores = desk.open()
    events = [json.loads(one.content) for one in stores.audit.lines("north", 0, stores.audit.head("north").sequence)]
    reached = stores.discovery.mark("north", "plain", "export").mark
    stores.discovery.hold("north", "plain", lambda failures: 600)
    stores.close()
    status = desk.run("--status")[1]
    assert f"north/plain  way export           up to {reached}, since 20" in status and "north/plain  left alone until 20" in status
    assert {one["subtype"][-1]["code"] for one in events} == {"bulk-export", "discover"}
    assert [one.name for one in (desk.folder / "data" / "exports" / "north~plain").iterdir()] == ["lock"]


UNUSABLE = {
    "nothing": ({}, [], "no EHR of that name|no EHR in"),
    "no such tenant": ({"epic": {"ways": [{"way": "hl7"}]}}, ["--tenant", "south"], "no EHR of that name has discovery"),
    "nothing to listen for": ({"epic": {"ways": [{"way": "updated"}]}}, ["--listen", "127.0.0.1:1"], "no EHR has way hl7"),
    "of two": (
        {"epic": {"ways": [{"way": "hl7"}]}, "athena": {"ways": [{"way": "hl7", "facility": "X"}]}},
        ["--listen", "127.0.0.1:1"],
        "could be of EHR",
    ),
    "beyond this machine": ({"epic": {"ways": [{"way": "hl7"}]}}, ["--listen", "0.0.0.0:2575"], "senders that prove who they are"),
    "a key alone": ({"epic": {"ways": [{"way": "hl7"}]}}, ["--listen", "127.0.0.1:1", "--tls-key", "x"], "go with --tls-certificate"),
    "no certificate": (
        {"epic": {"ways": [{"way": "hl7"}]}},
        ["--listen", "127.0.0.1:1", "--tls-certificate", "/nowhere.pem"],
        "cannot be used",
    ),
    "unknown member": ({"epic": {"ways": [{"way": "updated", "folder": "/x"}]}}, [], "FHIR_CODER_TENANTS"),
}


@pytest.mark.parametrize(("discoveries", "arguments", "message"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_cannot_be_done_is_told_at_the_start(desk: Desk, discoveries: dict[str, Any], arguments: list[str], message: str) -> None:
    desk.configure(**discoveries)
    status, told, error = desk.run(*arguments)
    assert (status, told) == (2, "") and re.search(message, error)


def test_an_address_that_is_taken_is_told_in_words(desk: Desk) -> None:
    desk.configure(epic={"ways": [{"way": "hl7"}]})
    with socket.create_server(("127.0.0.1", 0)) as other:
        status, told, error = desk.run("--listen", f"127.0.0.1:{other.getsockname()[1]}")
    assert (status, told) == (2, "") and "cannot be listened at (Address already in use" in error


def test_without_a_key_nothing_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FHIR_CODER_KEY", "")
    assert "jobs need FHIR_CODER_KEY" in desk.run()[2]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_message_becomes_a_job_and_the_process_ends_when_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    port, watched, named = free_port(), free_port(), codable()
    monkeypatch.setenv("FHIR_CODER_METRICS_ADDRESS", f"127.0.0.1:{watched}")
    desk.configure(
        oracle={"ways": [{"way": "hl7", "facility": "CLINIC"}, {"way": "by-date"}]}
    )  # the second is not offered, and is told each time
    process = subprocess.Popen(
        [sys.executable, "-m", "fhir_coder", "discover", "--listen", f"127.0.0.1:{port}", "--every", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"listening for HL7 v2 at 127.0.0.1:{port}\n"
        message = f"MSH|^~\\&|EHR|CLINIC|||20260504||ADT^A03|c1|P|2.5.1\rPV1|1|O{'|' * 17}{named}\r".encode()
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(b"\x0b" + message + b"\x1c\x0d")
            assert b"MSA|AA|c1" in connection.recv(4096)
        deadline = time.monotonic() + 120
        while not desk.jobs() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert desk.jobs() == [f"Encounter/{named}"]
        with urllib.request.urlopen(f"http://127.0.0.1:{watched}/metrics", timeout=10) as answer:
            metrics = answer.read().decode()
        assert 'fhir_coder_discovery_messages_total{answer="AA",error=""} 1.0' in metrics
        assert 'fhir_coder_discovery_last_good_round_seconds{ehr="oracle",tenant="north"}' in metrics and named not in metrics
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
