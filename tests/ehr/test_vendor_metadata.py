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
