"""Codes of the server's own tables as FHIR Shorthand: rule sets that the code systems of ``input/fsh/code-systems.fsh`` insert."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from fhir_coder import errors
from fhir_coder.always_review import review_rules
from fhir_coder.audit.event_codes import event_codes
from fhir_coder.edits.registry import all_edits
from fhir_coder.model import Agreement, Outcome, RejectionReason
from fhir_coder.own_terms import own_terms, reason_coding, spelled_out
from fhir_coder.risk.categories import Mapped
from fhir_coder.risk.discrepancies import Kind, discrepancy_reasons
from fhir_coder.risk.eligibility import Asked
from fhir_coder.risk.payment_year import Fit
from fhir_coder.risk.verdict import Answer
from fhir_coder.vocabulary import PROCEDURE_SYSTEMS
from fhir_coder.worklist.decision import Act
from fhir_coder.worklist.reasons import reasons

Concept = tuple[str, str, str]
"""Code, display and definition."""

ENUMERATIONS: dict[str, type[StrEnum]] = {
    "disposition": Outcome,
    "rejection-reason": RejectionReason,
    "reconciliation": Agreement,
    "risk-mapping": Fit,
    "risk-status": Mapped,
    "risk-discrepancy": Kind,
    "risk-criterion": Asked,
    "risk-answer": Answer,
    "decision": Act,
}
"""The code systems that have just the members of an enumeration of the server, by their ids."""


def rule_sets() -> str:
    """All of them, one after another."""
    concepts: dict[str, Iterable[Concept]] = {
        **{_name(system): _worded(system, members) for system, members in ENUMERATIONS.items()},
        **{_name(system): _worded(system, own_terms()[system]) for system in ("review-status", "disposition-reason", "task")},
        _name("always-review"): always_review_codes(),
        _name("audit-event"): ((word, spelled_out(word), code.meaning) for word, code in event_codes().items()),
        _name("decision-reason"): decision_reason_codes(),
        _name("edit"): ((one.id, one.name, one.documentation["What it checks"]) for one in all_edits()),
        _name("edit-name"): edit_name_codes(),
        _name("error"): error_codes(),
        _name("risk-reason"): risk_reason_codes(),
    }
    written = [
        _rule_set(name, (f"* #{code} {_text(display)} {_text(words)}" for code, display, words in some)) for name, some in concepts.items()
    ]
    return "\n".join([*written, _rule_set("ProcedureSystems", (f"* include codes from system {one}" for one in sorted(PROCEDURE_SYSTEMS)))])


def always_review_codes() -> Iterator[Concept]:
    """The categories of diagnoses that a person always reviews, as reasons of a disposition."""
    rules = review_rules()
    for category in dict.fromkeys(one.category for one in rules):
        sentences = dict.fromkeys(one.reason for one in rules if one.category == category)
        yield _reason(f"always-review-{category}", " ".join(sentences))


def edit_name_codes() -> Iterator[Concept]:
    """The names of the edits: a finding that prevents a pass is the reason by this name. Several edits may share one."""
    for name, ids in _edits_by_name().items():
        yield _reason(name, f"A finding of {' or '.join(ids)} prevents a pass.")


def decision_reason_codes() -> Iterator[Concept]:
    """What a person gives as the reason of a decision. A reason that several acts have says for each what it means there."""
    meanings: dict[str, dict[str, list[str]]] = {}
    for act, known in reasons().items():
        for reason, meaning in known.items():
            meanings.setdefault(reason, {}).setdefault(meaning, []).append(act)
    for reason, found in meanings.items():
        yield reason, spelled_out(reason), " ".join(f"{', '.join(acts)}: {meaning}." for meaning, acts in found.items())


def risk_reason_codes() -> Iterator[Concept]:
    """Why codes and notes disagree about a condition: what only the report says, rejection reasons, names of findings."""
    told = {**own_terms()["rejection-reason"], **own_terms()["risk-reason"]}
    numbers = _edits_by_name()
    for code in discrepancy_reasons():
        if code in told:
            yield code, told[code].display, told[code].definition
        else:
            yield code, spelled_out(code), f"A finding of {' or '.join(numbers[code])} puts in doubt whether the notes carry the code."


def error_codes() -> Iterator[Concept]:
    """Every class of error by its code."""
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.FhirCoderError)]
    for one in sorted(classes, key=lambda kind: kind.code):
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", one.__name__).capitalize()
        yield one.code, words, " ".join((one.__doc__ or "").split())


def _worded(system: str, codes: Iterable[str]) -> Iterator[Concept]:
    """Codes with the words of the server's table."""
    for code in codes:
        term = own_terms()[system][str(code)]
        yield str(code), term.display, term.definition


def _reason(code: str, definition: str) -> Concept:
    return code, reason_coding(code)["display"], definition


def _edits_by_name() -> dict[str, list[str]]:
    numbers: dict[str, list[str]] = {}
    for edit in all_edits():
        numbers.setdefault(edit.name, []).append(edit.id)
    return dict(sorted(numbers.items()))


def _name(system: str) -> str:
    """The rule set of a code system: ``risk-answer`` is RiskAnswerCodes."""
    return "".join(part.capitalize() for part in system.split("-")) + "Codes"


def _rule_set(name: str, rules: Iterable[str]) -> str:
    return "\n".join([f"RuleSet: {name}", *rules, ""])


def _text(words: str) -> str:
    """A string of FHIR Shorthand (https://hl7.org/fhir/uv/shorthand/reference.html#strings)."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'
