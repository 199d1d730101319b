"""Our public keys as authorization servers fetch them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from fhir_coder.api.blueprint import create_api
from fhir_coder.connections import public_keys
from fhir_coder.errors import ConfigurationError
from fhir_coder.settings import Settings
from fhir_coder.smart.signing_key import new_key
from tests.api.conftest import SmallEngine


def settings(*ehrs: dict[str, str]) -> Settings:
    common = {"client_id": "us", "scope": "system/Patient.r"}
    listed = [{"id": f"e{at}", "base_url": f"https://ehr{at}.example/fhir"} | common | ehr for at, ehr in enumerate(ehrs)]
    return Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps([{"id": "north", "ehrs": listed}])})


def test_keys_are_published_with_those_that_follow_and_nothing_private(engine: SmallEngine, tmp_path: Path) -> None:
    paths = {name: str(tmp_path / name) for name in ("a", "b", "next")}
    kids = {name: new_key(tmp_path / name, "RS384" if name == "b" else "ES384").kid for name in paths}
    configured = settings({"key": paths["a"], "next_key": paths["next"]}, {"key": paths["b"], "kid": "b-2026"}, {"key": paths["a"]})
    app = Flask("test", static_folder=None)
    app.register_blueprint(create_api(engine, configured, keys=public_keys(configured)))
    answer = app.test_client().get("/jwks")
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, "application/json", "public, max-age=3600")
    keys = answer.get_json()["keys"]
    assert {(one["kid"], one["alg"], one["use"]) for one in keys} == {
        (kids["a"], "ES384", "sig"),
        ("b-2026", "RS384", "sig"),
        (kids["next"], "ES384", "sig"),
    }
    assert len(keys) == 3
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & {member for one in keys for member in one}


def test_a_site_without_keys_publishes_none(client) -> None:
    assert client.get("/jwks").get_json() == {"keys": []}


def test_a_key_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    new_key(tmp_path / "a", "ES384")
    with pytest.raises(ConfigurationError, match="there is no key file"):
        public_keys(settings({"key": str(tmp_path / "a"), "next_key": str(tmp_path / "none")}))
