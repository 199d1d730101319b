"""Fixtures that say how an EHR gives them are given so: our server reads each, and one that knows a single manner is caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from conformance.check import all_checks
from conformance.checks.encounters import name_of
from conformance.fixture import all_fixtures
from conformance.running import tried
from conformance.target import Target
from conformance.verdict import Finding, Verdict
from fhir_coder.ehr import binary, client
from fhir_coder.ehr.client import EhrClient
from fhir_coder.errors import EhrRefused

Patch = pytest.MonkeyPatch
MANNERED = {one.id: one for one in all_fixtures().values() if one.ehr}


def finding(target: Target, fixture_id: str) -> Finding:
    """What comes of the fixture when a target that asked nothing before reads it from the EHR."""
    name = f"encounters.{name_of(MANNERED[fixture_id], 'from_ehr')}"
    return tried(replace(target), {name: all_checks()[name]})[name]


def seen(target: Target, kind: str) -> list[dict[str, Any]]:
    told = requests.get(f"{target.simulator}/plain", timeout=10).json()
    return [one for one in told["seen"] if one["type"] == kind]


def test_every_manner_is_that_of_a_fixture() -> None:
    assert {tuple(sorted(one.ehr.items())) for one in MANNERED.values()} == {
        (("binary", "raw"),),
        (("binary", "fhir"),),
        (("pageSize", 5),),
    }


@pytest.mark.parametrize("name", MANNERED)
def test_our_server_reads_it(target: Target, name: str) -> None:
    found = finding(target, name)
    assert found.verdict is Verdict.PASS, f"expected {found.expected}; received {found.received} ({found.exchange})"


def test_a_page_is_followed_by_the_next(target: Target) -> None:
    finding(target, "more-notes-than-a-page")
    documents = len(MANNERED["more-notes-than-a-page"].of("DocumentReference"))
    assert len(seen(target, "DocumentReference")) >= documents / 5 > 1


def only_raw(patch: Patch) -> None:
    patch.setattr(binary, "_wrapped", lambda *_: None)


def only_wrapped(patch: Patch) -> None:
    real: Callable[..., Any] = client.read_binary

    def read(answer: Any, *more: Any) -> Any:
        if b'"resourceType"' not in answer.body:
            raise EhrRefused("no Binary")
        return real(answer, *more)

    patch.setattr(client, "read_binary", read)


def only_one_page(patch: Patch) -> None:
    patch.setattr(EhrClient, "_next", lambda *_: "")


@pytest.mark.parametrize(
    ("breaking", "name"),
    [(only_raw, "note-binary-wrapped"), (only_wrapped, "note-binary-raw"), (only_one_page, "more-notes-than-a-page")],
)
def test_a_server_that_knows_one_manner_is_caught(target: Target, breaking: Callable[[Patch], None], name: str, monkeypatch: Patch) -> None:
    breaking(monkeypatch)
    assert finding(target, name).verdict is Verdict.FAIL
