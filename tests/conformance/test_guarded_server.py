"""Our server, asked by the kit with all that a tester can give: tokens and scopes, SMART discovery, its keys, and its launch; and servers that
break a rule of these, each of which it catches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import FAILS, HOLDS, main
from conformance.credentials import SPELLINGS
from conformance.requirement import Level, Requirement, read_requirements
from conformance.running import Run, run
from conformance.verdict import Verdict
from tests.conformance.broken.audit import AUDIT, CLOSED, WHOLE
from tests.conformance.broken.discovery import DISCOVERY
from tests.conformance.broken.keys import KEYS
from tests.conformance.broken.launch import LAUNCH
from tests.conformance.broken.proxy import Broken
from tests.conformance.broken.tokens import TOKENS
from tests.conformance.guarded_site import EHR, Site, refused
from tests.smart.issuer import token

GROUPS = ("SEC", "SMA", "BKS", "LAU")
UNTRIED = {
    "SEC-039": "try the server at its https address",
    "BKS-006": "try the server at its https address",
    **dict.fromkeys(("BKS-001", "BKS-002", "BKS-003", "BKS-004"), "give --backend-services"),
}
"""TLS, and tokens that the kit gets itself: ``tests/contracts/authorization/test_conformance.py`` tries these."""
NOT_CLAIMED = {"SMA-008", "SMA-013", "SMA-014", "SMA-016", "SMA-017", "SMA-018", "SMA-019", "SEC-041"}
"""We are a resource server: launches and single sign-on are the authorization server's. Our audit is read by its keepers, and not by search."""


BROKEN = (*TOKENS, *DISCOVERY, *KEYS, *LAUNCH, *AUDIT)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit that is not there is not waited for."""
    monkeypatch.setattr("conformance.checks.audit_events.PAUSE_S", 0.0)


def requirements(*beginnings: str) -> list[Requirement]:
    return [one for one in read_requirements() if one.id.startswith(beginnings)]


@pytest.fixture(scope="module")
def found(site: Site) -> Run:
    return run(site.target(), requirements(*GROUPS))


@pytest.fixture
def broken(site: Site, request: pytest.FixtureRequest) -> Iterator[Broken]:
    """The server breaks a rule until the test ends."""
    site.proxy.broken, whole = request.param, site.proxy.broken
    yield request.param
    site.proxy.broken = whole


def test_everything_that_can_be_tried_holds(found: Run) -> None:
    assert {one.requirement.id: one.findings for one in found.judged if one.verdict in {Verdict.FAIL, Verdict.ERROR}} == {}


def test_nothing_is_skipped_that_can_be_tried(found: Run) -> None:
    skipped = {one.requirement.id: one.findings[0].received for one in found.judged if one.verdict is Verdict.SKIP}
    assert set(skipped) == set(UNTRIED)
    assert all(UNTRIED[name] in why for name, why in skipped.items())
    assert {one.requirement.id for one in found.judged if one.verdict is Verdict.OMIT} == NOT_CLAIMED


def test_answers_that_come_later_are_for_whoever_asked(site: Site) -> None:
    judged = run(site.target(), requirements("PRE-007", "PRE-009", "PRE-01")).judged
    assert {one.requirement.id: one.findings for one in judged if one.verdict is not Verdict.PASS} == {}


def test_without_a_token_of_another_caller_that_is_skipped(site: Site) -> None:
    target = site.target()
    target.accepted = {}
    (judged,) = run(target, requirements("PRE-015")).judged
    assert judged.verdict is Verdict.SKIP and "`other`" in judged.findings[0].received


def test_every_rule_names_a_section_of_what_binds() -> None:
    known = ("https://hl7.org/fhir/smart-app-launch/STU2.2/", "http://hl7.org/fhir/R4/", "RFC ", "https://www.w3.org/TR/")
    assert [one.id for one in requirements(*GROUPS) if not one.source.startswith(known)] == []


def test_there_are_enough_that_bind() -> None:
    binding = [one for one in requirements(*GROUPS) if one.checks and one.level is Level.SHALL]
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


@pytest.mark.parametrize("broken", [one for one in TOKENS if one.name == "takes expired tokens"], indirect=True)
def test_the_command_line_tells_a_server_that_fails(broken: Broken, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*options, "--only", "SEC-010"]) == FAILS
    assert token()[:20] not in capsys.readouterr().out


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.name, indirect=True)
def test_a_broken_server_is_caught(site: Site, broken: Broken) -> None:
    judged = run(site.target(), [one for one in read_requirements() if one.id in broken.rules]).judged
    assert {one.requirement.id for one in judged if one.verdict is Verdict.FAIL} == set(broken.rules)


@pytest.mark.parametrize(("broken", "verdict"), [(WHOLE, Verdict.PASS), (CLOSED, Verdict.SKIP)], indirect=["broken"])
def test_an_audit_that_can_be_searched_is_looked_at(site: Site, broken: Broken, verdict: Verdict) -> None:
    judged = run(site.target(), requirements("RES-030", "SEC-041")).judged
    assert {one.requirement.id: one.verdict for one in judged} == {"RES-030": verdict, "SEC-041": verdict}
    told = {finding.received for one in judged for finding in one.findings}
    assert told == (
        {""}
        if verdict is Verdict.PASS
        else {"give --token or --backend-services with a scope that opens AuditEvent (system/AuditEvent.rs)"}
    )


def test_each_is_another_server() -> None:
    assert len({one.name for one in BROKEN}) == len(BROKEN)


@pytest.mark.parametrize("group", GROUPS)
def test_every_rule_of_a_group_is_broken_by_one(group: str) -> None:
    tried = {one.id for one in requirements(group) if one.checks}
    assert tried - set(UNTRIED) - {rule for one in BROKEN for rule in one.rules} == set()
