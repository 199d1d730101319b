"""FHIR software that this project did not write, as a test uses it: installed once from npm, then a server and validators to run."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import platformdirs
import requests

from conformance.ig.npm import NotInstallable as NotInstallable
from conformance.ig.npm import install_once, npm_install, require_programs
from conformance.ig.npm import install_packages as install_packages

START_TIMEOUT_S = 30
VALIDATE_TIMEOUT_S = 120
Resource = dict[str, Any]


def install_peers(source: Path) -> Path:
    """The folder with the peers and their packages, one for each state of ``source``; installed on first use, a minute with a fast registry."""
    require_programs("node", "npm")
    wanted = sha256(b"".join(file.read_bytes() for file in sorted(source.iterdir()) if file.is_file())).hexdigest()[:16]
    folder = Path(platformdirs.user_cache_dir("fhir-coder")) / f"peers-{wanted}"

    def install() -> None:
        for file in source.iterdir():
            if file.is_file():
                shutil.copyfile(file, folder / file.name)
        npm_install(folder)

    install_once(folder, install)
    return folder


def install_official_examples() -> Path:
    """The folder of HL7's own R4 examples (npm hl7.fhir.r4.examples 4.0.1, CC0), installed on first use."""
    require_programs("npm")
    folder = Path(platformdirs.user_cache_dir("fhir-coder")) / "r4-examples-4.0.1"

    def install() -> None:
        (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
        npm_install(folder, "hl7.fhir.r4.examples@4.0.1")

    install_once(folder, install)
    return folder / "node_modules" / "hl7.fhir.r4.examples"


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: Sequence[str], ready_url: str, timeout_s: float = START_TIMEOUT_S, **options: Any) -> Iterator[subprocess.Popen]:
    """A server process from its first answer at ``ready_url`` to the end of the block."""
    process = subprocess.Popen(command, **({"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options))
    try:
        _wait(process, ready_url, timeout_s)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen, url: str, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended with status {process.returncode}"
        try:
            if requests.get(url, timeout=2).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {url} within {timeout_s:g} s")


@dataclass(frozen=True)
class FhirServer:
    """The peer's FHIR server from the outside: what a test puts into it and what it holds."""

    base_url: str
    process: subprocess.Popen
    token: str = ""

    def put(self, resources: Iterable[Resource]) -> None:
        """Create or replace each resource under its own id."""
        with requests.Session() as session:
            for one in resources:
                url = f"{self.base_url}/{one['resourceType']}/{one['id']}"
                answer = session.put(
                    url, data=json.dumps(one), headers={**self._headers, "Content-Type": "application/fhir+json"}, timeout=20
                )
                assert answer.status_code in {200, 201}, answer.text

    def all_of(self, resource_type: str) -> list[Resource]:
        """Every resource of a type, by search, page by page."""
        found: list[Resource] = []
        url, total = f"{self.base_url}/{resource_type}?_count=50&_total=accurate", None
        while url:
            page = requests.get(url, headers=self._headers, timeout=20).json()
            found += [entry["resource"] for entry in page.get("entry", ())]
            total = page.get("total", total)
            url = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
        assert len(found) == total
        return found

    def first_page(self, resource_type: str, query: str) -> tuple[list[str], bool]:
        """Ids on the first page of a search, in the page size of the server, and whether another follows."""
        page = requests.get(f"{self.base_url}/{resource_type}?{query}", headers=self._headers, timeout=20).json()
        return [entry["resource"]["id"] for entry in page["entry"]], any(link["relation"] == "next" for link in page["link"])

    def holds(self, reference: str) -> bool:
        """Whether a relative reference leads to a resource."""
        return requests.get(f"{self.base_url}/{reference}", headers=self._headers, timeout=20).status_code == 200

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@contextmanager
def fhir_server(peers: Path, *options: str, token: str = "") -> Iterator[FhirServer]:
    """An empty FHIR server that validates what is written to it (``--strict``)."""
    port = free_port()
    arguments = [*options, f"--token={token}"] if token else [*options]
    base_url = f"http://127.0.0.1:{port}/fhir/R4"
    with running(["node", "fhir-server.mjs", str(port), "--strict", *arguments], f"{base_url}/metadata", cwd=peers) as process:
        yield FhirServer(base_url, process, token)


def validation_errors(peers: Path, files: Sequence[Path], profile: Path | None = None) -> list[str]:
    """What the peers' two validators report as errors, one line each; ``profile`` is checked too, on resources of its type."""
    assert files
    command = ["node", "validate.mjs", *(["--profile", str(profile)] if profile else []), *map(str, files)]
    done = subprocess.run(command, cwd=peers, capture_output=True, text=True, timeout=VALIDATE_TIMEOUT_S)
    lines = done.stdout.splitlines()
    errors = [line for line in lines if ": error: " in line or ": fatal: " in line]
    assert lines and lines[-1] == f"{len(files)} resources, {len(errors)} errors", done.stderr or lines[-3:]
    return errors
