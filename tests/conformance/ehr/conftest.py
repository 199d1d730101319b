"""The EHR simulator and our server on sockets of this process, as testers would have them side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from werkzeug.serving import make_server

from conformance.simulator.cli import RECORDS, read_records, simulated_ehrs
from conformance.simulator.control import PATH
from conformance.simulator.server import SimulatorServer
from conformance.target import Target
from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.backend_settings import BackendClient
from fhir_coder.coding.policy import outpatient
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.probe import EhrProbe
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.engine import Engine
from fhir_coder.settings import Settings
from fhir_coder.smart.signing_key import new_key
from fhir_coder.store.start import open_stores
from fhir_coder.tenant_settings import EhrSettings, Tenant
from terminology.release import Catalogue
from tests.conformance.ehr.small_coder import SmallCoder
from tests.stores import store_in

TIMEOUT_S, SLOW_S = 1.5, 2.0


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorServer]:
    """Every EHR, each with the included records."""
    ehrs = simulated_ehrs(read_records([RECORDS]), tmp_path_factory.mktemp("simulator"), SLOW_S)
    with SimulatorServer("127.0.0.1", 0, ehrs).running() as server:
        yield server


@pytest.fixture(scope="session")
def target(simulator: SimulatorServer, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Our server as the kit sees it, with the simulator's EHRs as its own."""
    folder = tmp_path_factory.mktemp("server")
    engine = our_engine({one.id: one for one in known_ehrs(simulator.url, folder)}, catalogue, folder)
    with serving(application(engine)) as url:
        yield Target(f"{url}/fhir", simulator=f"{simulator.url}{PATH}", ehr="sim", timeout_s=30.0)


def known_ehrs(url: str, folder: Path) -> Iterator[EhrSettings]:
    """As FHIR_CODER_TENANTS would name them. One that keeps no updates is written to before review, so that there is something to see."""
    yield EhrSettings("sim", f"{url}/plain/fhir", timeout_s=TIMEOUT_S)
    for name in ("single", "epic", "oracle", "athena"):
        yield EhrSettings(f"sim-{name}", f"{url}/{name}/fhir", timeout_s=TIMEOUT_S, write_before_review=name == "epic" or None)
    new_key(folder / "key.pem", "ES384")
    backend = BackendClient("fhir-coder", "system/*.cruds", key=str(folder / "key.pem"))
    yield EhrSettings("sim-token", f"{url}/plain/fhir", timeout_s=TIMEOUT_S, backend=backend)


def our_engine(ehrs: dict[str, EhrSettings], catalogue: Catalogue, folder: Path) -> Engine:
    """The engine of the server over a small coder; what fails is tried once more, at once."""
    clients = {name: EhrClient(ehr, retry=RetryPolicy(attempts=2, first_wait_s=0.01)) for name, ehr in ehrs.items()}
    return Engine(
        coder=cast(Any, SmallCoder(catalogue)),
        policy=outpatient(),
        tenants={"default": Tenant("default", tuple(ehrs.values()))},
        repository=open_stores(store_in(folder), "").repository,
        connect=lambda ehr: clients[ehr.id],
        probe=EhrProbe(lambda ehr: clients[ehr.id]),
        now=lambda: datetime.now(UTC),
    )


def application(engine: Engine) -> Flask:
    app = Flask("test", static_folder=None)
    app.register_blueprint(create_api(engine, Settings.from_environment({}, sandbox=True)))
    install_error_handlers(app)
    return app


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """An application on a free port of this machine; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
