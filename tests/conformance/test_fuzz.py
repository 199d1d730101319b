"""Requests that nobody thought of, on every endpoint: no 5xx, no HTML where FHIR is spoken, no error without an OperationOutcome."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from unittest import SkipTest

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation

from conformance.exchange import Answer
from conformance.openapi import document
from tests.conformance.conftest import Stage
from tests.conformance.fuzzing import judge_any, judge_fhir, modes, operations, routes, sent

IN_CI, IN_SOAK = 1_000, 20_000
Judge = Callable[[Answer, str], None]


def fuzz(stage: Stage, described: dict, origin: str, judge: Judge, requests: int) -> int:  # type: ignore[type-arg]
    """Send about that many requests, as many to each operation in each mode. Gives how many were sent."""
    found = operations(described)
    each = max(requests // (2 * len(found)), 1)
    return sum(_fuzz_one(stage, operation, mode, origin, judge, each) for operation in found for mode in modes())


def _fuzz_one(stage: Stage, operation: APIOperation, mode: GenerationMode, origin: str, judge: Judge, requests: int) -> int:
    """To one operation; none where the mode has nothing to vary."""
    sent_already: list[str] = []

    @settings(max_examples=requests, deadline=None, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Case) -> None:
        sent_already.append(case.path)
        judge(sent(stage.target_kept, case, origin), case.path)

    try:
        send()
    except (Unsatisfiable, SkipTest):
        return 0
    return len(sent_already)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Generators of others warn about what they cannot make."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def everything(stage: Stage, app: Flask, requests: int) -> int:
    """By the document of the FHIR base, and by every other route. Gives how many requests were sent."""
    some, origin = requests // 2, stage.base.removesuffix("/fhir")
    count = fuzz(stage, document(stage.target), stage.base, judge_fhir, some)
    beside = ("/health", "/version", "/jwks", "/cds-services", "/review", "/t/", "/launch", "/sign", "/sandbox")
    return count + fuzz(stage, routes(app, *beside), origin, judge_any, requests - some)


def test_nothing_breaks(stage: Stage) -> None:
    assert everything(stage, stage.app, IN_CI) > IN_CI * 0.7


@pytest.mark.soak
def test_nothing_breaks_for_long(stage: Stage) -> None:
    assert everything(stage, stage.app, IN_SOAK) > IN_SOAK * 0.7
