"""The fixtures: what any server must do with an encounter (SHALL), what it should find in it (SHOULD), and the same when it reads it from an EHR.

Each fixture makes its own checks, ``encounters.ID_shall`` and the like, from what its ``expected.json`` says.
"""

from __future__ import annotations

from conformance.answer_check import answer_check
from conformance.check import Check
from conformance.exchange import Answer
from conformance.fixture import REFERENCE, Fixture, all_fixtures
from conformance.fixture_answers import answers_of
from conformance.judging import is_refusal, judge
from conformance.requirement import Level
from conformance.target import Target
from conformance.verdict import Skipped

_ABOUT_REFUSALS = frozenset({"refused", "refused-with"})


def name_of(fixture: Fixture, what: str) -> str:
    """The name of a check of a fixture: of what it binds to (``shall``, ``should``) or of the way (``from_ehr``)."""
    return f"{fixture.id.replace('-', '_')}_{what}"


def _make_checks(fixture: Fixture) -> None:
    """Those of one fixture."""

    def must(target: Target) -> None:
        _judge(answers_of(target).inline(fixture), fixture, Level.SHALL)

    def should(target: Target) -> None:
        _judge(answers_of(target).inline(fixture), fixture, Level.SHOULD)

    def from_ehr(target: Target) -> None:
        _judge(answers_of(target).by_reference(fixture), fixture, Level.SHALL)

    _register(must, name_of(fixture, "shall"), fixture.shows)
    if any(one.scope is Level.SHOULD for one in fixture.expectations):
        _register(should, name_of(fixture, "should"), f"{fixture.title}: what a server should make of it.")
    if REFERENCE in fixture.ways:
        _register(from_ehr, name_of(fixture, "from_ehr"), f"{fixture.title}, read from the EHR: {fixture.shows}")


def _judge(answer: Answer, fixture: Fixture, scope: Level) -> None:
    """Raises Unsatisfied for the first expectation that is not met, Skipped where a refusal leaves nothing to look at."""
    concerned = [one for one in fixture.expectations if one.scope is scope]
    if scope is Level.SHOULD and is_refusal(answer) and not any(one.kind in _ABOUT_REFUSALS for one in concerned):
        raise Skipped("the server refuses the encounter")
    for one in concerned:
        judge(answer, one)


def _register(function: Check, name: str, rule: str) -> None:
    function.__name__, function.__doc__ = name, rule
    answer_check(function)


for _fixture in all_fixtures().values():
    _make_checks(_fixture)
