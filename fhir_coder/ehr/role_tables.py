"""What a coded or worded role means: the look-up in ``author_roles.tsv`` and ``document_kinds.tsv``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from fhir_coder.ehr.references import codings
from fhir_coder.exchange import Resource
from terminology.knowledge import knowledge_of

AUTHOR_ROLES = "author_roles.tsv"
DOCUMENT_KINDS = "document_kinds.tsv"

_SYSTEMS = {
    "http://terminology.hl7.org/CodeSystem/v2-0360": "v2-0360",
    "http://terminology.hl7.org/CodeSystem/v2-2.7-0360": "v2-0360",
    "http://hl7.org/fhir/v2/0360": "v2-0360",
    "http://nucc.org/provider-taxonomy": "nucc",
    "urn:oid:2.16.840.1.113883.6.101": "nucc",
    "http://snomed.info/sct": "snomed",
    "http://terminology.hl7.org/CodeSystem/practitioner-role": "practitioner-role",
    "http://loinc.org": "loinc",
    "http://terminology.hl7.org/CodeSystem/v2-0074": "v2-0074",
    "http://hl7.org/fhir/v2/0074": "v2-0074",
    "http://terminology.hl7.org/CodeSystem/observation-category": "observation-category",
}
_BY_BEGINNING = "nucc"
"""A taxonomy code stands for all below it: its first four characters name the classification (https://nucc.org)."""

_WORDS = "words"

Table = Mapping[str, Mapping[str, str]]


def meanings(table: str, concepts: Iterable[Resource | None]) -> frozenset[str]:
    """What the concepts (CodeableConcepts) mean by the table. The codes of a concept decide, and where none is known, its words."""
    return frozenset(meaning for concept in concepts if concept for meaning in _of_concept(role_table(table), concept))


@cache
def role_table(name: str) -> Table:
    """System to code to meaning."""
    lines = knowledge_of("fhir_coder.ehr").joinpath(name).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
    table: dict[str, dict[str, str]] = {}
    for system, code, meaning, _, _ in rows[1:]:
        table.setdefault(system, {})[_plain(code) if system == _WORDS else code] = meaning
    return table


def _of_concept(table: Table, concept: Resource) -> set[str]:
    coded = {meaning for one in codings(concept) if (meaning := _of_code(table, one))}
    if coded:
        return coded
    texts = [concept.get("text", ""), *(one.get("display", "") for one in codings(concept))]
    # Some EHRs put the credential itself where the code should be, in a system of their own.
    texts += [one.get("code", "") for one in codings(concept) if one.get("system") not in _SYSTEMS]
    return {meaning for text in texts if (meaning := _of_words(table.get(_WORDS, {}), text))}


def _of_code(table: Table, coding: Resource) -> str:
    system = _SYSTEMS.get(coding.get("system", ""), "")
    code, known = coding.get("code", ""), table.get(system, {})
    if system != _BY_BEGINNING:
        return known.get(code, "")
    beginnings = (code[:length] for length in range(len(code), 0, -1))
    return next((known[beginning] for beginning in beginnings if beginning in known), "")


def _of_words(known: Mapping[str, str], text: str) -> str:
    """The meaning of the longest entry that stands in the text as whole words."""
    words = f" {_plain(text)} "
    found = [entry for entry in known if f" {entry} " in words]
    return known[max(found, key=lambda entry: (len(entry), entry))] if found else ""


def _plain(text: str) -> str:
    """Capitals and digits, words parted by one blank, without the dots of "M.D."."""
    return re.sub(r"[^A-Z0-9]+", " ", text.upper().replace(".", "")).strip()
