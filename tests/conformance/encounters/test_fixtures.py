"""The fixtures are what their README says: R4, made of known keys, listed, and free of ids that stand twice."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
import shutil
from bisect import bisect_left
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from conformance.expectation import COMMON_KEYS, KINDS, OPTIONAL_KEYS, read_expectation
from conformance.fixture import FOLDER, KEYS, Fixture, all_fixtures, folders, read_fixture
from conformance.requirement import Level
from fhir_coder.fhir.reader import read_json
from terminology.codebook import Codebook
from tests.each import for_each
from tools.fixture_note import laid_out, main

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
def test_ids_and_addresses_are_the_fixtures_own(fixture: Fixture) -> None:
    for entry in bundle_of(fixture)["entry"]:
        kind, own = entry["resource"]["resourceType"], entry["resource"]["id"]
        assert own == fixture.id or own.startswith(f"{fixture.id}-")
        assert entry["fullUrl"] == f"https://ehr.example.com/fhir/{kind}/{own}"


@each
def test_bundle_is_laid_out_as_all_are(fixture: Fixture) -> None:
    assert (FOLDER / fixture.id / "bundle.json").read_text(encoding="utf-8") == laid_out(bundle_of(fixture))


@each
def test_attachments_are_what_they_say(fixture: Fixture) -> None:
    """Size, hash and type are those of the bytes; the hash is not where the fixture is about one that is not."""
    binaries = {f"Binary/{one['id']}": one for one in fixture.of("Binary")}
    attachments = [content["attachment"] for one in fixture.of("DocumentReference") for content in one["content"]]
    assert {one["url"] for one in attachments if "url" in one} == set(binaries)
    other_hash = []
    for one in attachments:
        keeper = binaries[one["url"]] if "url" in one else one
        content = base64.b64decode(keeper["data"], validate=True)
        assert (one["size"], one["contentType"]) == (len(content), keeper["contentType"])
        assert fits(one["contentType"], content)
        other_hash += [one] if one["hash"] != sha1(content) else []
    assert bool(other_hash) == (fixture.id == "attachment-changed")


def sha1(content: bytes) -> str:
    return base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()


def bundle_of(fixture: Fixture) -> dict[str, Any]:
    return json.loads((FOLDER / fixture.id / "bundle.json").read_text(encoding="utf-8"))


def fits(content_type: str, content: bytes) -> bool:
    """Whether bytes are of a type, as far as they themselves can say it."""
    kind, _, charset = content_type.partition("; charset=")
    text = content.decode(charset or "utf-8", "strict") if kind.startswith("text/") else ""
    return {
        "application/pdf": content.startswith(b"%PDF-") and b"%%EOF" in content[-16:],
        "application/rtf": content.startswith(b"{\\rtf1") and content.rstrip().endswith(b"}"),
        "application/xml": content.startswith(b"<?xml ") and b'xmlns="urn:hl7-org:v3"' in content,
        "application/xhtml+xml": content.startswith(b'<div xmlns="http://www.w3.org/1999/xhtml"'),
        "text/html": text.lower().startswith(("<!doctype html", "<html")),
        "text/plain": "<" not in text[:1] and not re.search(r"[\x00-\x08\x80-\x9f]", text),
    }[kind]


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/pdf", b"%PDF-1.4 cut off"),
        ("text/plain; charset=utf-8", "Wert \x92".encode("latin-1") + b"\x80"),
        ("text/plain; charset=iso-8859-1", b"It\x92s"),
        ("text/html; charset=utf-8", b"plain words"),
        ("application/xml", b"<?xml version='1.0'?><note/>"),
    ],
)
def test_bytes_of_another_type_do_not_fit(content_type: str, content: bytes) -> None:
    try:
        assert not fits(content_type, content)
    except UnicodeDecodeError:
        assert "utf-8" in content_type


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


@pytest.mark.parametrize(
    ("name", "document", "keeper"), [("note-plain-text", "note-plain-text-note", ""), ("note-binary-raw", "note-binary-raw-note", "Binary")]
)
def test_a_note_is_put_into_a_fixture(tmp_path: Path, name: str, document: str, keeper: str) -> None:
    folder = tmp_path / name
    shutil.copytree(FOLDER / name, folder)
    (tmp_path / "note.html").write_bytes(b"<html>Cough</html>")
    assert main([name, document, str(tmp_path / "note.html"), "--content-type", "text/html"], tmp_path) == 0
    fixture = read_fixture(folder)
    attachment = next(one for one in fixture.of("DocumentReference") if one["id"] == document)["content"][0]["attachment"]
    assert (attachment["size"], attachment["contentType"], attachment["hash"]) == (18, "text/html", sha1(b"<html>Cough</html>"))
    kept = fixture.of(keeper)[0] if keeper else attachment
    assert (kept["contentType"], base64.b64decode(kept["data"])) == ("text/html", b"<html>Cough</html>")
    assert ("data" in attachment) == (not keeper)


def test_a_note_for_no_document_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(FOLDER / "note-plain-text", tmp_path / "note-plain-text")
    before = (tmp_path / "note-plain-text" / "bundle.json").read_bytes()
    assert main(["note-plain-text", "other", str(FOLDER / "LICENSE")], tmp_path) == 1
    assert "there are DocumentReference/note-plain-text-note" in capsys.readouterr().err
    assert (tmp_path / "note-plain-text" / "bundle.json").read_bytes() == before
