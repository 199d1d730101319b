"""What marks a resource as sensitive: its labels, its coded type, and words of its title, looked up in ``sensitive_marks.tsv``.

A mark is told in the words of the table, never in those of the document: the title of a psychotherapy note may say what it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from fhir_coder.ehr.labels import ACT_CODE, V2_CONFIDENTIALITY, labels_of
from fhir_coder.ehr.references import codings, literal
from fhir_coder.exchange import Resource
from fhir_coder.model import SecurityLabel
from fhir_coder.sensitive_settings import Kind, SensitiveRules, Token
from fhir_coder.vocabulary import CONFIDENTIALITY
from terminology.knowledge import table_rows

_SYSTEMS = {
    ACT_CODE: "actcode",
    CONFIDENTIALITY: "confidentiality",
    V2_CONFIDENTIALITY: "v2-0177",
    "http://terminology.hl7.org/CodeSystem/v3-RoleCode": "rolecode",
    "http://hl7.org/fhir/v3/RoleCode": "rolecode",
    "http://nucc.org/provider-taxonomy": "nucc",
    "urn:oid:2.16.840.1.113883.6.101": "nucc",
}
_WORDS = "words"
_SITE_LIST = "FHIR_CODER_TENANTS (sensitive)"


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: its kind, what it says in our words, and the rule of law or the standard behind it."""

    kind: Kind
    what: str
    source: str

    @property
    def sentence(self) -> str:
        """What it says, and by what rule."""
        return f"{self.what} ({self.source})"


def marks_of_labels(labels: Iterable[SecurityLabel], rules: SensitiveRules) -> Iterator[Mark]:
    """What labels say, by the table and by the tenant's own list."""
    for one in labels:
        if is_listed((one.system, one.code), rules.exclude_labels):
            yield Mark(Kind.SITE, "a label that this site excludes", _SITE_LIST)
        if mark := _by_code((one.system, one.code)):
            yield mark


def marks_of_codes(concepts: Iterable[Resource], rules: SensitiveRules) -> Iterator[Mark]:
    """What coded types, categories and settings (Codings) say."""
    for one in concepts:
        token = (one.get("system", ""), one.get("code", ""))
        if is_listed(token, rules.exclude_types):
            yield Mark(Kind.SITE, "a type that this site excludes", _SITE_LIST)
        if is_listed(token, rules.program_types):
            yield Mark(Kind.PART2, "a type that this site lists as a 42 CFR Part 2 program's", "42 CFR 2.11")
        mark = _by_code(token)
        if mark and mark.kind is not Kind.SELF_PAY:
            yield mark


def marks_of_words(texts: Iterable[str]) -> Iterator[Mark]:
    """What titles say."""
    for text in texts:
        plain = f" {_plain(text)} "
        yield from (mark for words, mark in _table().get(_WORDS, {}).items() if f" {words} " in plain)


def marks_of_document(document: Resource, rules: SensitiveRules) -> tuple[Mark, ...]:
    """Of a DocumentReference or DiagnosticReport, without looking at what it says."""
    context = document.get("context", {}) if isinstance(document.get("context"), dict) else {}
    concepts = [document.get("type"), document.get("code"), *document.get("category", ())]
    concepts += [context.get("facilityType"), context.get("practiceSetting"), *context.get("event", ())]
    attachments = [*(one.get("attachment", {}) for one in document.get("content", ())), *document.get("presentedForm", ())]
    texts = [document.get("description", ""), *(one.get("title", "") for one in attachments), *_texts(concepts)]
    holders = (document.get("custodian"), *document.get("author", ()), *document.get("performer", ()))
    return _once(
        marks_of_labels(labels_of(document), rules),
        marks_of_codes((coding for concept in concepts for coding in codings(concept)), rules),
        marks_of_words(texts),
        (_program(rules) for one in holders if literal(one) in rules.programs),
    )


def marks_of_visit(encounter: Resource, patient: Resource | None, rules: SensitiveRules) -> tuple[Mark, ...]:
    """Of an Encounter and its Patient: what holds for everything that belongs to the visit."""
    concepts = [*encounter.get("type", ()), encounter.get("serviceType")]
    places = [encounter.get("serviceProvider"), *(one.get("location") for one in encounter.get("location", ()))]
    return _once(
        marks_of_labels(labels_of(encounter, patient), rules),
        marks_of_codes((coding for concept in concepts for coding in codings(concept)), rules),
        marks_of_words(_texts(concepts)),
        (_program(rules) for one in places if literal(one) in rules.programs),
    )


def marks_of_resource(resource: Resource, rules: SensitiveRules) -> tuple[Mark, ...]:
    """Of any other resource: its labels."""
    return _once(marks_of_labels(labels_of(resource), rules))


def is_listed(token: Token, listed: frozenset[Token]) -> bool:
    """Whether a code is in a tenant's list, by its system or by the code alone."""
    return bool(token[1]) and (token in listed or ("", token[1]) in listed)


def _program(rules: SensitiveRules) -> Mark:
    return Mark(Kind.PART2, "a 42 CFR Part 2 program of this site", "42 CFR 2.11")


def _texts(concepts: Iterable[Resource | None]) -> Iterator[str]:
    for concept in concepts:
        yield (concept or {}).get("text", "")
        yield from (one.get("display", "") for one in codings(concept))


def _once(*found: Iterable[Mark]) -> tuple[Mark, ...]:
    return tuple(dict.fromkeys(mark for marks in found for mark in marks))


def _by_code(token: Token) -> Mark | None:
    return _table().get(_SYSTEMS.get(token[0], ""), {}).get(token[1])


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


@cache
def _table() -> Mapping[str, Mapping[str, Mark]]:
    """System to code to mark."""
    found: dict[str, dict[str, Mark]] = {}
    for row in table_rows("fhir_coder.ehr", "sensitive_marks.tsv"):
        key = _plain(row["code"]) if row["system"] == _WORDS else row["code"]
        found.setdefault(row["system"], {})[key] = Mark(Kind(row["kind"]), row["means"], row["source"])
    return found
