"""The kit says of our server that everything it must do holds, and of a server that breaks a rule that this rule is broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.requirement import Level, read_requirements
from conformance.running import run
from conformance.verdict import Verdict
from tests.conformance.broken.proxy import Broken
from tests.conformance.broken.wire import WIRE
from tests.conformance.conftest import Stage

GROUPS = ("OPS", "DEF", "CAP", "NEG", "ERR", "INP", "PRE", "TER")


@pytest.fixture
def broken(stage: Stage, request: pytest.FixtureRequest) -> Iterator[Broken]:
    """The server breaks a rule until the test ends."""
    stage.proxy.broken, whole = request.param, stage.proxy.broken
    yield request.param
    stage.proxy.broken = whole


def test_everything_holds(stage: Stage) -> None:
    found = run(stage.target, [one for one in read_requirements() if one.id.startswith(GROUPS)])
    bad = {one.requirement.id: [f.received for f in one.findings] for one in found.judged if one.verdict in {Verdict.FAIL, Verdict.ERROR}}
    assert bad == {}
    untried = {one.requirement.id for one in found.judged if one.verdict in {Verdict.SKIP, Verdict.OMIT}}
    # another kind of statement; no token asked for; a limit that the connection may hide; no simulator on this stage
    assert untried <= {"CAP-008", "CAP-018", "ERR-011", "ERR-027", "PRE-015"}


@pytest.mark.parametrize("broken", [one for one in WIRE if one.name == "Prefer is not read"], indirect=True)
def test_a_server_that_answers_at_once_claims_nothing_of_answers_that_come_later(stage: Stage, broken: Broken) -> None:
    found = run(stage.target, [one for one in read_requirements() if one.id in {"PRE-007", *(f"PRE-0{n:02}" for n in range(9, 16))}])
    verdicts = {one.requirement.id: one.verdict for one in found.judged}
    assert verdicts.pop("PRE-007") is Verdict.PASS and set(verdicts.values()) == {Verdict.OMIT}


@pytest.mark.parametrize("broken", [one for one in WIRE if one.name == "405 without Allow"], indirect=True)
def test_a_405_without_allow_is_a_405(stage: Stage, broken: Broken) -> None:
    """Who reads the report finds the fault under the requirement that is about it, and under no other."""
    found = run(stage.target, [one for one in read_requirements() if one.id in {"OPS-004", "OPS-005", "OPS-006"}])
    assert [one.requirement.id for one in found.judged if one.verdict is Verdict.FAIL] == ["OPS-006"]


def test_there_are_enough_broken_servers() -> None:
    assert len(WIRE) >= 30 and len({one.name for one in WIRE}) == len(WIRE)


@pytest.mark.parametrize("broken", WIRE, ids=lambda one: one.name, indirect=True)
def test_a_broken_server_is_caught(stage: Stage, broken: Broken) -> None:
    found = run(stage.target, [one for one in read_requirements() if one.id in broken.rules])
    assert {one.requirement.id for one in found.judged if one.verdict is Verdict.FAIL} == set(broken.rules)


def test_every_level_is_among_what_broken_servers_break() -> None:
    levels = {one.level for one in read_requirements() if any(one.id in broken.rules for broken in WIRE)}
    assert levels == set(Level)
