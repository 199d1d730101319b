"""The plan is a pure function: from values to one step for each resource, without an EHR."""

from __future__ import annotations

import pytest

from fhir_coder.ehr.capabilities import read_capabilities
from fhir_coder.errors import EhrTimeout
from fhir_coder.exchange import Resource
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.names import name_of
from fhir_coder.writeback.plan import plan
from fhir_coder.writeback.steps import Action, Step
from fhir_coder.writeback.survey import Survey
from fhir_coder.writeback.terms import Earlier, EarlierWrite, Terms, read_earlier
from tests.simulated_ehr import full_statement
from tests.writeback.practice import KEY, Kept, proposal_of

OFFER = read_capabilities(full_statement())
BUNDLE = build_bundle(proposal_of(("I10",)))
CONDITION, CLAIM, TASK, PROVENANCE = (entry["resource"] for entry in BUNDLE["entry"])
CODES = frozenset({"I10"})


def at_ehr(resource: Resource, number: str = "1", **changes: object) -> Resource:
    """A proposed resource as the EHR would hold it."""
    return resource | {"id": number, "meta": resource.get("meta", {}) | {"versionId": "1"}} | changes


def actions(steps: tuple[Step, ...]) -> list[str]:
    return [f"{one.kind} {one.action}" for one in steps]


def test_where_nothing_stands_everything_is_created() -> None:
    steps = plan(BUNDLE, Survey(), OFFER, Terms(KEY, codes=CODES))
    assert actions(steps) == ["Condition create", "Claim create", "Task create", "Provenance create"]
    assert [one.follows for one in steps] == ["", "", "", BUNDLE["entry"][0]["fullUrl"]]


def test_what_stands_is_kept() -> None:
    existing = {name_of(one): at_ehr(one) for one in (CONDITION, CLAIM, TASK)}
    ours = at_ehr(PROVENANCE, target=[{"reference": "Condition/1"}])
    earlier = Earlier({name: EarlierWrite(f"{one['resourceType']}/1", "1", one) for name, one in existing.items()})
    steps = plan(BUNDLE, Survey(existing, {"Condition/1": (ours,)}), OFFER, Terms(KEY, codes=CODES, earlier=earlier))
    assert actions(steps) == ["Condition keep", "Claim keep", "Task keep", "Provenance keep"]


def test_what_is_not_known_to_exist_is_not_written() -> None:
    failures = {name_of(CONDITION): EhrTimeout("silent")}
    steps = plan(BUNDLE, Survey(failures=failures), OFFER, Terms(KEY, codes=CODES))
    assert actions(steps) == ["Condition fail", "Claim create", "Task create", "Provenance spare"]


def test_what_is_not_proposed_any_more_is_retired_with_a_provenance() -> None:
    (old, *_) = (entry["resource"] for entry in build_bundle(proposal_of(("E11.9",)))["entry"])
    steps = plan(BUNDLE, Survey({name_of(old): at_ehr(old, "9")}), OFFER, Terms(KEY, codes=CODES))
    assert actions(steps)[4:] == ["Condition revise", "Provenance create"]
    assert (steps[4].word, steps[5].follows) == ("Retired", steps[4].full_url)
    assert steps[5].resource["activity"]["coding"][0]["code"] == "NULLIFY"


@pytest.mark.parametrize("terms", [Terms("", codes=CODES), Terms(KEY, codes=frozenset({"I10", "E11.9"}))], ids=["no key", "still stands"])
def test_what_is_not_told_to_be_ours_or_still_stands_is_not_retired(terms: Terms) -> None:
    (old, *_) = (entry["resource"] for entry in build_bundle(proposal_of(("E11.9",)))["entry"])
    assert len(plan(BUNDLE, Survey({name_of(old): at_ehr(old, "9")}), OFFER, terms)) == 4


def test_what_was_written_last_is_what_counts_and_not_what_was_refused_since() -> None:
    lines = [
        Kept(CLAIM, "201 Created", "Claim/1/_history/1"),
        Kept(CLAIM | {"diagnosis": []}, "200 Updated", "Claim/1/_history/2"),
        Kept(CLAIM, "200 OK", "Claim/1/_history/7"),
        Kept(None, "200 Retired", "Condition/9/_history/2"),
        Kept(None, "200 OK", "Condition/8/_history/4"),
    ]
    earlier = read_earlier(lines)
    assert earlier.writes == {name_of(CLAIM): EarlierWrite("Claim/1", "2", CLAIM | {"diagnosis": []})}
    assert earlier.retired == {"Condition/9/_history/2"}


def test_every_action_is_a_word_of_the_plan() -> None:
    assert {str(one) for one in Action} == {"create", "revise", "keep", "leave", "hold", "omit", "fail", "spare", "adopt", "doubt"}
