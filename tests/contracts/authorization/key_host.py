"""Our own description and key set as a server gives them, on a socket and without the engine, which needs seconds to load."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import make_server

from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.connections import public_keys
from fhir_coder.settings import Settings
from tests.api.conftest import FixedRisk, SmallEngine


def new_key_file(folder: Path, name: str, alg: str) -> Path:
    """A private key in a file that is its owner's alone."""
    key = ECKey.generate_key("P-384") if alg == "ES384" else RSAKey.generate_key(3072)
    path = folder / f"{name}.pem"
    path.write_bytes(key.as_pem(private=True))
    path.chmod(0o600)
    return path


@contextmanager
def key_host(*ehrs: dict[str, Any]) -> Iterator[str]:
    """Serve the routes of a server with these EHRs until the block ends, their keys among them. Gives the origin."""
    settings = Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps([{"id": "north", "ehrs": list(ehrs)}])})
    app = Flask("keys", static_folder=None)
    app.register_blueprint(create_api(SmallEngine(), settings, FixedRisk(), public_keys(settings)))
    install_error_handlers(app)
    listener = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_port}"
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
