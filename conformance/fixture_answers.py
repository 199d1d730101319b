"""What a server answers to the fixtures, each sent once: many checks look at one answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from conformance.coded import Coded
from conformance.exchange import Answer, Resource
from conformance.fixture import INLINE, REFERENCE, Fixture, fixtures
from conformance.target import Target
from conformance.verdict import Omitted, Skipped

PLAIN = "plain"
"""The simulator's EHR that offers everything, known to the server under the id that ``--ehr`` gives."""
SAMPLES = (
    "note-plain-text",
    "note-latin-1",
    "several-notes",
    "injury-initial",
    "hypertension-heart-kidney",
    "more-than-twelve-codes",
    "recorded-conditions",
    "copied-forward-conflict",
    "missing-coverage",
    "uncertain-terms",
    "finding-without-diagnosis",
)
"""Fixtures whose answers together hold every part that an answer can have."""


class FixtureAnswers:
    """Of one server."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._inline: dict[str, Answer] = {}
        self._by_reference: dict[str, Answer] = {}

    def inline(self, fixture: Fixture) -> Answer:
        """The answer to the fixture sent inline. Raises Omitted for one that cannot be sent so."""
        _require_way(fixture, INLINE)
        if fixture.id not in self._inline:
            self._inline[fixture.id] = self._target.code(fixture.parameters())
        self._target.last = self._inline[fixture.id].told
        return self._inline[fixture.id]

    def by_reference(self, fixture: Fixture) -> Answer:
        """The answer when the server reads the fixture from the simulator. Raises Skipped without one, Omitted for one that cannot be read so."""
        _require_way(fixture, REFERENCE)
        if fixture.id not in self._by_reference:
            self._load(fixture)
            ehr = [{"name": "ehr", "valueString": self._target.ehr}] if self._target.ehr else []
            body: Resource = {"resourceType": "Parameters", "parameter": [*ehr, {"name": "includeText", "valueBoolean": True}]}
            self._by_reference[fixture.id] = self._target.code(body, fixture.encounter_id)
        self._target.last = self._by_reference[fixture.id].told
        return self._by_reference[fixture.id]

    def _load(self, fixture: Fixture) -> None:
        """The simulator's plain EHR holds the fixture beside its own records, gives it in the manner that the fixture asks for, and does not fail."""
        control = f"{self._target.require_simulator()}/{PLAIN}"
        self._order("DELETE", control)
        for one in fixture.resources:
            self._order("PUT", f"{control}/resources", one)
        if fixture.ehr:
            self._order("PUT", f"{control}/manner", fixture.ehr)

    def _order(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> None:
        answer = self._target.session.request(method, url, json=body, timeout=self._target.timeout_s)
        if not answer.ok:
            raise Skipped(f"the simulator answers {method} with {answer.status_code}")


def _require_way(fixture: Fixture, way: str) -> None:
    if way not in fixture.ways:
        raise Omitted(f"the fixture is not tried {way}")


_OF: WeakKeyDictionary[Target, FixtureAnswers] = WeakKeyDictionary()


def answers_of(target: Target) -> FixtureAnswers:
    """Those of this server, as far as it was asked."""
    return _OF.setdefault(target, FixtureAnswers(target))


def codings(target: Target, ids: Iterable[str] = SAMPLES) -> Iterator[tuple[Fixture, Coded]]:
    """Fixtures of these ids with what the server made of them. Raises Skipped when it codes none: the checks of the encounters say why."""
    found = [(one, answers_of(target).inline(one)) for one in fixtures(ids)]
    coded = [(fixture, Coded(answer.resource)) for fixture, answer in found if answer.status == 200]
    if not coded:
        raise Skipped("the server codes no fixture")
    yield from coded
