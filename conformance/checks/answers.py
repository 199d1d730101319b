"""Parameters out: what the operation answers is what its OperationDefinition says, and what it says of the notes is true of them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.answer_check import answer_check
from conformance.coded import ICD10CM, Assigned, Coded, Part, Span, objects, spans_of, value_of
from conformance.exchange import FHIR_JSON, Resource
from conformance.fixture import fixtures
from conformance.fixture_answers import SAMPLES, answers_of, codings
from conformance.outcomes import expect_valid
from conformance.target import Target
from conformance.verdict import Skipped, expect

CODE = re.compile(r"[A-TV-Z][0-9A-Z][0-9A-Z](\.[0-9A-Z]{1,4})?")
"""An ICD-10-CM code with its dot (https://www.cdc.gov/nchs/icd/icd-10-cm)."""
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
STATUSES = frozenset({"agreed", "added", "more-specific", "unsupported"})
RESOURCE_TYPES = frozenset({"Bundle", "OperationOutcome", "Resource"})
CONTENT = ("resource", "part")
CODINGS = frozenset({"coding", "valueCoding", "tag", "security"})
"""Elements that hold Codings."""


@answer_check
def is_parameters(target: Target) -> None:
    """A coding is answered with 200 and a Parameters resource as FHIR JSON."""
    for fixture in fixtures(SAMPLES):
        answer = answers_of(target).inline(fixture)
        expect(answer.status == 200, f"200 for {fixture.id}", answer)
        expect(answer.media_type == FHIR_JSON, FHIR_JSON, answer)
        expect(answer.resource["resourceType"] == "Parameters", "Parameters", answer.resource["resourceType"])


@answer_check
def only_what_is_defined(target: Target) -> None:
    """Every parameter and part of the answer is one of the definition."""
    for path, _, known in _walked(target):
        expect(known is not None, "parameters that the OperationDefinition names", path)


@answer_check
def as_often_as_defined(target: Target) -> None:
    """Every parameter and part stands at least as often as the definition's min says, and at most as often as its max."""
    for fixture, coded in codings(target):
        _expect_counts(coded.parameters.get("parameter", ()), _outs(target), fixture.id)


@answer_check
def of_the_type_defined(target: Target) -> None:
    """Every parameter and part has the type that the definition gives it."""
    for path, one, known in _walked(target):
        if known is not None and "type" in known:
            expect(_has_type(one, known["type"]), f"{path} as {known['type']}", ", ".join(_content(one)) or "nothing")


@answer_check
def one_content_each(target: Target) -> None:
    """Every parameter has exactly one of value, resource and part (inv-1)."""
    for path, one, _ in _walked(target):
        expect(len(_content(one)) == 1, f"one content in {path}", ", ".join(_content(one)) or "none")


@answer_check
def offsets_hit_the_words(target: Target) -> None:
    """start and end of evidence count Unicode code points of the note's text, half-open, and the words there are evidence.text."""
    for coded, span in _spans(target):
        texts = dict(coded.texts)
        expect(span.document in texts, f"the text of {span.document} among noteText", ", ".join(texts))
        words = texts[span.document]
        is_range = isinstance(span.start, int) and isinstance(span.end, int) and 0 <= span.start < span.end <= len(words)
        expect(is_range, "offsets within the text, the end after the start", f"{span.start} to {span.end} of {len(words)}")
        expect(
            words[span.start : span.end] == span.text, "the words at the offsets as evidence.text", f"others at {span.start} to {span.end}"
        )


@answer_check
def hash_is_of_the_text(target: Target) -> None:
    """evidence.sha256 is that of the note's text in UTF-8."""
    for coded, span in _spans(target):
        digest = hashlib.sha256(dict(coded.texts).get(span.document, "").encode()).hexdigest()
        expect(str(span.sha256).lower() == digest, f"the SHA-256 of the text of {span.document}", span.sha256)


@answer_check
def evidence_is_of_what_was_sent(target: Target) -> None:
    """evidence.document and noteText.document name documents that were sent."""
    for fixture, coded in codings(target):
        sent = {f"DocumentReference/{one['id']}" for one in fixture.sent_notes()}
        named = {document for document, _ in coded.texts} | {span.document for span in _evidence(coded)}
        expect(named <= sent, f"documents among {', '.join(sorted(sent))}", ", ".join(sorted(named)))


@answer_check
def every_code_has_evidence(target: Target) -> None:
    """A code assigned from notes comes with the words that it rests on."""
    for fixture, coded in codings(target):
        bare = [one.code for one in coded.assignments if not one.evidence]
        expect(not bare, f"evidence for every code of {fixture.id}", f"none for {', '.join(bare)}")


@answer_check
def ranks_count_from_one(target: Target) -> None:
    """rank counts the assigned codes from 1, each place once."""
    for fixture, coded in codings(target):
        ranks = sorted(str(one.rank) for one in coded.assignments)
        expect(
            ranks == sorted(str(place + 1) for place in range(len(ranks))), f"ranks 1 to {len(ranks)} for {fixture.id}", ", ".join(ranks)
        )


@answer_check
def each_code_once(target: Target) -> None:
    """No code is assigned twice."""
    for fixture, coded in codings(target):
        twice = [code for code, count in Counter(coded.codes).items() if count > 1]
        expect(not twice, f"each code once for {fixture.id}", ", ".join(twice))


@answer_check
def probabilities_lie_between_0_and_1(target: Target) -> None:
    """probability is a number from 0 to 1."""
    for _, one in _assigned(target):
        is_number = isinstance(one.probability, (int, float)) and not isinstance(one.probability, bool)
        told = f'the text "{one.probability}"' if isinstance(one.probability, str) else one.probability
        expect(is_number and 0 <= one.probability <= 1, f"a number from 0 to 1 for {one.code}", told)


@answer_check
def codes_are_of_icd_10_cm(target: Target) -> None:
    """code, of an assignment as of a rejection, is a Coding of ICD-10-CM by its FHIR system."""
    for _, coded in codings(target):
        for one in (*coded.assignments, *coded.rejections):
            expect(one.coding.get("system") == ICD10CM and one.code, f"a code of {ICD10CM}", one.coding)


@answer_check
def codes_have_their_dot(target: Target) -> None:
    """code.code is spelled with the dot."""
    for _, one in _assigned(target):
        is_code = CODE.fullmatch(one.code) and (len(one.code) == 3 or "." in one.code)
        expect(is_code, "an ICD-10-CM code with its dot", one.code)


@answer_check
def codes_name_their_release(target: Target) -> None:
    """code.version names the release that the code is of, one for the whole encounter."""
    for fixture, coded in codings(target):
        versions = {str(one.coding.get("version", "")) for one in coded.assignments}
        expect(
            "" not in versions and len(versions) <= 1, f"one version for all codes of {fixture.id}", ", ".join(sorted(versions)) or "none"
        )


@answer_check
def dispositions_are_pass_or_review(target: Target) -> None:
    """disposition is pass or review, of the encounter and of each code."""
    for fixture, coded in codings(target):
        told = {coded.disposition, *(str(one.disposition) for one in coded.assignments)}
        expect(told <= {"pass", "review"}, f"pass or review for {fixture.id}", ", ".join(sorted(told)))


@answer_check
def what_passes_passes_whole(target: Target) -> None:
    """An encounter that passes has no code that goes to review."""
    for fixture, coded in codings(target):
        held = [one.code for one in coded.assignments if one.disposition == "review"]
        expect(coded.disposition != "pass" or not held, f"no code of {fixture.id} in review, as the encounter passes", ", ".join(held))


@answer_check
def review_has_a_reason(target: Target) -> None:
    """An encounter that goes to review says why."""
    for fixture, coded in codings(target):
        expect(coded.disposition != "review" or coded.reasons, f"a reason for the review of {fixture.id}", "none")


@answer_check
def reasons_are_told_in_words(target: Target) -> None:
    """A reason has its code and system, and says in text what it is here."""
    for fixture, coded in codings(target):
        for one in coded.named("reason"):
            concept = one.get("valueCodeableConcept", {})
            expect(concept.get("text"), f"the text of each reason of {fixture.id}", "none")
            expect(all(two.get("system") and two.get("code") for two in concept.get("coding", ())), "its system and code", fixture.id)


@answer_check
def codes_have_one_display(target: Target) -> None:
    """A code of a system and version has one display, in all that is answered: it is what the system calls it, not what it is about here."""
    called: dict[tuple[str, str, str], set[str]] = {}
    for _, coded in codings(target):
        for one in objects(coded.parameters):
            if isinstance(one.get("code"), str) and isinstance(one.get("display"), str) and one.get("system"):
                called.setdefault((str(one["system"]), str(one.get("version", "")), one["code"]), set()).add(one["display"])
    twice = [f"{code}: {' | '.join(sorted(displays))}" for (_, _, code), displays in called.items() if len(displays) > 1]
    expect(not twice, "one display for each code", f"{len(twice)} codes with more: {'; '.join(twice)}")


@answer_check
def codings_are_whole(target: Target) -> None:
    """Every Coding of an answer has system and code: without the one the other means nothing."""
    for fixture, coded in codings(target):
        for one in objects(coded.parameters):
            for name in CODINGS & one.keys():
                given = one[name] if isinstance(one[name], list) else [one[name]]
                expect(
                    all(each.get("system") and each.get("code") for each in given), f"system and code in each {name} of {fixture.id}", given
                )


@answer_check
def coding_ids_differ(target: Target) -> None:
    """codingId is a FHIR id, and each coding has its own."""
    found = [str(one.get("valueId", "")) for _, coded in codings(target) for one in coded.named("codingId")]
    expect(found and all(map(ID.fullmatch, found)), "an id for each coding", ", ".join(found) or "none")
    expect(len(set(found)) == len(found), "another id for each coding", f"{len(set(found))} for {len(found)} codings")


@answer_check
def result_is_a_collection(target: Target) -> None:
    """result is a Bundle of type collection."""
    for fixture, coded in codings(target):
        for one in coded.named("result"):
            found = one.get("resource", {})
            expect(
                (found.get("resourceType"), found.get("type")) == ("Bundle", "collection"),
                f"a collection for {fixture.id}",
                found.get("type"),
            )


@answer_check
def issues_are_an_outcome(target: Target) -> None:
    """issues is an OperationOutcome with severities and types of the required value sets."""
    for fixture, coded in codings(target):
        for one in coded.named("issues"):
            expect_valid(one.get("resource", {}), answers_of(target).inline(fixture))


@answer_check
def one_text_for_each_note(target: Target) -> None:
    """noteText stands once for each note that was read."""
    for fixture, coded in codings(target):
        twice = [document for document, count in Counter(document for document, _ in coded.texts).items() if count > 1]
        expect(coded.texts and not twice, f"one text for each note of {fixture.id}", ", ".join(twice) or "none")
        without = {span.document for span in _evidence(coded)} - {document for document, _ in coded.texts}
        expect(not without, f"a text for each note of {fixture.id} that evidence is taken from", f"none for {', '.join(sorted(without))}")


@answer_check
def reconciliation_says_what_it_compares(target: Target) -> None:
    """A line of reconciliation has one of the four statuses, and the codes that the status speaks of."""
    for _, coded in codings(target):
        for one in coded.named("reconciliation"):
            status, assigned, recorded = (value_of(one, name) for name in ("status", "assigned", "recorded"))
            expect(status in STATUSES, f"a status of {', '.join(sorted(STATUSES))}", status)
            expect((assigned is None) == (status == "unsupported"), "assigned unless the status is unsupported", status)
            expect((recorded is None) == (status == "added"), "recorded unless the status is added", status)


@answer_check
def reconciled_codes_are_assigned(target: Target) -> None:
    """A code that reconciliation calls assigned is assigned, and every assigned code has a line where the EHR holds diagnoses."""
    for fixture, coded in codings(target, ["recorded-conditions"]):
        lines = {str(coding["code"]) for one in coded.named("reconciliation") if (coding := value_of(one, "assigned"))}
        expect(
            lines == set(coded.codes), f"a line for each of {', '.join(coded.codes)} in {fixture.id}", ", ".join(sorted(lines)) or "none"
        )


@answer_check
def queries_name_no_code(target: Target) -> None:
    """A query's question, options and text name no code: they must not lead the provider."""
    asked = [(one, value_of(one, "code") or {}) for _, coded in codings(target) for one in coded.named("query")]
    if not asked:
        raise Skipped("no fixture gives rise to a query")
    for query, coding in asked:
        shown = [str(part.get("valueString", "")) for part in query.get("part", ()) if part.get("name") in {"question", "option", "text"}]
        expect(not any(coding.get("code", "-") in one for one in shown), f"a query without {coding.get('code')}", "one that names it")


def _outs(target: Target) -> list[Part]:
    return [one for one in target.definition.get("parameter", ()) if one.get("use") == "out"]


def _walked(target: Target) -> Iterator[tuple[str, Part, Part | None]]:
    """Every parameter and part of the samples by its path, with what the definition says of it (None where it does not)."""
    outs = _outs(target)
    for fixture, coded in codings(target):
        yield from _walk(coded.parameters.get("parameter", ()), outs, fixture.id)


def _walk(parameters: Any, defined: list[Part], path: str) -> Iterator[tuple[str, Part, Part | None]]:
    known: Mapping[Any, Part] = {one["name"]: one for one in defined}
    for one in parameters:
        found = known.get(one.get("name"))
        here = f"{path}: {one.get('name')}" if ": " not in path else f"{path}.{one.get('name')}"
        yield here, one, found
        if found is not None:
            yield from _walk(one.get("part", ()), list(found.get("part", ())), here)


def _expect_counts(parameters: Any, defined: list[Part], path: str) -> None:
    counts = Counter(one.get("name") for one in parameters)
    for known in defined:
        most = float("inf") if known["max"] == "*" else int(known["max"])
        count = counts[known["name"]]
        expect(known["min"] <= count <= most, f"{known['name']} {known['min']}..{known['max']} in {path}", count)
        for one in parameters:
            if one.get("name") == known["name"] and known.get("part"):
                _expect_counts(one.get("part", ()), list(known["part"]), f"{path}, {known['name']}")


def _content(parameter: Part) -> list[str]:
    return [key for key in parameter if key in CONTENT or (key.startswith("value") and key[5:6].isupper())]


def _has_type(parameter: Part, kind: str) -> bool:
    held: Resource | None = parameter.get("resource")
    if kind in RESOURCE_TYPES:
        return held is not None and kind in {held.get("resourceType"), "Resource"}
    return f"value{kind[0].upper()}{kind[1:]}" in parameter


def _assigned(target: Target) -> Iterator[tuple[str, Assigned]]:
    """Every assignment of the samples with its fixture."""
    for fixture, coded in codings(target):
        yield from ((fixture.id, one) for one in coded.assignments)


def _evidence(coded: Coded) -> Iterator[Span]:
    for one in (*coded.assignments, *coded.rejections):
        yield from one.evidence
    for query in coded.named("query"):
        yield from spans_of(query, "indicator")


def _spans(target: Target) -> Iterator[tuple[Coded, Span]]:
    """Every evidence of the samples."""
    for _, coded in codings(target):
        yield from ((coded, span) for span in _evidence(coded))
