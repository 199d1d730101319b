"""Our server, asked by the kit with all that a tester can give: tokens and scopes, SMART discovery, its keys, and its launch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import FAILS, HOLDS, main
from conformance.credentials import SPELLINGS
from conformance.requirement import Level, read_requirements
from conformance.running import Run, run
from conformance.verdict import Verdict
from tests.conformance.security.broken.tokens import BROKEN
from tests.conformance.security.guarded_site import EHR, Site, refused
from tests.smart.issuer import token

GROUPS = ("SEC", "SMA", "BKS", "LAU")
UNTRIED = {
    "SEC-039": "on this machine",
    "BKS-006": "on this machine",
    **dict.fromkeys(("BKS-001", "BKS-002", "BKS-003", "BKS-004"), "give --backend-services"),
}
"""TLS, and tokens that the kit gets itself: ``tests/contracts/authorization/test_conformance.py`` tries these."""
NOT_CLAIMED = {"SMA-008", "SMA-013", "SMA-014", "SMA-016", "SMA-017", "SMA-018", "SMA-019"}
"""We are a resource server: launches and single sign-on are the authorization server's."""


@pytest.fixture(scope="module")
def found(running_site: Site) -> Run:
    return run(running_site.target(), [one for one in read_requirements() if one.id.startswith(GROUPS)])


def test_everything_that_can_be_tried_holds(found: Run) -> None:
    assert {one.requirement.id: one.findings for one in found.judged if one.verdict in {Verdict.FAIL, Verdict.ERROR}} == {}


def test_nothing_is_skipped_that_can_be_tried(found: Run) -> None:
    skipped = {one.requirement.id: one.findings[0].received for one in found.judged if one.verdict is Verdict.SKIP}
    assert set(skipped) == set(UNTRIED)
    assert all(UNTRIED[name] in why for name, why in skipped.items())
    assert {one.requirement.id for one in found.judged if one.verdict is Verdict.OMIT} == NOT_CLAIMED


def test_every_rule_is_tried_or_says_why_not() -> None:
    for one in read_requirements():
        if one.id.startswith(GROUPS):
            assert bool(one.checks) != bool(one.untested), one.id
            assert one.source.startswith(
                ("https://hl7.org/fhir/smart-app-launch/STU2.2/", "http://hl7.org/fhir/R4/", "RFC ", "https://www.w3.org/TR/")
            )


def test_there_are_enough_that_bind() -> None:
    binding = [one for one in read_requirements() if one.id.startswith(GROUPS) and one.checks and one.level is Level.SHALL]
    assert len(binding) >= 50


def test_no_token_stands_in_the_findings(found: Run) -> None:
    told = "".join(f"{one.exchange}{one.expected}{one.received}" for judged in found.judged for one in judged.findings)
    assert "access_token=..." in told
    assert "eyJ" not in told


def written(path: Path, content: Any) -> str:
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


@pytest.fixture
def options(site: Site, tmp_path: Path) -> list[str]:
    tokens = {"refused": refused(), "accepted": {name: token(scope=scope) for name, scope in SPELLINGS.items()}}
    files = [one for name, content in tokens.items() for one in (f"--{name}", written(tmp_path / name, content))]
    urls = ["--jwks", f"{site.root}/jwks", "--launch", f"{site.root}/launch", "--launch-iss", EHR]
    return [f"{site.root}/fhir", "--token", token(), *files, *urls, "--format", "json"]


@pytest.mark.parametrize(("group", "skipped"), [("SMA", 0), ("BKS-005", 0), ("LAU-00", 0), ("SEC-03", 1)])
def test_the_command_line_gives_all_of_it(options: list[str], capsys: pytest.CaptureFixture[str], group: str, skipped: int) -> None:
    """Of the last group, TLS alone."""
    assert main([*options, "--only", group]) == HOLDS
    assert json.loads(capsys.readouterr().out)["counts"]["skip"] == skipped


def test_the_command_line_tells_a_server_that_fails(site: Site, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    broken = next(one for one in BROKEN if "SEC-010" in one.rules)
    site.shown = broken.wrap(site.server)
    assert main([*options, "--only", "SEC-010"]) == FAILS
    assert token()[:20] not in capsys.readouterr().out
