"""npm oidc-provider as the authorization server of an EHR, from the outside: started, told what to do, and asked what it saw."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.contracts.authorization.certificates import Certificates

SCRIPT = Path(__file__).with_name("authorization_server.mjs")
EHR_HOST, CODER_HOST = "ehr.test", "coder.test"
"""Two sites to a browser: neither is below the other, and ``test`` is a top level of its own."""
START_TIMEOUT_S = 30


@dataclass(frozen=True)
class AuthorizationServer:
    """``ehr`` and ``coder`` are the origins of the two names; ``certificates`` are theirs."""

    port: int
    control: str
    certificates: Certificates

    @property
    def ehr(self) -> str:
        return f"https://{EHR_HOST}:{self.port}"

    @property
    def coder(self) -> str:
        return f"https://{CODER_HOST}:{self.port}"

    @property
    def base(self) -> str:
        """The FHIR base URL of the EHR."""
        return f"{self.ehr}/fhir"

    def set(self, **settings: Any) -> None:
        """Change what the server does; see ``settings`` in its script."""
        requests.patch(self.control, json=settings, timeout=10).raise_for_status()

    def forget(self) -> None:
        """Forget the requests seen."""
        requests.delete(self.control, timeout=10).raise_for_status()

    def withdraw(self) -> None:
        """No access token of a person is good any more, whatever was said of its time."""
        requests.post(self.control, json={}, timeout=10).raise_for_status()

    def seen(self, path: str = "", host: str = EHR_HOST) -> list[dict[str, Any]]:
        """The requests to a host, of one path or all, oldest first."""
        found = requests.get(self.control, timeout=10).json()["requests"]
        return [one for one in found if one["host"] == host and path in {"", one["path"]}]


@contextmanager
def authorization_server(
    packages: Path, folder: Path, certificates: Certificates, clients: Sequence[Mapping[str, Any]], people: Mapping[str, Any]
) -> Iterator[AuthorizationServer]:
    """Run it until the block ends. ``packages`` is the folder with its npm packages, ``folder`` is for its configuration and log; the first of
    ``people`` is signed in. In URLs of clients ``PORT`` stands for its port."""
    configuration = {
        "packages": str(packages),
        "ehr_host": EHR_HOST,
        "coder_host": CODER_HOST,
        "ca": str(certificates.authority),
        "certificate": str(certificates.server),
        "key": str(certificates.key),
        "clients": list(clients),
        "people": dict(people),
        "signed_in": next(iter(people)),
    }
    (folder / "server.json").write_text(json.dumps(configuration), encoding="utf-8")
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(["node", str(SCRIPT), str(folder / "server.json")], stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (folder / "server.log").read_text(encoding="utf-8")[-3000:]
            ports = json.loads(line)
            yield AuthorizationServer(ports["port"], f"http://127.0.0.1:{ports['control_port']}/", certificates)
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()
