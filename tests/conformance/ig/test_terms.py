"""Every code, tag, extension and identifier system that the server emits is defined in its FHIR package, and nothing else is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from conformance.ig.build import HERE
from conformance.ig.examples import PROFILES
from conformance.ig.package_cache import US_CORE
from conformance.ig.vocabulary import ENUMERATIONS
from fhir_coder import __version__, disposition, vocabulary
from fhir_coder.always_review import review_rules
from fhir_coder.api.check_definition import CHECK_DEFINITION_URL
from fhir_coder.api.check_parameters import CHECK_IN, CHECK_OUT
from fhir_coder.api.definition import DEFINITION_URL
from fhir_coder.api.parameters import IN, OUT, Parameter
from fhir_coder.audit.event_codes import event_codes
from fhir_coder.edits.registry import all_edits
from fhir_coder.errors import FhirCoderError
from fhir_coder.model import RejectionReason
from fhir_coder.own_terms import own_terms, reason_coding
from fhir_coder.risk import discrepancies
from fhir_coder.risk.discrepancies import discrepancy_reasons
from fhir_coder.signing import verification
from fhir_coder.vocabulary import CANONICAL
from fhir_coder.worklist.reasons import reasons
from tests.conformance.ig.fsh import code_systems, definitions

ROOT = Path(__file__).resolve().parents[3]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "fhir_coder").rglob("*.py"))}


def joined(node: ast.AST) -> str:
    """The text of a string, CANONICAL put in; other values that are put in become a star."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(joined, node.values))
    if isinstance(node, ast.FormattedValue):
        return CANONICAL if ast.unparse(node.value) == "CANONICAL" else "*"
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def emitted_urls() -> set[str]:
    """What stands below our canonical in the sources of the server: ``CodeSystem/task``."""
    texts = {joined(node) for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr)}
    found = {text.removeprefix(f"{CANONICAL}/") for text in texts if re.fullmatch(rf"{re.escape(CANONICAL)}/\S+", text)}
    return {one for one in found if "*" not in one}


def defined_urls() -> set[str]:
    kinds = {"CodeSystem": "CodeSystem", "Extension": "StructureDefinition"}
    named = {f"{kinds[one.kind]}/{one.id}" for one in definitions() if one.kind in kinds}
    identifiers = {url for one in definitions() for url in re.findall(rf'uniqueId.value = "{CANONICAL}/(identifier/\w+)"', one.text)}
    return named | identifiers


def calls(name: str, *files: str) -> Iterator[ast.Call]:
    for path, tree in TREES.items():
        if not files or path.relative_to(ROOT).as_posix() in files:
            yield from (one for one in ast.walk(tree) if isinstance(one, ast.Call) and ast.unparse(one.func) == name)


WITHOUT_SYSTEM = {
    *(
        "rejection-reason",
        "reconciliation",
        "risk-mapping",
        "risk-status",
        "risk-discrepancy",
        "risk-reason",
        "risk-criterion",
        "risk-answer",
    ),
    *("decision", "decision-reason"),
}
"""Codes that travel without their system: values of type code, which a binding gives one, and texts in the details of an AuditEvent."""


def test_every_url_that_the_server_emits_is_defined_and_the_other_way_round() -> None:
    without_system = {f"CodeSystem/{one}" for one in WITHOUT_SYSTEM}
    operations = {url.removeprefix(f"{CANONICAL}/") for url in (DEFINITION_URL, CHECK_DEFINITION_URL)}
    assert emitted_urls() - {one for one in emitted_urls() if one.startswith("OperationDefinition/")} == defined_urls() - without_system
    assert operations == {"OperationDefinition/code-encounter", "OperationDefinition/check-coding"}


def test_the_search_for_urls_finds_plain_ones_and_composed_ones() -> None:
    assert {"identifier/sandbox", "StructureDefinition/audit-chain", "CodeSystem/error", "CodeSystem/task"} <= emitted_urls()


PARAMETERS = (*IN, *OUT, *CHECK_IN, *CHECK_OUT)
CODED = {"code", "Coding", "CodeableConcept"}
OTHERS = {"icd-10-cm": vocabulary.ICD10CM, "cms-hcc": vocabulary.CMS_HCC}
"""Value sets of parameters that are a whole code system of somebody else."""


def walked(parameters: tuple[Parameter, ...], path: str = "") -> Iterator[tuple[str, Parameter]]:
    """Every parameter and part by its path."""
    for one in parameters:
        yield f"{path}{one.name}", one
        yield from walked(one.parts, f"{path}{one.name}.")


def test_every_parameter_that_carries_a_code_is_bound_and_no_other() -> None:
    coded = {path for path, one in walked(PARAMETERS) if one.type in CODED}
    assert {"reason", "rejected.reason", "risk.discrepancy.reason", "query.forCoders.code", "reconciliation.recorded"} <= coded
    assert {path for path, one in walked(PARAMETERS) if one.value_set} == coded
    assert {path for path, one in walked(PARAMETERS) if one.strength != "required"} == {"reconciliation.recorded"}  # as the EHR spells it


def test_the_operations_bind_to_value_sets_that_are_whole_code_systems() -> None:
    sets = {one.id: one.text for one in definitions() if one.kind == "ValueSet"}
    own = {one.id: one.name for one in definitions() if one.kind == "CodeSystem"}
    aliases = dict(
        re.findall(r"^Alias: (\S+) = (\S+)$", (HERE / "input" / "fsh" / "aliases.fsh").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for name in {one.value_set for _, one in walked(PARAMETERS) if one.value_set}:
        included = re.findall(r"^\* include codes from system (\S+)$", sets[name], re.MULTILINE)
        assert [aliases.get(one, one) for one in included] == [OTHERS.get(name) or own[name]]


def test_every_code_system_has_a_value_set_of_its_own() -> None:
    whole = {one.id: one.text for one in definitions() if one.kind == "ValueSet" and "include codes from system" in one.text}
    named = {one.name: one for one in definitions() if one.kind == "CodeSystem"}
    for name, system in named.items():
        assert f"include codes from system {name}\n" in whole[system.id]
        assert f'^valueSet = "{CANONICAL}/ValueSet/{system.id}"' in system.text


def test_no_code_is_written_down_in_the_shorthand() -> None:
    for path in sorted((HERE / "input" / "fsh").glob("code-systems.fsh")):
        assert re.findall(r"^\* #.*$", path.read_text(encoding="utf-8"), re.MULTILINE) == []


def test_every_term_is_of_a_code_that_there_is() -> None:
    for system, terms in own_terms().items():
        assert set(terms) <= set(code_systems()[system])
        assert all(one.display and one.definition.endswith(".") for one in terms.values())


@pytest.mark.parametrize("system", ENUMERATIONS)
def test_code_systems_of_enumerations(system: str) -> None:
    worded = {code: one.display for code, one in own_terms()[system].items()}
    assert code_systems()[system] == worded
    assert list(worded) == [one.value for one in ENUMERATIONS[system]]


@pytest.mark.parametrize(("constant", "system"), [("REVIEW_TAG", "review-status"), ("TASK_CODE", "task")])
def test_codes_that_are_written_with_their_system(constant: str, system: str) -> None:
    written = {joined(one.args[1]) for one in calls("own_coding") if ast.unparse(one.args[0]) == constant}
    assert set(code_systems()[system]) == written


def test_nobody_writes_a_display_of_ours_by_hand() -> None:
    ours = {"REVIEW_TAG", "TASK_CODE", "DISPOSITION", "DISPOSITION_REASON"}
    found: list[str] = []
    for tree in TREES.values():
        for node in (one for one in ast.walk(tree) if isinstance(one, ast.Dict)):
            parts = {joined(key): value for key, value in zip(node.keys, node.values, strict=True) if key is not None}
            is_ours = "system" in parts and ast.unparse(parts["system"]) in ours
            found += [ast.unparse(node)] if is_ours and isinstance(parts.get("display"), ast.Constant) else []
    assert found == []


def reasons_in_the_sources() -> set[str]:
    """The first argument of every Reason that the server makes: a constant, its name, the name of a finding, or a category that is always reviewed."""
    found: set[str] = set()
    for one in calls("Reason"):
        first = one.args[0]
        if isinstance(first, ast.Constant):
            found.add(joined(first))
        elif isinstance(first, ast.Name):
            found.add(getattr(disposition, first.id))
        else:
            assert ast.unparse(first) in {"finding.name", "f'always-review-{rule.category}'", "one.code"}, ast.unparse(first)
    return found


def test_reasons_of_dispositions() -> None:
    always = {f"always-review-{rule.category}" for rule in review_rules()}
    names = {edit.name for edit in all_edits()}
    assert set(code_systems()["disposition-reason"]) == reasons_in_the_sources() | always | names


def test_a_reason_is_called_as_its_code_system_says() -> None:
    assert {code: reason_coding(code)["display"] for code in code_systems()["disposition-reason"]} == code_systems()["disposition-reason"]


def test_edits() -> None:
    assert code_systems()["edit"] == {edit.id: edit.name for edit in all_edits()}


def test_reasons_of_discrepancies() -> None:
    assert set(code_systems()["risk-reason"]) == set(discrepancy_reasons())
    constants = {discrepancies.NOT_DOCUMENTED, discrepancies.NAMED}
    assert constants | {one.value for one in RejectionReason} | discrepancies.NO_SUPPORT == set(discrepancy_reasons())


def test_reasons_of_decisions() -> None:
    assert set(code_systems()["decision-reason"]) == {reason for known in reasons().values() for reason in known}


def test_verification_statuses() -> None:
    defined = next(one.text for one in definitions() if one.id == "coding-verification-status")
    signed = {verification.CONFIRMED, verification.PROVISIONAL, verification.DIFFERENTIAL, verification.UNCONFIRMED}
    assert set(re.findall(r"^\* \$condition-ver-status#(\S+)$", defined, re.MULTILINE)) == signed | {"entered-in-error"}


def subclasses(kind: type[FhirCoderError]) -> Iterator[type[FhirCoderError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from subclasses(one)


def test_errors() -> None:
    for path in TREES:
        if (
            "class" in path.read_text(encoding="utf-8")
            and "errors import" in path.read_text(encoding="utf-8")
            and "commands" not in path.parts
        ):
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    ours = {one.code for one in subclasses(FhirCoderError) if one.__module__.startswith("fhir_coder")}
    assert set(code_systems()["error"]) == ours


def test_audited_events() -> None:
    assert set(code_systems()["audit-event"]) == set(event_codes())


def test_profiles_of_the_examples_are_those_of_the_package() -> None:
    assert set(PROFILES) == {one.id for one in definitions() if one.kind == "Profile"}


@pytest.mark.parametrize(
    ("key", "value"),
    [("version", __version__), ("canonical", CANONICAL), ("license", "CC0-1.0"), ("fhirVersion", "4.0.1"), ("id", "fhir-coder.ig")],
)
def test_the_package_is_of_this_version(key: str, value: str) -> None:
    configuration = (HERE / "sushi-config.yaml").read_text(encoding="utf-8")
    assert re.findall(rf"^{key}: (.+)$", configuration, re.MULTILINE) == [value]


def test_it_stands_on_the_us_core_that_conditions_claim() -> None:
    configuration = (HERE / "sushi-config.yaml").read_text(encoding="utf-8")
    claimed = vocabulary.US_CORE_ENCOUNTER_DIAGNOSIS.rpartition("|")[2]
    assert claimed == US_CORE[1]
    assert re.findall(r"^    version: (.+)$", configuration, re.MULTILINE) == [claimed]
