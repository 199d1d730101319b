"""The diagnoses of a Claim, or Conditions that stand for one: which ICD-10-CM codes they carry, in claim order.

Sources: http://hl7.org/fhir/R4/claim.html (Claim.diagnosis) and condition.html. Nothing is fetched: a Condition comes along or is contained.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_coder.api.given import Given
from fhir_coder.api.outcome import plain_issue
from fhir_coder.ehr.recorded import NOT_HELD
from fhir_coder.ehr.references import address_of, codings, literal
from fhir_coder.errors import InvalidContent, Uncodable
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import ICD10CM_SYSTEMS

MAX_SYSTEM = 100
"""Characters of a code system's URI that an answer repeats."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One diagnosis: where findings on it point, its sequence, its ICD-10-CM codes as given (none: not checked), and what to say of it."""

    path: str
    sequence: int
    codes: tuple[str, ...]
    remarks: tuple[Resource, ...] = ()


def diagnoses_of_conditions(conditions: Iterable[Given]) -> tuple[Diagnosis, ...]:
    """Conditions as the diagnoses themselves, in the order given."""
    return tuple(
        _diagnosis(one.value.get("code"), number, f"{one.resource_path}.code", _standing(one.value, one.resource_path))
        for number, one in enumerate(conditions, 1)
    )


def diagnoses_of_claim(claim: Given, conditions: Iterable[Given]) -> tuple[Diagnosis, ...]:
    """The diagnoses by sequence. Raises InvalidContent for a sequence given twice or missing and a contained resource that is not there or
    no Condition, Uncodable for a reference to a Condition that did not come along."""
    sent = {address_of(one.value): one.value for one in conditions if address_of(one.value)}
    listed = claim.value.get("diagnosis", ())
    paths = [f"{claim.resource_path}.diagnosis[{index}]" for index in range(len(listed))]
    sequences = sequences_of(listed, paths)
    found = [_claimed(one, place, path, claim, sent) for one, place, path in zip(listed, sequences, paths, strict=True)]
    return tuple(sorted(found, key=lambda one: one.sequence))


def sequences_of(elements: Iterable[Resource], paths: Iterable[str]) -> list[int]:
    """``sequence`` of each element of a Claim, which pointers go by. Raises InvalidContent for one that is missing or given twice."""
    found: dict[int, str] = {}
    for element, path in zip(elements, paths, strict=True):
        sequence = element.get("sequence")
        if sequence is None or sequence in found:
            why = "a sequence has no value" if sequence is None else "this sequence is given twice; each must be unique within the claim"
            raise InvalidContent(why, expression=(f"{path}.sequence",))
        found[sequence] = path
    return list(found)


def first_listed_remarks(diagnoses: Sequence[Diagnosis]) -> Iterator[Resource]:
    """A warning where the first diagnosis is not checked, so that the edits on the first-listed one look at another."""
    taken = next((one for one in diagnoses if one.codes), None)
    if taken is not None and taken is not diagnoses[0]:
        sentence = (
            f"The edits on the first-listed diagnosis looked at diagnosis {taken.sequence}, as those before it have no ICD-10-CM code."
        )
        yield plain_issue("warning", "incomplete", sentence, [diagnoses[0].path])


def unused_conditions(claim: Given, conditions: Iterable[Given]) -> Iterator[Resource]:
    """A warning about Conditions that came with a claim which does not refer to them."""
    named = {literal(one.get("diagnosisReference"), "Condition") for one in claim.value.get("diagnosis", ())}
    unused = [one.path for one in conditions if not address_of(one.value) or address_of(one.value) not in named]
    if unused:
        yield plain_issue("warning", "incomplete", "Not checked: no diagnosis of the claim refers to this Condition.", unused)


def contained(holder: Given, reference: str, path: str, resource_type: str) -> Resource:
    """The contained resource that ``#id`` names. Raises InvalidContent when it is not there or of another type."""
    for one in holder.value.get("contained", ()):
        if one.get("id") == reference[1:] and reference != "#":
            if one["resourceType"] != resource_type:
                raise InvalidContent(f"the contained resource is no {resource_type}", expression=(path,))
            return one
    raise InvalidContent("no contained resource has this id", expression=(path,))


def _claimed(element: Resource, sequence: int, path: str, claim: Given, sent: Mapping[str, Resource]) -> Diagnosis:
    if "diagnosisCodeableConcept" in element:
        return _diagnosis(element["diagnosisCodeableConcept"], sequence, path)
    place = f"{path}.diagnosisReference"
    condition = _condition(element["diagnosisReference"], place, claim, sent)
    return _diagnosis(condition.get("code"), sequence, path, _standing(condition, place))


def _condition(reference: Resource, path: str, claim: Given, sent: Mapping[str, Resource]) -> Resource:
    text = reference.get("reference", "")
    if text.startswith("#"):
        return contained(claim, text, path, "Condition")
    condition = sent.get(literal(reference, "Condition"))
    if condition is None:
        raise Uncodable("this Condition did not come with the request, and nothing is fetched: send it along", expression=(path,))
    return condition


def _diagnosis(concept: Any, sequence: int, path: str, standing: tuple[Resource, ...] = ()) -> Diagnosis:
    """A CodeableConcept as a diagnosis: a concept with two codes is two diagnoses on a claim, and both are checked."""
    found: dict[str, str] = {}
    for one in codings(concept):
        if one.get("system") in ICD10CM_SYSTEMS and one.get("code"):
            found.setdefault(plain(one["code"]), one["code"])
    codes = tuple(found.values())
    remarks = list(standing)
    if not codes:
        remarks.append(plain_issue("warning", "incomplete", _unchecked(concept, sequence), [path]))
    elif len(codes) > 1:
        remarks.append(
            plain_issue("warning", "incomplete", f"Diagnosis {sequence} carries {len(codes)} ICD-10-CM codes; each was checked.", [path])
        )
    return Diagnosis(path, sequence, codes, tuple(remarks))


def plain(code: str) -> str:
    """A code without what is spelling alone: case and dot."""
    return code.strip().upper().replace(".", "")


def _unchecked(concept: Any, sequence: int) -> str:
    systems = dict.fromkeys(one["system"] for one in codings(concept) if one.get("system") and len(one["system"]) <= MAX_SYSTEM)
    coded = f" (it is coded in {', '.join(systems)})" if systems else ""
    return f"Diagnosis {sequence} was not checked: it has no ICD-10-CM code{coded}."


def _standing(condition: Resource, path: str) -> tuple[Resource, ...]:
    """A warning about a Condition that somebody refuted or retracted."""
    status = next((one["code"] for one in codings(condition.get("verificationStatus")) if one.get("code") in NOT_HELD), "")
    sentence = f"The Condition is marked {status}: a claim cannot rest on it."
    return (plain_issue("warning", "business-rule", sentence, [path]),) if status else ()
