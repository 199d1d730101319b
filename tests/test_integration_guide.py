"""The guide for integrators is true: its configurations start, and what it says of vendors is what their own files say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.tenant_settings import read_tenants

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "integration.md").read_text(encoding="utf-8")
EXAMPLES = {
    title: re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    for title, section in (part.split("\n", 1) for part in PAGE.split("\n## ")[1:])
    if "```json" in section
}


def rows(heading: str) -> list[dict[str, str]]:
    """The table whose first column has that heading, by column."""
    lines = PAGE.split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()
    columns = [heading, *(cell.strip() for cell in lines[0].strip(" |").split("|"))]
    return [dict(zip(columns, (cell.strip() for cell in line.strip().strip("|").split("|")), strict=True)) for line in lines[2:]]


def test_every_vendor_has_an_example() -> None:
    assert set(EXAMPLES) == {"Epic", "Oracle Health (Cerner)", "athenahealth", "A generic SMART server"}
    assert all(len(found) == 1 for found in EXAMPLES.values())


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_is_a_configuration(title: str) -> None:
    (tenant,) = read_tenants(EXAMPLES[title][0])
    assert tenant.trust and tenant.ehrs[0].backend and (tenant.ehrs[0].launch or tenant.sign_in)


@pytest.mark.parametrize("title", EXAMPLES)
def test_a_misspelt_example_would_be_refused(title: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_tenants(EXAMPLES[title][0].replace('"client_id"', '"clientid"'))


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_asks_for_nothing_that_its_vendor_lacks(title: str) -> None:
    """Scopes to write a type stand only where the table of interactions lists create or update."""
    column = next((name for name in rows("Type")[0] if name.split(" [")[0] in title), None)
    (tenant,) = read_tenants(EXAMPLES[title][0])
    asked = re.findall(r"system/(\w+)\.([cruds]+)", tenant.ehrs[0].backend.scope if tenant.ehrs[0].backend else "")
    offered = {row["Type"]: row[column] for row in rows("Type")} if column else {}
    for kind, letters in asked:
        if kind in offered:
            assert "c" not in letters or "create" in offered[kind], kind
            assert "u" not in letters or "update" in offered[kind], kind
            assert offered[kind] != "none", kind
    assert {"Encounter", "DocumentReference", "Binary"} <= {kind for kind, _ in asked}


STATEMENTS = {"Epic [E1]": "epic-r4-capability.json", "athenahealth [A1]": "athena-r4-capability.json"}


@pytest.fixture(params=STATEMENTS.items(), ids=STATEMENTS)
def vendor(request: pytest.FixtureRequest, shared: Path) -> tuple[str, dict[str, Any]]:
    """A column of the table and the statement that it is about."""
    column, name = request.param
    return column, json.loads((shared / "fhir" / "vendor" / name).read_text(encoding="utf-8"))["rest"][0]


def test_interactions_are_those_of_the_vendors_statement(vendor: tuple[str, dict[str, Any]]) -> None:
    column, rest = vendor
    listed = {one["type"]: {each["code"] for each in one.get("interaction", ())} for one in rest["resource"]}
    told = {row["Type"]: set(row[column].split(", ")) for row in rows("Type")}
    assert told == {kind: listed.get(kind, {"none"}) for kind in told}


def test_neither_transaction_nor_conditional_create_is_listed(vendor: tuple[str, dict[str, Any]]) -> None:
    _, rest = vendor
    assert not rest.get("interaction")
    assert not any(one.get("conditionalCreate") for one in rest["resource"])


def test_documents_are_searched_by_patient_and_encounter(vendor: tuple[str, dict[str, Any]]) -> None:
    _, rest = vendor
    (documents,) = (one for one in rest["resource"] if one["type"] == "DocumentReference")
    assert {"patient", "encounter"} <= {one["name"] for one in documents["searchParam"]}


def test_what_is_said_of_epics_authorization_server(shared: Path) -> None:
    found = json.loads((shared / "fhir" / "vendor" / "epic-smart.json").read_text(encoding="utf-8"))
    assert {"launch-ehr", "launch-standalone", "permission-v1", "permission-v2"} <= set(found["capabilities"])
    assert "client_credentials" in found["grant_types_supported"]
    assert "private_key_jwt" in found["token_endpoint_auth_methods_supported"]
    assert not {"introspection_endpoint", "token_endpoint_auth_signing_alg_values_supported"} & set(found)
    assert [one for one in found["scopes_supported"] if "/" in one] == []


def test_every_source_that_is_cited_is_explained() -> None:
    explained = set(re.findall(r"`\[([A-Z]\d)\]`", PAGE.split("**Sources.**")[1].split("\n\n")[0]))
    cited = set(re.findall(r"\[([A-Z]\d)\]", PAGE))
    assert cited == explained
