"""The operation's answer taken apart, and the rules on it that no validator of resources knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any

Resource = dict[str, Any]
MAX_DIAGNOSES = 12
MAX_POINTERS = 4


def named(answer: Resource, name: str) -> list[Resource]:
    """The parameters, or parts, of one name."""
    return [one for one in answer.get("parameter") or answer.get("part", []) if one["name"] == name]


def proposed(answer: Resource, resource_type: str = "") -> list[Resource]:
    """What the answer proposes, of one type or all."""
    entries = named(answer, "result")[0]["resource"]["entry"]
    return [one["resource"] for one in entries if resource_type in ("", one["resource"]["resourceType"])]


def statuses(answer: Resource) -> list[str]:
    """The three digits of each entry of the receipt that answers to an entry of the result."""
    return [entry["response"]["status"][:3] for entry in _receipt(answer)]


def addresses(answer: Resource) -> dict[str, str]:
    """Where the receipt says that each proposed resource stands: ``urn:uuid`` to ``Type/id``."""
    result = named(answer, "result")[0]["resource"]["entry"]
    written = zip(result, _receipt(answer), strict=True)
    return {one["fullUrl"]: other["response"]["location"].partition("/_history/")[0] for one, other in written}


def _receipt(answer: Resource) -> list[Resource]:
    """The entries that answer to those of the result; what follows them is about resources of earlier codings."""
    result, receipt = (named(answer, name)[0]["resource"]["entry"] for name in ("result", "receipt"))
    assert len(receipt) >= len(result)
    return list(receipt[: len(result)])


def with_addresses(value: Any, known: Mapping[str, str]) -> Any:
    """A proposed resource as it should stand in the EHR: each ``urn:uuid`` is the address of what it named."""
    if isinstance(value, dict):
        return {key: with_addresses(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [with_addresses(item, known) for item in value]
    return known.get(value, value) if isinstance(value, str) else value


def references(value: Any) -> Iterator[str]:
    """Every literal reference inside."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for item in value.values():
            yield from references(item)


def claim_faults(claim: Resource) -> Iterator[str]:
    """What 837P would refuse: too many diagnoses or pointers, a pointer to nothing, a repeated sequence."""
    sequences = [one["sequence"] for one in claim.get("diagnosis", ())]
    if len(sequences) > MAX_DIAGNOSES:
        yield f"{len(sequences)} diagnoses"
    if sequences != list(range(1, len(sequences) + 1)):
        yield f"diagnosis sequence {sequences}"
    for item in claim.get("item", ()):
        pointers = item.get("diagnosisSequence", [])
        if len(pointers) > MAX_POINTERS or len(set(pointers)) != len(pointers):
            yield f"item {item['sequence']} points to {pointers}"
        if dangling := set(pointers) - set(sequences):
            yield f"item {item['sequence']} points to missing {sorted(dangling)}"


def unresolved(answer: Resource, holds: Callable[[str], bool]) -> list[str]:
    """References of the proposal that lead nowhere: neither into the bundle, nor into the resource, nor to the EHR."""
    entries = named(answer, "result")[0]["resource"]["entry"]
    inside = {entry["fullUrl"] for entry in entries}
    assert len(inside) == len(entries)
    lost = []
    for entry in entries:
        contained = {f"#{one['id']}" for one in entry["resource"].get("contained", ())}
        lost += [one for one in references(entry["resource"]) if one not in inside | contained and not (_is_relative(one) and holds(one))]
    return lost


def _is_relative(reference: str) -> bool:
    return not reference.startswith(("urn:", "#"))


def misquoted(answer: Resource) -> list[str]:
    """Evidence whose words do not stand at its offsets in the note text of the answer, or whose hash is not that text's."""
    texts = {_document(one): _value(one, "text") for one in named(answer, "noteText")}
    wrong = []
    for owner in (*named(answer, "assignment"), *named(answer, "rejected")):
        for evidence in named(owner, "evidence"):
            text = texts[_document(evidence)]
            start, end = _value(evidence, "start"), _value(evidence, "end")
            if text[start:end] != _value(evidence, "text") or sha256(text.encode()).hexdigest() != _value(evidence, "sha256"):
                wrong.append(f"{_document(evidence)} {start}-{end}")
    return wrong


def evidence_of_assignments(answer: Resource) -> set[tuple[str, str, int, int, str]]:
    """Code, document, start, end and hash of all evidence that assignments state."""
    return {
        (_value(owner, "code")["code"], _document(one), _value(one, "start"), _value(one, "end"), _value(one, "sha256"))
        for owner in named(answer, "assignment")
        for one in named(owner, "evidence")
    }


def evidence_of_provenances(answer: Resource) -> set[tuple[str, str, int, int, str]]:
    """The same from the Provenances of the proposal, which an EHR keeps."""
    entries = named(answer, "result")[0]["resource"]["entry"]
    codes = {one["fullUrl"]: code_of(one["resource"]) for one in entries if one["resource"]["resourceType"] == "Condition"}
    return {
        (codes[one["target"][0]["reference"]], entity["what"]["reference"], *_span(extension))
        for one in proposed(answer, "Provenance")
        for entity in one.get("entity", ())
        for extension in entity["extension"]
    }


def code_of(condition: Resource) -> str:
    """The one ICD-10-CM code of a Condition."""
    (coding,) = condition["code"]["coding"]
    return coding["code"]


def _span(extension: Resource) -> tuple[int, int, str]:
    values = {one["url"]: one.get("valueInteger", one.get("valueString")) for one in extension["extension"]}
    return values["start"], values["end"], values["sha256"]


def _value(owner: Resource, name: str) -> Any:
    (part,) = named(owner, name)
    (value,) = (item for key, item in part.items() if key.startswith("value"))
    return value


def _document(owner: Resource) -> str:
    return _value(owner, "document")["reference"]
