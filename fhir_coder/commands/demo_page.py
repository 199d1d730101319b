"""The answer of the operation as a page of text: codes with their words, what the EHR had, what was and was not written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from textwrap import shorten
from typing import Any

from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import ICD10CM

_SHOWN_REJECTIONS = 8
_SHOWN_EVIDENCE = 2
_WRITTEN, _THERE, _HELD, _NOT_WRITTEN = "Written to the EHR", "At the EHR already", "Held until sign-off, not written", "Not written"
_EARLIER = "Of earlier codings and no longer proposed, with the Provenance of each retirement"
_SECTIONS = (_WRITTEN, _THERE, _HELD, _NOT_WRITTEN, _EARLIER)


def demo_page(answer: Resource) -> str:
    """The Parameters that the operation answered with, readable on a terminal. Decimals are printed as they are given."""
    return "\n".join(_lines(answer["parameter"]))


def _lines(parameters: list[Resource]) -> Iterator[str]:
    rejected, reconciliation = _named(parameters, "rejected"), _named(parameters, "reconciliation")
    yield from ("", "Codes")
    for assignment in _named(parameters, "assignment"):
        yield from _assignment(assignment["part"])
    if rejected:
        yield from ("", f"Not coded ({len(rejected)}){', for instance' if len(rejected) > _SHOWN_REJECTIONS else ''}")
        yield from map(_rejection, rejected[:_SHOWN_REJECTIONS])
    if reconciliation:
        yield from ("", "Compared with the EHR's own diagnoses", *_reconciled([_parts(one["part"]) for one in reconciliation]))
    yield from ("", "Findings")
    for issue in _one(parameters, "issues")["resource"]["issue"]:
        yield f"  {issue['severity']:11} {_cut(_sentence(issue), 130)}"
    yield from ("", f"Disposition: {_one(parameters, 'disposition')['valueCoding']['code']}")
    for reason in _named(parameters, "reason"):
        yield f"  because: {reason['valueCodeableConcept']['text']}"
    receipt = _named(parameters, "receipt")
    if receipt:
        yield from _receipt(_one(parameters, "result")["resource"]["entry"], receipt[0]["resource"]["entry"])
    coding = _one(parameters, "codingId")["valueId"]
    yield from ("", f"Recorded as {coding}. How it came about: fhir-coder trail {coding}")


def _assignment(given: list[Resource]) -> Iterator[str]:
    parts = _parts(given)
    coding = parts["code"]["valueCoding"]
    yield f"  {parts['rank']['valuePositiveInt']:2}. {coding['code']:9} p={parts['probability']['valueDecimal']}  {coding.get('display', '')}"
    for evidence in _named(given, "evidence")[:_SHOWN_EVIDENCE]:
        words = _parts(evidence["part"])
        text = " ".join(words["text"]["valueString"].split())
        yield f'        "{text}"  [{words["start"]["valueInteger"]}..{words["end"]["valueInteger"]}]'


def _rejection(rejected: Resource) -> str:
    parts = _parts(rejected["part"])
    coding = parts["code"]["valueCoding"]
    return f"  {coding['code']:9} {parts['reason']['valueCode']:16} {_cut(coding.get('display', ''), 90)}".rstrip()


def _reconciled(rows: list[dict[str, Resource]]) -> Iterator[str]:
    """One line for each diagnosis that the EHR holds, and one for all codes that are new to it."""
    added = [row["assigned"]["valueCoding"]["code"] for row in rows if row["status"]["valueCode"] == "added"]
    for row in rows:
        status, assigned = row["status"]["valueCode"], row["assigned"]["valueCoding"]["code"] if "assigned" in row else "-"
        if status != "added":
            at = row["condition"]["valueReference"]["reference"] if "condition" in row else ""
            yield f"  {status:13} {assigned:9} EHR: {row['recorded']['valueCoding']['code']} {at}".rstrip()
    if added:
        yield f"  {'added':13} {', '.join(added)} (the EHR has nothing of the kind)"


def _receipt(proposed: list[Resource], answered: list[Resource]) -> Iterator[str]:
    """What became of each resource, under one heading for each fate. Entries after those proposed are about earlier codings."""
    sections: dict[str, list[str]] = {section: [] for section in _SECTIONS}
    provenances: Counter[tuple[str, str]] = Counter()
    for number, entry in enumerate(answered):
        resource = proposed[number]["resource"] if number < len(proposed) else {}
        section = _section(entry["response"]["status"]) if resource else _EARLIER
        if resource.get("resourceType") == "Provenance" and not _remarks(entry["response"], section):
            provenances[section, entry["response"]["status"]] += 1
        else:
            sections[section] += _answered(resource, entry["response"], section)
    for (section, status), count in provenances.items():
        sections[section].append(f"  {'Provenance':11} {f'({count})':9} {status}")
    for section, lines in sections.items():
        if lines:
            yield from ("", section, *lines)


def _section(status: str) -> str:
    if status.startswith("202"):
        return _HELD
    if status == "200 OK":
        return _THERE
    return _WRITTEN if status.startswith(("200", "201")) else _NOT_WRITTEN


def _answered(resource: Resource, response: Resource, section: str) -> Iterator[str]:
    """A line for the resource, named by its type, its code and its address at the EHR, and one for each thing to be known about it."""
    address = response.get("location", "").partition("/_history/")[0]
    kind = resource.get("resourceType") or address.partition("/")[0] or "Resource"
    yield f"  {kind:11} {_code(resource):9} {response['status']:16} {address}".rstrip()
    yield from (f"{'':14} {sentence}" for sentence in _remarks(response, section))


def _remarks(response: Resource, section: str) -> list[str]:
    """What the receipt says beyond the heading: everything where something failed or was retired, else warnings and errors."""
    says_all = section in {_NOT_WRITTEN, _EARLIER}
    issues = response.get("outcome", {}).get("issue", [])
    return [_cut(_sentence(issue), 130) for issue in issues if says_all or issue["severity"] != "information"]


def _code(resource: Resource) -> str:
    codings = resource["code"].get("coding", []) if resource.get("resourceType") == "Condition" else []
    return next((coding["code"] for coding in codings if coding.get("system") == ICD10CM), "")


def _sentence(issue: Resource) -> str:
    return str(issue.get("diagnostics") or issue.get("details", {}).get("text") or issue["code"])


def _cut(text: str, width: int) -> str:
    return shorten(text, width, placeholder=" ...")


def _parts(parts: list[Resource]) -> dict[str, Any]:
    return {part["name"]: part for part in parts}


def _named(parameters: list[Resource], name: str) -> list[Resource]:
    return [parameter for parameter in parameters if parameter["name"] == name]


def _one(parameters: list[Resource], name: str) -> Resource:
    return next(parameter for parameter in parameters if parameter["name"] == name)
