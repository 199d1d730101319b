"""The FHIR package: built without a network, the same bytes each time; what is in it is valid by validators that are not ours, and what breaks a profile is not."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from conformance.ig.__main__ import NEEDED, main
from conformance.ig.archive import manifest_of, package_files, write_archive
from conformance.ig.build import build_package
from conformance.ig.npm import NotInstallable, install_packages
from conformance.ig.sushi import NotBuilt, Sushi
from fhir_coder import __version__
from fhir_coder.ehr.capabilities import read_capabilities
from fhir_coder.ehr.search_plan import plan_note_searches, plan_report_searches
from fhir_coder.ehr.supply import ENCOUNTER_PARAMETER
from fhir_coder.ehr.visit import Visit
from fhir_coder.fhir.writer import write_json
from fhir_coder.model import Outcome
from fhir_coder.sandbox.assembly import assemble
from fhir_coder.sandbox.seed import encounter_sources
from fhir_coder.settings import Settings
from fhir_coder.smart.scopes import WRITES
from fhir_coder.vocabulary import CANONICAL, DISPOSITION_REASON
from tests.contracts.answers import proposed
from tests.contracts.peers import Resource, validation_errors
from tests.contracts.validity import schema_faults, written
from tests.one_engine import create_app
from tests.simulated_ehr import SimulatedEhr
from tests.writeback.practice import Practice

ROOT = Path(__file__).resolve().parents[2]
OF_KIND = {"Condition": "coding-condition", "Claim": "coding-claim", "Task": "coding-review-task", "Provenance": "coding-provenance"}
US_CORE = "StructureDefinition-us-core-condition-encounter-diagnosis.json"


@dataclass(frozen=True)
class Package:
    """The unpacked package."""

    folder: Path

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def __getitem__(self, name: str) -> Resource:
        """A resource by ``Type-id``, an example by ``example/Type-id``."""
        return json.loads(self.file(name).read_text(encoding="utf-8"))

    def paths(self, below: str = "") -> list[Path]:
        return sorted(path for path in (self.folder / below).glob("*-*.json"))

    def examples_of(self, profile: str) -> list[Path]:
        """The examples that the guide lists for a profile."""
        canonical = f"{CANONICAL}/StructureDefinition/{profile}"
        listed = self["ImplementationGuide-fhir-coder.ig"]["definition"]["resource"]
        references = [one["reference"]["reference"] for one in listed if one.get("exampleCanonical") == canonical]
        return [self.file(f"example/{reference.replace('/', '-')}") for reference in references]

    def profiles(self) -> list[str]:
        found = [self[path.stem] for path in self.paths() if path.name.startswith("StructureDefinition-")]
        return [one["id"] for one in found if one["type"] != "Extension"]


@pytest.fixture(scope="module")
def sushi(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Sushi:
    try:
        node_modules = install_packages(*NEEDED) / "node_modules"
    except NotInstallable as reason:
        pytest.skip(f"SUSHI cannot be installed: {reason}")
    cache = tmp_path_factory.mktemp("cache")
    assert main(["packages", "--us-core", str(shared / "fhir" / "us-core-6.1.0"), "--cache", str(cache)]) == 0
    return Sushi(node_modules, cache)


@pytest.fixture(scope="module")
def archive(sushi: Sushi, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("archive") / "fhir-coder-ig.tgz"
    build_package(sushi, out)
    return out


@pytest.fixture(scope="module")
def package(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("package")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return Package(folder / "package")


@pytest.fixture(scope="module")
def server(built: None, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """The assembled server, without an EHR."""
    store = tmp_path_factory.mktemp("server") / "store.sqlite"
    variables = {"FHIR_CODER_DATA": str(Settings.from_environment().data), "FHIR_CODER_DATABASE_URL": f"sqlite:///{store}"}
    return create_app(Settings.from_environment(variables, sandbox=True, builtin_ehr=False)).test_client()


def for_medplum(package: Package, profile: str, folder: Path) -> Path:
    """The profile as Medplum reads it: where Provenance.agent has slices, its parser stops at Provenance.entity.agent, which refers to it (HL7's own US
    Core Provenance too). Nothing here is said of that element."""
    definition = package[f"StructureDefinition-{profile}"]
    elements = definition["snapshot"]["element"]
    definition["snapshot"]["element"] = [one for one in elements if one["path"] != "Provenance.entity.agent"]
    path = folder / f"{profile}.json"
    path.write_text(json.dumps(definition), encoding="utf-8")
    return path


def test_the_same_files_give_the_same_bytes(archive: Path, package: Package, tmp_path: Path) -> None:
    """Packed again from files that were written later, in another place and order."""
    again = tmp_path / "again.tgz"
    guide = package["ImplementationGuide-fhir-coder.ig"]
    write_archive(package_files(manifest_of(guide), reversed(package.paths()), reversed(package.paths("example"))), again)
    assert again.read_bytes() == archive.read_bytes()


def test_it_is_an_npm_style_package(package: Package) -> None:
    manifest = package["package"]
    assert (manifest["name"], manifest["version"], manifest["canonical"]) == ("fhir-coder.ig", __version__, CANONICAL)
    assert manifest["dependencies"] == {"hl7.fhir.r4.core": "4.0.1", "hl7.fhir.us.core": "6.1.0"}
    for below in ("", "example/"):
        index = json.loads((package.folder / below / ".index.json").read_text(encoding="utf-8"))
        assert [one["filename"] for one in index["files"]] == [path.name for path in package.paths(below)]
        for one in index["files"]:
            resource = package[f"{below}{one['filename'].removesuffix('.json')}"]
            assert (one["resourceType"], one["id"], one.get("url")) == (resource["resourceType"], resource["id"], resource.get("url"))


def test_the_guide_lists_what_is_there(package: Package) -> None:
    listed = [one["reference"]["reference"] for one in package["ImplementationGuide-fhir-coder.ig"]["definition"]["resource"]]
    there = [json.loads(path.read_text(encoding="utf-8")) for path in (*package.paths(), *package.paths("example"))]
    named = {f"{one['resourceType']}/{one['id']}" for one in there if one["resourceType"] != "ImplementationGuide"}
    assert (len(listed), set(listed)) == (len(named), named)


def test_every_canonical_has_version_and_publisher(package: Package) -> None:
    canonicals = [one for one in (package[path.stem] for path in package.paths()) if "url" in one]
    assert len(canonicals) > 30
    for one in canonicals:
        assert one["url"] == f"{CANONICAL}/{one['resourceType']}/{one['id']}"
        assert (one["version"], one["publisher"]) == (__version__, "fhir-coder")
        assert one["date"]


def test_profiles_have_snapshots(package: Package) -> None:
    for path in package.paths():
        if path.name.startswith("StructureDefinition-"):
            assert len(package[path.stem]["snapshot"]["element"]) > len(package[path.stem]["differential"]["element"])


def test_it_carries_what_the_server_serves(package: Package, server: FlaskClient) -> None:
    for operation in ("code-encounter", "check-coding"):
        assert package[f"OperationDefinition-{operation}"] == server.get(f"/fhir/OperationDefinition/{operation}").get_json(force=True)
    served, ours = server.get("/fhir/metadata").get_json(force=True), package["CapabilityStatement-server"]
    assert (ours["kind"], "implementation" in ours) == ("capability", False)
    del served["kind"], served["implementation"]
    assert {key: ours[key] for key in served} == served


def test_everything_in_it_is_valid(package: Package, peers: Path) -> None:
    files = [*package.paths(), *package.paths("example")]
    assert validation_errors(peers, files) == []
    faults = [f"{file.name}: {one}" for file in files for one in schema_faults(peers, json.loads(file.read_text(encoding="utf-8")))]
    assert faults == []


def test_every_example_is_valid_by_its_profile(package: Package, peers: Path, shared: Path, tmp_path: Path) -> None:
    assert len(package.profiles()) == 6
    for profile in package.profiles():
        assert validation_errors(peers, package.examples_of(profile), for_medplum(package, profile, tmp_path)) == []
    assert validation_errors(peers, package.examples_of("coding-condition"), shared / "fhir" / "us-core-6.1.0" / US_CORE) == []


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["Coverage", "DocumentReference", "Encounter", "Organization", "Patient", "Practitioner"])
def test_the_encounter_of_the_examples_is_us_core(package: Package, peers: Path, shared: Path, kind: str) -> None:
    files = [path for path in package.paths("example") if path.name.startswith(f"{kind}-")]
    assert validation_errors(peers, files, shared / "fhir" / "us-core-6.1.0" / f"StructureDefinition-us-core-{kind.lower()}.json") == []


def test_every_state_has_an_example(package: Package) -> None:
    def shown(profile: str, *path: str) -> set[str]:
        found = [json.loads(file.read_text(encoding="utf-8")) for file in package.examples_of(profile)]
        return {str(text) for one in found for text in values(one, path)}

    assert shown("coding-condition", "verificationStatus", "coding", "code") == {"unconfirmed", "confirmed", "entered-in-error"}
    assert shown("coding-condition", "meta", "tag", "code") == {"needs-review", "withdrawn"}
    assert shown("coding-condition", "code", "coding", "userSelected") == {"True", "False"}
    assert shown("coding-claim", "status") == {"draft", "active", "cancelled"}
    assert shown("coding-review-task", "status") == {"requested", "completed", "cancelled"}
    assert shown("coding-provenance", "agent", "type", "coding", "code") == {"assembler", "verifier"}
    assert shown("coding-provenance", "activity", "coding", "code") == {"CREATE", "UPDATE", "NULLIFY"}
    assert shown("provider-query", "status") == {"completed"}
    assert shown("provider-query", "inResponseTo", "reference") == {"Communication/query"}
    assert shown("provider-query-task", "status") == {"requested", "cancelled"}


def values(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Everything at a path, lists entered."""
    if isinstance(value, list):
        for one in value:
            yield from values(one, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from values(value[path[0]], path[1:])


def everything(value: Any) -> Iterator[Resource]:
    """Every object inside, itself included."""
    if isinstance(value, list):
        for one in value:
            yield from everything(one)
    elif isinstance(value, dict):
        yield value
        for one in value.values():
            yield from everything(one)


def test_every_code_extension_and_identifier_system_of_ours_in_an_example_is_defined(package: Package) -> None:
    objects = [one for path in package.paths("example") for one in everything(package[f"example/{path.stem}"])]
    named = {one["uniqueId"][0]["value"] for one in (package[path.stem] for path in package.paths()) if "uniqueId" in one}
    systems = {
        one["url"]: {concept["code"] for concept in one["concept"]}
        for one in (package[path.stem] for path in package.paths())
        if "concept" in one
    }
    codes = [(one["system"], one["code"]) for one in objects if "code" in one and str(one.get("system")).startswith(CANONICAL)]
    assert {system.rpartition("/")[2] for system, _ in codes} >= {"review-status", "task", "disposition", "disposition-reason", "error"}
    assert [one for one in codes if one[0] not in named and one[1] not in systems[one[0]]] == []
    assert {one["system"] for one in objects if "value" in one and str(one.get("system")).startswith(CANONICAL)} <= named
    extensions = {one["url"] for one in objects if str(one.get("url")).startswith(f"{CANONICAL}/StructureDefinition")}
    assert {url.rpartition("/")[2] for url in extensions} == {"coding-probability", "coding-evidence", "audit-chain"}
    assert all(package.file(url.removeprefix(f"{CANONICAL}/").replace("/", "-")).is_file() for url in extensions)


def test_references_of_the_examples_lead_to_examples(package: Package) -> None:
    there = {path.stem.replace("-", "/", 1) for path in package.paths("example")}
    named = {
        one["reference"] for path in package.paths("example") for one in everything(package[f"example/{path.stem}"]) if "reference" in one
    }
    literal = {one for one in named if isinstance(one, str) and not one.startswith(("#", "urn:uuid:"))}
    assert {"Encounter/diabetes-ckd", "Claim/proposed", "Condition/signed-e11-42"} <= literal
    assert literal <= there


def setting(*path: str | int, to: Any) -> Callable[[Resource], None]:
    """Puts something else at a place."""

    def change(resource: Resource) -> None:
        value: Any = resource
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to

    return change


def without(*path: str | int) -> Callable[[Resource], None]:
    """Takes away what stands at a place."""

    def change(resource: Resource) -> None:
        value: Any = resource
        for step in path[:-1]:
            value = value[step]
        del value[path[-1]]

    return change


BROKEN = {
    "coding-condition": [
        setting("identifier", 0, "system", to="https://other.example.org"),
        without("verificationStatus"),
        without("code", "coding", 0, "version"),
        without("code", "coding", 0, "userSelected"),
        setting("category", 0, "coding", 0, "code", to="problem-list-item"),
        without("meta", "tag"),
        without("recordedDate"),
    ],
    "coding-claim": [
        setting("use", to="predetermination"),
        setting("type", "coding", 0, "code", to="institutional"),
        setting("priority", "coding", 0, "code", to="stat"),
        setting("diagnosis", 0, "diagnosisCodeableConcept", "coding", 0, "system", to="http://snomed.info/sct"),
        without("diagnosis", 0, "diagnosisCodeableConcept", "coding", 0, "version"),
        setting("item", 0, "diagnosisSequence", to=[9]),
        without("identifier"),
    ],
    "coding-review-task": [
        setting("intent", to="order"),
        setting("priority", to="stat"),
        setting("code", "coding", 0, "code", to="answer-provider-query"),
        setting("input", 0, "type", "text", to="something else"),
        setting("reasonCode", "coding", to=[{"system": DISPOSITION_REASON, "code": code} for code in ("no-codes", "confident")]),
        without("for"),
    ],
    "coding-provenance": [
        setting("meta", "tag", 0, "system", to="https://other.example.org"),
        setting("agent", 0, "type", "coding", 0, "code", to="author"),
        setting("agent", 0, "who", "reference", to="#other"),
        setting("contained", 0, "deviceName", 0, "name", to="other"),
        without("activity"),
    ],
    "provider-query": [
        setting("status", to="in-progress"),
        setting("category", 0, "coding", 0, "code", to="review-coding"),
        without("sent"),
    ],
    "provider-query-task": [
        setting("intent", to="plan"),
        setting("code", "coding", 0, "code", to="review-coding"),
        setting("description", to="The question a second time"),
    ],
}


@pytest.fixture(scope="module")
def broken(package: Package, peers: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """By profile an example with each fault. All of them are valid R4: it is the profile that refuses."""
    files: dict[str, list[Path]] = {}
    for profile, changes in BROKEN.items():
        first = next(file for file in package.examples_of(profile) if profile != "coding-condition" or "signed-e11-42" in file.name)
        copies = [json.loads(first.read_text(encoding="utf-8")) for _ in changes]
        for one, change in zip(copies, changes, strict=True):
            change(one)
        files[profile] = written(copies, tmp_path_factory.mktemp(profile))
    assert validation_errors(peers, [file for some in files.values() for file in some]) == []
    return files


@pytest.mark.parametrize("profile", BROKEN)
def test_what_breaks_a_profile_is_refused(
    package: Package, peers: Path, tmp_path: Path, broken: dict[str, list[Path]], profile: str
) -> None:
    errors = validation_errors(peers, broken[profile], for_medplum(package, profile, tmp_path))
    assert [file.name for file in broken[profile] if not any(line.startswith(f"{file}: ") for line in errors)] == []


@pytest.fixture(scope="module")
def coded(server: FlaskClient) -> list[Resource]:
    """What the server proposes for the synthetic encounters whose notes can be sent along."""
    encounters = [list(assemble(source)) for source in encounter_sources()]
    answers = [
        server.post("/fhir/Encounter/$code-encounter", data=write_json(call(one)), content_type="application/fhir+json")
        for one in encounters
        if not any(resource["resourceType"] == "Binary" for resource in one)
    ]
    assert len(answers) > 8
    assert {answer.status_code for answer in answers} == {200}
    return [resource for answer in answers for resource in proposed(json.loads(answer.data))]


def call(resources: list[Resource]) -> Resource:
    """The encounter with everything that belongs to it, as parameters."""
    names = {"Encounter": "encounter", "Patient": "patient", "DocumentReference": "note"}
    given = [{"name": names.get(one["resourceType"], "context"), "resource": one} for one in resources]
    return {"resourceType": "Parameters", "parameter": given}


def test_what_the_server_proposes_is_valid_by_the_profiles(package: Package, peers: Path, coded: list[Resource], tmp_path: Path) -> None:
    for kind, profile in OF_KIND.items():
        ours = [one for one in coded if one["resourceType"] == kind]
        assert len(ours) > 5
        assert validation_errors(peers, written(ours, tmp_path), for_medplum(package, profile, tmp_path)) == []


def test_an_ehr_that_offers_what_is_asked_for_gets_everything(package: Package) -> None:
    statement = package["CapabilityStatement-ehr"]
    offered = read_capabilities(statement)
    for kind, _, interaction in WRITES:
        assert offered.can(kind, interaction)
    for kind, parameter in ENCOUNTER_PARAMETER.items():
        assert offered.searches(kind, parameter)
    visit = Visit(patient="Patient/p1", encounter="Encounter/e1", start="2026-05-04", end="2026-05-04")
    for plan in (plan_note_searches(offered, visit), plan_report_searches(offered, visit)):
        assert plan
        assert all(("encounter", "Encounter/e1") in one.parameters for one in plan)
    ehr = SimulatedEhr(statement)
    coding = Practice(ehr).code("I10", "E11.9", outcome=Outcome.REVIEW)
    assert {status.rpartition(" ")[2] for status in coding.statuses} == {"201"}


def test_what_the_documents_ask_of_an_ehr_is_in_the_requirements(package: Package) -> None:
    """docs/ehr.md: "`r` of Encounter, Patient, Binary and Practitioner, and `rs` of ..."."""
    words = " ".join((ROOT / "docs" / "ehr.md").read_text(encoding="utf-8").split())
    scopes = re.search(r"Reading uses (.+?), as far as the EHR has them; writing back (.+?)\.", words)
    assert scopes is not None
    asked = [
        (kind, letters)
        for letters, kinds in re.findall(r"`([crus]+)` of ([A-Z][\w, ]+)", " and ".join(scopes.groups()))
        for kind in re.findall(r"[A-Z]\w+", kinds)
    ]
    assert len(asked) == 15
    offered = read_capabilities(package["CapabilityStatement-ehr"])
    interactions = {"c": ("create",), "u": ("update",), "r": ("read", "search-type"), "s": ("search-type",)}
    assert [
        (kind, letter) for kind, letters in asked for letter in letters if not any(offered.can(kind, one) for one in interactions[letter])
    ] == []


def test_a_warning_of_sushi_ends_the_build(sushi: Sushi, tmp_path: Path) -> None:
    fsh = tmp_path / "input" / "fsh"
    fsh.mkdir(parents=True)
    (tmp_path / "sushi-config.yaml").write_text(
        "id: x.y\ncanonical: https://example.org\nname: X\nstatus: draft\nversion: 0.1.0\nfhirVersion: 4.0.1\n"
    )
    (fsh / "wrong.fsh").write_text("Profile: Wrong\nParent: Claim\nId: wrong\n* nothing 1..1\n")
    with pytest.raises(NotBuilt, match="No element found at path nothing"):
        sushi.run(tmp_path)
