"""Capabilities of EHRs as their vendors publish them."""

from pathlib import Path

import pytest

from fhir_coder.ehr.capabilities import read_capabilities
from fhir_coder.fhir.reader import read_json


@pytest.mark.parametrize(("vendor", "can_create_condition", "finds_notes_by_encounter"), [("epic", True, True), ("athena", False, True)])
def test_vendor_metadata(shared: Path, vendor: str, can_create_condition: bool, finds_notes_by_encounter: bool) -> None:
    statement = read_json((shared / "fhir" / "vendor" / f"{vendor}-r4-capability.json").read_bytes())
    capabilities = read_capabilities(statement)
    assert capabilities.can("Condition", "create") is can_create_condition
    assert capabilities.searches("DocumentReference", "encounter") is finds_notes_by_encounter
    assert not capabilities.can("Claim", "create") and not capabilities.conditional_create("Condition")
    assert not capabilities.transacts and not capabilities.can("Condition", "update")


def test_transactions_are_an_interaction_of_the_server_and_not_of_a_type() -> None:
    rest = {"mode": "server", "interaction": [{"code": "batch"}, {"code": "transaction"}]}
    assert read_capabilities({"rest": [rest]}).transacts
    assert not read_capabilities({"rest": [{**rest, "mode": "client"}]}).transacts
    assert not read_capabilities({"rest": [{**rest, "interaction": [{"code": "batch"}]}]}).transacts


@pytest.mark.parametrize(("listed", "may_search"), [([], True), (["identifier"], True), (["patient"], False)])
def test_an_ehr_that_lists_no_search_parameter_may_know_it(listed: list[str], may_search: bool) -> None:
    one = {"type": "Task", "interaction": [{"code": "search-type"}], "searchParam": [{"name": name} for name in listed]}
    capabilities = read_capabilities({"rest": [{"mode": "server", "resource": [one]}]})
    assert capabilities.may_search("Task", "identifier") is may_search
    assert not capabilities.may_search("Claim", "identifier")
