"""An empty built-in EHR and a session that reaches it in process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from fhir_coder.sandbox.app import create_sandbox_app
from fhir_coder.sandbox.installation import ORIGIN
from fhir_coder.sandbox.resource_store import ResourceStore
from fhir_coder.sandbox.transport import WsgiAdapter

BASE = f"{ORIGIN}/sandbox/fhir"
Send = Callable[..., requests.Response]


@pytest.fixture
def store(tmp_path: Path) -> ResourceStore:
    return ResourceStore(tmp_path / "sandbox.sqlite")


@pytest.fixture
def send(store: ResourceStore) -> Iterator[Send]:
    """Send ``method``, path below the base, a resource or bytes, and headers."""
    with requests.Session() as session:
        session.mount(ORIGIN, WsgiAdapter(create_sandbox_app(store)))

        def call(method: str, path: str, body: dict | bytes | None = None, **headers: str) -> requests.Response:
            named = {"Content-Type": "application/fhir+json"} | {name.replace("_", "-"): value for name, value in headers.items()}
            content = {"json": body} if isinstance(body, dict) else {"data": body}
            return session.request(method, f"{BASE}/{path}", headers=named, **content)

        yield call
