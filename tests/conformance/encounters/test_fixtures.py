"""The fixtures are what their README says: R4, made of known keys, listed, and free of ids that stand twice."""

from __future__ import annotations

import base64
import csv
import json
import re
from bisect import bisect_left
from collections import Counter
from pathlib import Path

import pytest

from conformance.expectation import COMMON_KEYS, KINDS, OPTIONAL_KEYS, read_expectation
from conformance.fixture import FOLDER, KEYS, Fixture, all_fixtures, folders, read_fixture
from conformance.requirement import Level
from fhir_coder.fhir.reader import read_json
from terminology.codebook import Codebook
from tests.each import for_each

FIXTURES = list(all_fixtures().values())
README = (FOLDER / "README.md").read_text(encoding="utf-8")
NEXT_RELEASE = {"D69.11", "D69.19"}
"""Codes of FY2027, which the fixture before 1 October must not get."""
each = for_each("fixture", FIXTURES, ids=lambda one: one.id)


def test_there_are_enough() -> None:
    assert len(FIXTURES) >= 44


@each
def test_bundle_is_r4(fixture: Fixture) -> None:
    bundle = read_json((FOLDER / fixture.id / "bundle.json").read_bytes())
    assert bundle["type"] == "collection"
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert [url.split("/")[-2:] for url in urls] == [[one["resourceType"], one["id"]] for one in fixture.resources]


@each
def test_what_is_sent_inline_is_r4(fixture: Fixture) -> None:
    assert read_json(json.dumps(fixture.parameters()).encode()) == fixture.parameters()
    assert all("data" in content["attachment"] for one in fixture.sent_notes() for content in one["content"])


@each
def test_references_resolve(fixture: Fixture) -> None:
    known = {f"{one['resourceType']}/{one['id']}" for one in fixture.resources}
    text = (FOLDER / fixture.id / "bundle.json").read_text(encoding="utf-8")
    named = set(re.findall(r'"(?:reference|url)": "([A-Z][A-Za-z]+/[^"]+)"', text))
    assert named <= known
    assert fixture.encounter in known


@each
def test_expectations_name_what_is_there(fixture: Fixture) -> None:
    known = {f"DocumentReference/{one['id']}" for one in fixture.of("DocumentReference")}
    for one in fixture.expectations:
        assert {*one.given.get("documents", ()), *([one["document"]] if "document" in one.given else [])} <= known
        assert len(one.why) > 20
    assert any(one.scope is Level.SHALL for one in fixture.expectations)
    assert fixture.expectations[0].kind in {"answered", "refused", "answered-or-refused"}


@pytest.fixture(scope="module")
def billable(codebook: Codebook) -> list[str]:
    """Every billable code, in order."""
    return sorted(codebook.billable_codes())


@each
def test_codes_expected_are_codes(fixture: Fixture, billable: list[str]) -> None:
    """A billable code, or what billable codes begin with; what must be assigned is a whole code, but for the cause that has many."""
    for one in fixture.expectations:
        lists = [one.given.get(key, ()) for key in ("codes", "before", "after")]
        lists += [one["anyOf"]] if one.kind in {"assigned", "first-listed"} else []
        for code in {code for codes in lists for code in codes} - NEXT_RELEASE:
            assert billable[bisect_left(billable, code)].startswith(code), code
        if one.kind == "assigned":
            assert set(one["anyOf"]) - set(billable) <= {"W10"}


@each
def test_does_not_contradict_itself(fixture: Fixture) -> None:
    wanted = [code for one in fixture.expectations if one.kind in {"assigned", "first-listed"} for code in one["anyOf"]]
    forbidden = [code for one in fixture.expectations if one.kind == "not-assigned" for code in one["codes"]]
    assert [(code, other) for code in wanted for other in forbidden if code.startswith(other)] == []


def test_no_id_stands_twice() -> None:
    addresses = Counter((one["resourceType"], one["id"]) for fixture in FIXTURES for one in fixture.resources)
    assert [address for address, count in addresses.items() if count > 1] == []


def test_the_list_names_them_all() -> None:
    with (FOLDER / "fixtures.csv").open(encoding="utf-8", newline="") as lines:
        rows = {row["id"]: row for row in csv.DictReader(lines)}
    assert list(rows) == [one.id for one in FIXTURES]
    for one in FIXTURES:
        row = rows[one.id]
        assert (row["title"], row["shows"], row["format"]) == (one.title, one.shows, one.format)
        kinds = {expectation.kind for expectation in one.expectations}
        assert row["status"] == ("422" if "refused" in kinds else "200 or 4xx" if "answered-or-refused" in kinds else "200")
        allowed = [" or ".join(expectation["anyOf"]) for expectation in one.expectations if expectation.kind == "disposition"]
        assert row["disposition"] in ({""} if "refused" in kinds else {*allowed, "pass or review"})


def test_every_folder_is_a_fixture() -> None:
    assert [one.name for one in sorted(FOLDER.iterdir()) if one.is_dir()] == [one.name for one in folders()]


def test_the_readme_explains_every_key_and_kind() -> None:
    assert [key for key in KEYS if f"`{key}" not in README] == []
    assert [kind for kind in KINDS if f"`{kind}`" not in README] == []
    assert [
        key
        for key in {*COMMON_KEYS, *(key for keys in (*KINDS.values(), *OPTIONAL_KEYS.values()) for key in keys)}
        if f"`{key}`" not in README
    ] == []
    assert "CC0-1.0" in README and "CC0 1.0 Universal" in (FOLDER / "LICENSE").read_text(encoding="utf-8")


def test_data_of_binaries_goes_inline() -> None:
    fixture = all_fixtures()["note-binary-raw"]
    sent = fixture.sent_notes()[0]["content"][0]["attachment"]
    assert "url" not in sent and b"Acute cystitis" in base64.b64decode(sent["data"])
    assert "url" in fixture.of("DocumentReference")[0]["content"][0]["attachment"]


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "guessed", "scope": "SHALL", "why": "x"},
        {"kind": "assigned", "scope": "SHALL", "why": "x"},
        {"kind": "answered", "scope": "SHALL", "why": "x", "codes": []},
        {"kind": "answered", "scope": "MUST", "why": "x"},
        {"kind": "answered", "scope": "SHALL"},
    ],
)
def test_an_expectation_that_is_none_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        read_expectation(told)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "other-name"
    folder.mkdir()
    for name in ("bundle.json", "expected.json"):
        (folder / name).write_bytes((FOLDER / "note-plain-text" / name).read_bytes())
    with pytest.raises(ValueError, match="README"):
        read_fixture(folder)
