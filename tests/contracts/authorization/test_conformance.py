"""The conformance kit as a tester runs it: by command, over TLS, with tokens that it gets itself by Backend Services."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import HOLDS, main
from tests.contracts.authorization.authorization_server import AuthorizationServer
from tests.contracts.authorization.registered import KIT, KIT_KEY
from tests.contracts.authorization.test_inbound_tokens import CODE, token_for

GROUPS = ("SEC", "SMA", "BKS", "LAU")
OF_A_PERSON = {"SEC-029", "SEC-030"}
"""Tokens that are bound to a patient come of a launch in which somebody signs in."""


def refused(server: AuthorizationServer, base: str) -> dict[str, str]:
    """Tokens of the authorization server that do not open this base."""
    server.set(clock_offset_s=-3600)
    expired = token_for(server, base, CODE)
    server.set(clock_offset_s=0)
    return {
        "expired": expired,
        "narrow": token_for(server, base, "system/Patient.rs"),
        "foreign": token_for(server, base.replace("/fhir", "/t/strict/fhir"), CODE),
    }


@pytest.fixture
def options(server: AuthorizationServer, ours: str, tmp_path: Path) -> list[str]:
    """All that a tester at this site can give."""
    base = f"{ours}/fhir"
    registration = {"token_url": f"{server.ehr}/token", "client_id": KIT, "scope": CODE, "key": KIT_KEY, "resource": base}
    files = {"backend-services": registration, "refused": refused(server, base)}
    given = [base, "--jwks", f"{ours}/jwks", "--launch", f"{ours}/launch", "--launch-iss", server.base, "--format", "json"]
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
        given += [f"--{name}", str(tmp_path / name)]
    return [*given, "--ca", str(server.certificates.authority)]


def test_everything_holds_and_nothing_is_skipped(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = main([*options, *(word for group in GROUPS for word in ("--only", group))])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert {one["id"]: one["checks"] for one in report["requirements"] if one["verdict"] in {"fail", "error"}} == {}
    assert {one["id"] for one in report["requirements"] if one["verdict"] == "skip"} == OF_A_PERSON
    assert code == HOLDS


def test_the_kit_proves_itself_as_smart_asks(server: AuthorizationServer, options: list[str]) -> None:
    """The authorization server takes its assertion, and sees nothing else of it."""
    server.forget()
    assert main([*options, "--only", "BKS-001"]) == HOLDS
    assert {one["authorization"] for one in server.seen("/token")} == {""}
