"""Our server, in this process and with its real engine, does what the kit asks of encounters, answers, proposals and formats, and who does not is caught."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.check import all_checks
from conformance.coded import Coded
from conformance.exchange import Answer
from conformance.fixture import all_fixtures
from conformance.fixture_answers import SAMPLES, answers_of
from conformance.requirement import Requirement, read_requirements
from conformance.running import tried
from conformance.target import Target
from conformance.verdict import Finding, Verdict
from fhir_coder.sandbox.resource_store import ResourceStore
from fhir_coder.sandbox.transport import WsgiAdapter
from fhir_coder.settings import Settings
from tests.conformance.encounters.spoiled import RESPELLED, SPOILED, Change, Respelling
from tests.one_engine import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SERVER, CONTROL = "http://localhost", "http://control.invalid"
GROUPS = ("OUT", "RES", "FMT", "FIX")

NOT_CLAIMED = {"audit_events.calls_are_kept"}
"""Our audit is read by its keepers, and not by search."""


@pytest.fixture(scope="module")
def target(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Our server as the kit sees it, with both dispositions, and its built-in EHR in the place of the simulator."""
    folder = tmp_path_factory.mktemp("server")
    for name in ("releases", "index"):
        (folder / name).symlink_to(Settings.from_environment().data / name)
    values = {"DATA": str(folder), "RATE_LIMIT": "", "PASSING": "confident"}
    settings = Settings.from_environment({f"FHIR_CODER_{name}": value for name, value in values.items()}, sandbox=True)
    found = Target(f"{SERVER}/fhir", simulator=f"{CONTROL}/_control")
    found.session.mount(SERVER, WsgiAdapter(_from_this_machine(create_app(settings))))
    found.session.mount(CONTROL, WsgiAdapter(_control(folder)))
    yield found


def _from_this_machine(application: WSGIApplication) -> WSGIApplication:
    """A sandbox answers no other callers."""
    return lambda environ, start_response: application({**environ, "REMOTE_ADDR": "127.0.0.1"}, start_response)


def _control(folder: Path) -> WSGIApplication:
    """What the kit orders of the simulator, done in the built-in EHR."""
    store = ResourceStore(folder / "sandbox.sqlite")

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        if environ["PATH_INFO"].endswith("/resources"):
            store.update(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b"{}"]

    return application


@pytest.fixture(scope="module")
def findings(target: Target) -> Mapping[str, Finding]:
    """What came of every check of the groups."""
    return tried(target, {name: all_checks()[name] for one in _requirements() for name in one.checks})


def _requirements() -> list[Requirement]:
    return [one for one in read_requirements() if one.id.partition("-")[0] in GROUPS]


@pytest.mark.parametrize("requirement", _requirements(), ids=lambda one: one.id)
def test_holds(findings: Mapping[str, Finding], requirement: Requirement) -> None:
    found = {name: findings[name] for name in requirement.checks if name not in NOT_CLAIMED}
    assert {name: (one.expected, one.received) for name, one in found.items() if one.verdict is not Verdict.PASS} == {}


def test_what_is_not_claimed_is_told_so(findings: Mapping[str, Finding]) -> None:
    assert {name: findings[name].received for name in NOT_CLAIMED} == dict.fromkeys(
        NOT_CLAIMED, "the CapabilityStatement lists no AuditEvent"
    )


@pytest.fixture(scope="module")
def answers(target: Target) -> Mapping[str, Answer]:
    """Those of the samples, by fixture."""
    return {one: answers_of(target).inline(all_fixtures()[one]) for one in SAMPLES}


def test_both_dispositions_are_looked_at(answers: Mapping[str, Answer]) -> None:
    assert {Coded(one.resource).disposition for one in answers.values()} == {"pass", "review"}


@pytest.mark.parametrize(("name", "fixture", "change"), SPOILED, ids=[f"{name}-{change.__name__}" for name, _, change in SPOILED])
def test_a_server_that_does_otherwise_fails(target: Target, answers: Mapping[str, Answer], name: str, fixture: str, change: Change) -> None:
    """One thing is wrong in one answer, and the check of it sees it."""
    body: dict[str, Any] = json.loads(answers[fixture].body)
    change(body)
    assert _verdict(target, answers, name, fixture, json.dumps(body).encode()) is Verdict.FAIL


@pytest.mark.parametrize(("name", "fixture", "change"), RESPELLED, ids=[f"{name}-{change.__name__}" for name, _, change in RESPELLED])
def test_a_server_that_spells_otherwise_fails(
    target: Target, answers: Mapping[str, Answer], name: str, fixture: str, change: Respelling
) -> None:
    body = change(answers[fixture].body)
    assert body != answers[fixture].body
    assert _verdict(target, answers, name, fixture, body) is Verdict.FAIL


def _verdict(target: Target, answers: Mapping[str, Answer], name: str, fixture: str, body: bytes) -> Verdict:
    """What a check says of our server when one answer has another body."""
    spoiled = Target(target.base, session=target.session)
    spoiled.__dict__["definition"] = target.definition
    changed = Answer(answers[fixture].told, 200, answers[fixture].headers, body, 0.0)
    answers_of(spoiled)._inline.update({**answers, fixture: changed})
    return tried(spoiled, {name: all_checks()[name]})[name].verdict


def test_every_check_of_answers_and_proposals_can_fail() -> None:
    assert {name for name in all_checks() if name.startswith(("answers.", "proposals."))} == {name for name, _, _ in SPOILED}
    spelled = {name for name in all_checks() if name.startswith("representations.")}
    assert spelled - {name for name, _, _ in RESPELLED} == {"representations.xml_has_its_namespace"}  # see test_formats.py
