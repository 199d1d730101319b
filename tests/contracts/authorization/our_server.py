"""Our server as an installation runs it: a process of its own, behind TLS under its name, and an EHR that it reaches under another."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from fhir_coder.settings import Settings
from tests.contracts.authorization.authorization_server import AuthorizationServer
from tests.contracts.peers import free_port, running

HERE = Path(__file__).parent
START_TIMEOUT_S = 240


@contextmanager
def our_server(server: AuthorizationServer, folder: Path, tenants: Sequence[Mapping[str, Any]], **settings: str) -> Iterator[str]:
    """Run ``fhir-coder serve`` with these tenants until the block ends; the TLS name leads to it. Gives its plain origin."""
    port = free_port()
    root = f"http://127.0.0.1:{port}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FHIR_CODER_")}
    ours = {
        "FHIR_CODER_DATA": str(Settings.from_environment().data),
        "FHIR_CODER_DATABASE_URL": f"sqlite:///{folder / 'ours.sqlite'}",
        "FHIR_CODER_KEY": Fernet.generate_key().decode(),
        "FHIR_CODER_TENANTS": json.dumps(list(tenants)),
        "FHIR_CODER_PUBLIC_URL": server.coder,
        "FHIR_CODER_WORKERS": "1",
        "FHIR_CODER_PRIVATE_NETWORKS": "127.0.0.0/8",
    }
    trusted = {
        "REQUESTS_CA_BUNDLE": str(server.certificates.authority),
        "PYTHONPATH": os.pathsep.join([str(HERE / "resolving"), str(HERE.parents[2])]),
    }
    command = [sys.executable, "-m", "fhir_coder", "serve", "--port", str(port)]
    with (
        (folder / "ours.log").open("w") as log,
        running(command, f"{root}/health/live", START_TIMEOUT_S, env=inherited | ours | trusted | settings, stderr=log),
    ):
        yield root
