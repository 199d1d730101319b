"""Each stage of coding an encounter runs in what observes it, in order, and once; the notes are read within gathering."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from fhir_coder.coding.policy import outpatient
from fhir_coder.model import Encounter, Note
from fhir_coder.pipeline import Coder
from fhir_coder.stages import Stage, runs_as


class Seen:
    """What was observed: each stage's beginning, and its end with a sign before it."""

    def __init__(self) -> None:
        self.events: list[str] = []

    @contextmanager
    def __call__(self, stage: Stage) -> Iterator[None]:
        self.events.append(stage.value)
        try:
            yield
        finally:
            self.events.append(f"/{stage.value}")


def test_the_pipeline_is_observed_and_its_outcome_the_same(coder: Coder) -> None:
    encounter, seen = Encounter("e", (Note("n", "Assessment: essential hypertension.\n"),)), Seen()
    assert replace(coder, observe=seen).code_encounter(encounter, outpatient()) == coder.code_encounter(encounter, outpatient())
    assert seen.events == ["reading", "/reading", "coding", "/coding", "edits", "/edits"]


def test_a_stage_that_fails_has_ended_too() -> None:
    class Work:
        observe = Seen()

        @runs_as(Stage.WRITING)
        def write(self, *args: Any) -> None:
            raise ValueError(args)

    work = Work()
    try:
        work.write(1)
    except ValueError as error:
        assert error.args == ((1,),)
    assert work.observe.events == ["writing", "/writing"]
