"""Whether the provider of the visit is of a type whose diagnoses count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fhir_coder.ehr.references import address_of, codings, literal
from fhir_coder.exchange import Resource
from fhir_coder.risk.meanings import SPECIALTIES, meaning_of
from fhir_coder.risk.verdict import Answer, Verdict


def judge_specialty(provider: str, resources: Mapping[str, Resource]) -> Verdict:
    """By the specialties, roles and qualifications of the ``provider`` (a reference, or empty) among the ``resources`` of the intake. One
    that counts is enough: a practitioner may have several."""
    if not provider:
        return Verdict(Answer.UNKNOWN, "the Encounter names no provider")
    said = [(meaning, where) for where, coding in _codings(provider, resources) if (meaning := meaning_of(SPECIALTIES, coding))]
    for answer in (Answer.YES, Answer.NO, Answer.UNKNOWN):
        for meaning, where in said:
            if meaning.answer is answer:
                return Verdict(answer, f"{where} ({meaning.means})")
    return Verdict(Answer.UNKNOWN, f"no specialty of {provider} is known")


def _codings(provider: str, resources: Mapping[str, Resource]) -> Iterator[tuple[str, Resource]]:
    """Every coding that says what the provider is, with where it stands: of the person and of the person's roles."""
    person = literal(resources.get(provider, {}).get("practitioner")) or provider
    for resource in resources.values():
        is_role = resource["resourceType"] == "PractitionerRole" and literal(resource.get("practitioner")) == person
        if address_of(resource) not in {provider, person} and not is_role:
            continue
        concepts = [
            *resource.get("specialty", ()),
            *resource.get("code", ()),
            *(one.get("code") for one in resource.get("qualification", ())),
        ]
        for coding in (coding for concept in concepts for coding in codings(concept)):
            yield f"{address_of(resource)} {coding.get('code')}", coding
