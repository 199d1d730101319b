"""What comes out: the codes and their evidence, and what is proposed."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

from tests.conformance.broken.proxy import Asked, Broken, Reply, SpoilReply
from tests.conformance.broken.wire import answers

Json = dict[str, Any]
FHIR = "http://hl7.org/fhir"


def parts(given: list[Json], name: str, inside: str = "assignment") -> Iterator[Json]:
    """The parts of that name in the parameters of another."""
    for one in given:
        if one["name"] == inside:
            yield from (part for part in one["part"] if part["name"] == name)


def of_evidence(name: str, change: Callable[[Json], object]) -> SpoilReply:
    """Something else said of evidence."""

    def spoil(given: list[Json]) -> None:
        for evidence in parts(given, "evidence"):
            for part in evidence["part"]:
                if part["name"] == name:
                    change(part)

    return answers(spoil)


def named(name: str, change: Callable[[Json], object]) -> SpoilReply:
    """Another parameter of that name."""

    def spoil(given: list[Json]) -> None:
        for one in given:
            if one["name"] == name:
                change(one)

    return answers(spoil)


def entries(given: list[Json]) -> list[Json]:
    """Of the Bundle proposed, to be changed in place."""
    return next((one["resource"]["entry"] for one in given if one["name"] == "result"), [])


def proposing(kind: str, change: Callable[[Json], object]) -> SpoilReply:
    """Other resources of a type."""

    def spoil(given: list[Json]) -> None:
        for entry in entries(given):
            if entry["resource"]["resourceType"] == kind:
                change(entry["resource"])

    return answers(spoil)


def lacking(kind: str, name: str) -> SpoilReply:
    """Resources of a type without an element."""
    return proposing(kind, lambda one: one.pop(name, None))


def saying(kind: str, **members: Any) -> SpoilReply:
    """Resources of a type with other elements."""
    return proposing(kind, lambda one: one.update(members))


def in_base64(part: Json) -> None:
    part["valueString"] = base64.b64encode(bytes.fromhex(part["valueString"])).decode()


def one_before(part: Json) -> None:
    part["valueInteger"] -= 1


def lower_display(condition: Json) -> None:
    for coding in condition["code"]["coding"]:
        coding["display"] = coding["display"].lower()


def by_oid(given: list[Json]) -> None:
    for code in parts(given, "code"):
        code["valueCoding"]["system"] = "urn:oid:2.16.840.1.113883.6.90"


def last_of_another_release(given: list[Json]) -> None:
    for code in list(parts(given, "code"))[1:][-1:]:
        code["valueCoding"]["version"] = "2024-10-01"


def without_second(given: list[Json]) -> None:
    for rank in parts(given, "rank"):
        rank["valuePositiveInt"] += rank["valuePositiveInt"] > 1


def one_text(given: list[Json]) -> list[Json]:
    texts = [one for one in given if one["name"] == "noteText"]
    return [one for one in given if one["name"] != "noteText" or one is texts[0]]


def of_no_severity(parameter: Json) -> None:
    for one in parameter["resource"]["issue"]:
        one["severity"] = "warn"


def one_condition_more(given: list[Json]) -> None:
    found = entries(given)
    for entry in [one for one in found if one["resource"]["resourceType"] == "Condition"][:1]:
        more = copy.deepcopy(entry)
        more["fullUrl"] = "urn:uuid:00000000-0000-4000-8000-00000000000a"
        more["resource"].pop("identifier", None)
        more["resource"]["code"]["coding"][0] |= {"code": "R69", "display": "Illness, unspecified"}
        found.append(more)


def diagnoses_without_system(claim: Json) -> None:
    for one in claim.get("diagnosis", ()):
        for coding in one["diagnosisCodeableConcept"]["coding"]:
            del coding["system"]


def one_number_skipped(claim: Json) -> None:
    for one in claim.get("diagnosis", ()):
        one["sequence"] += one["sequence"] > 1


def institutional(claim: Json) -> None:
    claim["type"]["coding"][0]["code"] = "institutional"


def by_day(provenance: Json) -> None:
    provenance["recorded"] = provenance["recorded"][:10]


def with_versions(given: list[Json]) -> None:
    for entry in entries(given):
        entry["fullUrl"] += "/_history/1"


def in_xml(change: Callable[[bytes], bytes]) -> SpoilReply:
    """The operation's answers in XML, otherwise."""

    def spoil(asked: Asked, reply: Reply) -> Reply:
        is_one = asked.is_operation and reply.status == 200 and "xml" in reply.header("Content-Type")
        return replace(reply, body=change(reply.body)) if is_one else reply

    return spoil


def rounded(body: bytes) -> bytes:
    return re.sub(rb'(?<=<valueDecimal value=")[^"]+', lambda found: f"{float(found[0]):.2f}".encode(), body)


def without_evidence(body: bytes) -> bytes:
    ET.register_namespace("", FHIR)
    root = ET.fromstring(body)
    for parent in list(root.iter()):
        for child in list(parent):
            name = child.find(f"{{{FHIR}}}name")
            if name is not None and name.get("value") == "evidence":
                parent.remove(child)
    return ET.tostring(root, encoding="utf-8")


ANSWERS = (
    Broken("counts the end of evidence in", ("OUT-006",), of_evidence("end", one_before)),
    Broken("gives hashes in base64", ("OUT-007",), of_evidence("sha256", in_base64)),
    Broken("has one id for all codings", ("OUT-019",), named("codingId", lambda one: one.update(valueId="coding"))),
    Broken("calls codes otherwise in Conditions", ("OUT-027",), proposing("Condition", lower_display)),
    Broken("names ICD-10-CM by its OID", ("OUT-013",), answers(by_oid)),
    Broken("takes one code from another release", ("OUT-015",), answers(last_of_another_release)),
    Broken("leaves a rank out", ("OUT-010",), answers(without_second)),
    Broken("has issues of a severity that is none", ("OUT-021",), named("issues", of_no_severity)),
    Broken("gives the text of the first note alone", ("OUT-022",), answers(one_text)),
    Broken("proposes Conditions without category", ("RES-005",), lacking("Condition", "category")),
    Broken("proposes Conditions without verificationStatus", ("RES-006",), lacking("Condition", "verificationStatus")),
    Broken("proposes Conditions without clinicalStatus", ("RES-007",), lacking("Condition", "clinicalStatus")),
    Broken("proposes Conditions of nobody", ("RES-009",), lacking("Condition", "subject")),
    Broken("proposes a Condition for a code that is not assigned", ("RES-004",), answers(one_condition_more)),
    Broken("names no system in the diagnoses of a Claim", ("RES-020",), proposing("Claim", diagnoses_without_system)),
    Broken("skips a number in the diagnoses of a Claim", ("RES-019",), proposing("Claim", one_number_skipped)),
    Broken("proposes institutional Claims", ("RES-015",), proposing("Claim", institutional)),
    Broken("proposes Claims without date", ("RES-016",), lacking("Claim", "created")),
    Broken("proposes Provenance without target", ("RES-026",), lacking("Provenance", "target")),
    Broken("records Provenance by day alone", ("RES-027",), proposing("Provenance", by_day)),
    Broken("proposes Tasks that are completed", ("RES-023",), saying("Task", status="completed")),
    Broken("proposes Tasks without intent", ("RES-024",), lacking("Task", "intent")),
    Broken("proposes Tasks without code", ("RES-031",), lacking("Task", "code")),
    Broken("has versions in fullUrl", ("RES-001",), answers(with_versions)),
    Broken("rounds decimals in XML", ("FMT-022",), in_xml(rounded)),
    Broken("loses evidence in XML", ("FMT-024",), in_xml(without_evidence)),
)
