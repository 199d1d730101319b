"""How the server spells its answers in FHIR R4: nothing empty, moments with their zone, decimals with their precision, the same in JSON and XML.

Sources: http://hl7.org/fhir/R4/json.html, http://hl7.org/fhir/R4/xml.html, http://hl7.org/fhir/R4/datatypes.html.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from conformance.answer_check import answer_check
from conformance.exchange import FHIR_XML, Answer
from conformance.fixture import Fixture, all_fixtures, fixtures
from conformance.fixture_answers import answers_of, codings
from conformance.flattened import FHIR, Leaf, leaves_of_json, leaves_of_xml, read_json, root_of_xml
from conformance.target import Target
from conformance.verdict import expect

DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""http://hl7.org/fhir/R4/datatypes.html#decimal"""
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T.*")
ZONED = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
_OF_THE_MOMENT = ("/valueId", "/recorded", "/created", "/authoredOn", "/lastModified", "/recordedDate", "/timestamp")
"""Ends of paths whose values differ from call to call."""
ONE, BOTH = "note-plain-text", "note-latin-1"


@answer_check
def answers_have_no_emptiness(target: Target) -> None:
    """An answer has no null, no empty array, object or string."""
    for fixture, coded in codings(target):
        found = list(_empty(coded.parameters, "Parameters"))
        expect(not found, f"no empty value in the answer to {fixture.id}", ", ".join(found[:3]))


@answer_check
def names_of_answers_stand_once(target: Target) -> None:
    """No object of an answer has a property twice."""
    for fixture, _ in codings(target):
        twice = _names_that_stand_twice(answers_of(target).inline(fixture).body)
        expect(not twice, f"each name once in the answer to {fixture.id}", ", ".join(twice[:3]))


@answer_check
def moments_of_answers_have_a_zone(target: Target) -> None:
    """Every moment in an answer has seconds and a zone."""
    for fixture, coded in codings(target):
        wrong = [
            value
            for _, value in leaves_of_json(coded.parameters)
            if MOMENT.fullmatch(value) and not ZONED.fullmatch(value) and " " not in value
        ]
        expect(not wrong, f"a zone in every moment of {fixture.id}", ", ".join(wrong[:3]))


@answer_check
def decimals_are_numbers(target: Target) -> None:
    """A decimal is a JSON number, with the precision that it has in XML."""
    for fixture in fixtures((ONE,)):
        answer = answers_of(target).inline(fixture)
        spelled = [
            part["valueDecimal"] for one in read_json(answer.body)["parameter"] for part in one.get("part", ()) if "valueDecimal" in part
        ]
        expect(spelled and all(type(one) is not str and DECIMAL.fullmatch(one) for one in spelled), "decimals as JSON numbers", spelled)
        in_xml = [
            value for (path, value), count in _in_xml(target, fixture).items() for _ in range(count) if path.endswith("part/valueDecimal")
        ]
        expect(sorted(in_xml) == sorted(map(str, spelled)), f"{', '.join(sorted(map(str, spelled)))} in XML", ", ".join(sorted(in_xml)))


@answer_check
def xml_has_its_namespace(target: Target) -> None:
    """The root of an answer in XML is Parameters in the namespace of FHIR."""
    target.require_xml()
    answer = _code_in_xml(target, all_fixtures()[ONE])
    expect(answer.media_type == FHIR_XML, FHIR_XML, answer)
    expect(root_of_xml(answer.body) == f"{FHIR}Parameters", f"{FHIR}Parameters", root_of_xml(answer.body))


@answer_check
def xml_says_what_json_says(target: Target) -> None:
    """The answer in XML has the values of the answer in JSON, spelled alike: letters, dates with their zones, decimals with their zeros."""
    target.require_xml()
    for fixture in fixtures((ONE, BOTH)):
        in_json = _steady(leaves_of_json(read_json(answers_of(target).inline(fixture).body)))
        in_xml = _steady(_in_xml(target, fixture))
        expect(in_json == in_xml, f"the same values for {fixture.id}", _difference(in_json, in_xml))


@answer_check
def letters_come_back(target: Target) -> None:
    """Letters beyond ASCII come back in the text and the evidence as they stand in the note."""
    for fixture, coded in codings(target, (BOTH,)):
        told = "".join(text for _, text in coded.texts)
        expect("Ménière" in told and "Émile Roçado" in told, f"Ménière and Roçado in the text of {fixture.id}", "other letters")


def _empty(value: Any, path: str) -> Iterator[str]:
    if value is None or value == "" or value == [] or value == {}:
        yield path
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _empty(one, f"{path}.{name}")
    elif isinstance(value, list) and not path.rpartition(".")[2].startswith("_"):
        for place, one in enumerate(value):
            yield from _empty(one, f"{path}[{place}]")


def _names_that_stand_twice(body: bytes) -> list[str]:
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice.extend(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return dict(pairs)

    json.loads(body, object_pairs_hook=once)
    return twice


def _steady(leaves: Counter[Leaf]) -> Counter[Leaf]:
    return Counter({leaf: count for leaf, count in leaves.items() if not leaf[0].endswith(_OF_THE_MOMENT)})


def _difference(one: Counter[Leaf], other: Counter[Leaf]) -> str:
    """Where they differ, by path: values may be of a patient."""
    paths = sorted({path for path, _ in ((one - other) + (other - one))})
    return f"others at {', '.join(paths[:5])}"


def _code_in_xml(target: Target, fixture: Fixture) -> Answer:
    answer = target.code(fixture.parameters(), headers={"Accept": FHIR_XML})
    expect(answer.status == 200, "200", answer)
    return answer


def _in_xml(target: Target, fixture: Fixture) -> Counter[Leaf]:
    target.require_xml()
    return leaves_of_xml(_code_in_xml(target, fixture).body)
