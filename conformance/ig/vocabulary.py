"""Codes of the server's own tables as FHIR Shorthand: rule sets that the code systems of ``input/fsh/code-systems.fsh`` insert."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator

from fhir_coder import errors
from fhir_coder.always_review import review_rules
from fhir_coder.audit.event_codes import event_codes
from fhir_coder.edits.registry import all_edits
from fhir_coder.vocabulary import PROCEDURE_SYSTEMS

Concept = tuple[str, str, str]
"""Code, display and definition."""


def rule_sets() -> str:
    """All of them, one after another."""
    concepts = {
        "AlwaysReviewCodes": always_review_codes(),
        "AuditEventCodes": ((word, _sentence(word), code.meaning) for word, code in event_codes().items()),
        "EditCodes": ((one.id, one.name, one.documentation["What it checks"]) for one in all_edits()),
        "EditNameCodes": edit_name_codes(),
        "ErrorCodes": error_codes(),
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
        yield f"always-review-{category}", _sentence(f"always-review-{category}"), " ".join(sentences)


def edit_name_codes() -> Iterator[Concept]:
    """The names of the edits: a finding that prevents a pass is the reason by this name. Several edits may share one."""
    numbers: dict[str, list[str]] = {}
    for edit in all_edits():
        numbers.setdefault(edit.name, []).append(edit.id)
    for name, ids in sorted(numbers.items()):
        yield name, _sentence(name), f"A finding of {' or '.join(ids)} prevents a pass."


def error_codes() -> Iterator[Concept]:
    """Every class of error by its code."""
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.FhirCoderError)]
    for one in sorted(classes, key=lambda kind: kind.code):
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", one.__name__).capitalize()
        yield one.code, words, " ".join((one.__doc__ or "").split())


def _rule_set(name: str, rules: Iterable[str]) -> str:
    return "\n".join([f"RuleSet: {name}", *rules, ""])


def _sentence(code: str) -> str:
    return code.replace("-", " ").capitalize()


def _text(words: str) -> str:
    """A string of FHIR Shorthand (https://hl7.org/fhir/uv/shorthand/reference.html#strings)."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'
