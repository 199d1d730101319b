"""What is asked, as text and back: nothing is lost on the way."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.exchange import CallerLimits, CodingRequest
from fhir_coder.jobs.asked import Asked, read, written

NOTE = {"resourceType": "DocumentReference", "id": "d1", "content": [{"attachment": {"data": "w4Q="}}], "description": "Zürich \u2028 ünï"}
FULL = Asked(
    CodingRequest(
        "north",
        "e1",
        {"resourceType": "Encounter", "id": "e1"},
        {"resourceType": "Patient", "id": "p1"},
        (NOTE, NOTE),
        ({"resourceType": "Observation", "valueQuantity": {"value": Decimal("6.50")}},),
        "main",
        write_back=True,
        include_text=True,
        limits=CallerLimits("p1", False, frozenset({("Claim", "create"), ("Condition", "update")})),
    ),
    Agent(AgentKind.PERSON, "Practitioner/9", "https://auth.example", "page"),
    ("Parameters.parameter[0]",),
    "r-1",
    "192.0.2.7",
    "cGllY2U=",
)
PAGES_ONLY = {"is_uploaded", "sending"}
"""What only our own pages ask, which wait for the answer."""


@pytest.mark.parametrize("asked", [FULL, Asked(CodingRequest("default", notes=()), Agent(AgentKind.CLIENT))], ids=["full", "least"])
def test_what_is_asked_comes_back(asked: Asked) -> None:
    assert read(written(asked)) == asked


def test_a_decimal_keeps_its_digits() -> None:
    assert str(read(written(FULL)).request.context[0]["valueQuantity"]["value"]) == "6.50"


def test_every_part_of_a_request_is_tried_here() -> None:
    """A part that is added later must be written, or it is lost."""
    unset = {one.name for one in fields(CodingRequest) if getattr(FULL.request, one.name) == getattr(CodingRequest("default"), one.name)}
    assert unset == PAGES_ONLY
    assert not [one.name for one in fields(CallerLimits) if getattr(FULL.request.limits, one.name) == getattr(CallerLimits(), one.name)]


@pytest.mark.parametrize(
    ("request_", "reference"),
    [
        (CodingRequest("t", "e1"), "Encounter/e1"),
        (CodingRequest("t", encounter={"resourceType": "Encounter", "id": "e2"}), "Encounter/e2"),
        (CodingRequest("t", encounter={"resourceType": "Encounter"}), ""),
    ],
    ids=["of the EHR", "inline", "inline without an id"],
)
def test_the_encounter_is_named(request_: CodingRequest, reference: str) -> None:
    assert Asked(request_, Agent(AgentKind.CLIENT)).encounter == reference
