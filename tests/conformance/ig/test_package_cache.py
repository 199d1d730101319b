"""The FHIR package cache: made of definition bundles and StructureDefinitions, refused where they are not what they should be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.ig.__main__ import main
from conformance.ig.package_cache import _BUNDLES, UnusableSource, make_cache

CLAIM = {"resourceType": "StructureDefinition", "id": "Claim", "url": "http://hl7.org/fhir/StructureDefinition/Claim", "version": "4.0.1"}
OURS = {"resourceType": "StructureDefinition", "id": "us-core-patient", "version": "6.1.0"}


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    folder = tmp_path / "definitions"
    folder.mkdir()
    for name in _BUNDLES:
        entries = [{"resource": CLAIM}] if name == "profiles-resources" else []
        (folder / f"{name}.json").write_text(json.dumps({"resourceType": "Bundle", "entry": entries}), encoding="utf-8")
    return folder


@pytest.fixture
def us_core(tmp_path: Path) -> Path:
    folder = tmp_path / "us-core"
    folder.mkdir()
    (folder / "StructureDefinition-us-core-patient.json").write_text(json.dumps(OURS), encoding="utf-8")
    return folder


def test_the_packages_stand_where_sushi_looks(definitions: Path, us_core: Path, tmp_path: Path) -> None:
    core, ours = make_cache(tmp_path / "cache", definitions, us_core)
    assert core == tmp_path / "cache" / ".fhir" / "packages" / "hl7.fhir.r4.core#4.0.1"
    assert json.loads((core / "package" / "StructureDefinition-Claim.json").read_text(encoding="utf-8")) == CLAIM
    assert json.loads((ours / "package" / "package.json").read_text(encoding="utf-8"))["dependencies"] == {"hl7.fhir.r4.core": "4.0.1"}


def test_a_missing_bundle_is_named(definitions: Path, us_core: Path, tmp_path: Path) -> None:
    (definitions / "profiles-types.json").unlink()
    with pytest.raises(UnusableSource, match=r"profiles-types\.json is missing"):
        make_cache(tmp_path / "cache", definitions, us_core)


@pytest.mark.parametrize("version", ["5.0.1", None])
def test_another_us_core_is_refused(definitions: Path, us_core: Path, tmp_path: Path, version: str | None) -> None:
    file = us_core / "StructureDefinition-us-core-patient.json"
    file.write_text(json.dumps(OURS | {"version": version}), encoding="utf-8") if version else file.unlink()
    with pytest.raises(UnusableSource, match=r"US Core 6\.1\.0"):
        make_cache(tmp_path / "cache", definitions, us_core)


def test_without_npm_the_command_says_so(
    us_core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["packages", "--us-core", str(us_core), "--cache", str(tmp_path / "cache")]) == 1
    assert capsys.readouterr().err == "node is not installed\n"
