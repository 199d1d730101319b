"""The decision record as a page of text: the object of :mod:`fhir_coder.record.trail_document`, part after part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_coder.record.trail_document import Object


def trail_page(document: Object) -> str:
    """The whole record, readable on a terminal."""
    return "\n".join(_lines(document))


def _lines(document: Object) -> Iterator[str]:
    yield f"Coding {document['codingId']}"
    where = f"tenant {document['tenant']}" + (f", EHR {document['ehr']}" if document["ehr"] else ", no EHR")
    yield f"  {document['encounter'] or 'an encounter without an address'}  {document['patient'] or 'patient unknown'}  ({where})"
    yield f"  coded {document['codedAt']}"
    for title, lines in (
        ("Gathered", _gathered(document["gathered"])),
        ("Release", _release(document["release"])),
        ("Made with", _made_with(document["madeWith"])),
        ("Read", _read(document["read"])),
        (f"Codes ({len(document['codes'])})", _codes(document["codes"])),
        (f"Not coded ({len(document['rejected'])})", _rejected(document["rejected"])),
        ("Problems without a code", _places(document["uncoded"], "  ")),
        (f"Findings ({len(document['findings'])})", _findings(document)),
        (f"Disposition: {document['disposition']}{' (confident)' if document['isConfident'] else ''}", _reasons(document["reasons"])),
        ("Proposed", _proposal(document["proposal"])),
        ("Done to what earlier codings of the encounter wrote", _earlier(document["earlier"])),
        ("Compared with the EHR's own diagnoses", _reconciled(document["reconciliation"])),
    ):
        if body := list(lines):
            yield from ("", title, *body)


def _gathered(gathered: Object) -> Iterator[str]:
    for note in gathered["notes"]:
        version = f" version {note['version']}" if note["version"] else ""
        whose = f"{note['authority'] or 'authority not recorded'}, {'signed' if note['isSigned'] else 'not signed'}"
        whose += f", by {note['author']}" if note["author"] else ""
        yield f"  note {note['reference'] or note['id']}{version}  {note['contentType']}, {note['characters']} characters, {whose}"
        yield f"       sha256 {note['sha256']}{', text stored' if note['textStored'] else ''}"
    for note_id, reason in gathered["unreadable"].items():
        yield f"  unreadable {note_id}: {reason}"
    for reference, _, what in gathered["sensitive"]:
        yield f"  sensitive {reference}: {what}"
    if gathered["billingWithheld"]:
        yield f"  no claim: {gathered['billingWithheld']}"
    yield from (f"  conflict: {one}" for one in gathered["conflicts"])
    yield from (f"  warning: {one}" for one in gathered["warnings"])
    if gathered["isInline"]:
        yield "  the notes came with the request"


def _release(release: Mapping[str, Any]) -> Iterator[str]:
    if "id" in release:
        yield f"  {release['id']}, which covers service dates {release['effective_from']} to {release['effective_to']}"
        yield f"  date of service {release['serviceDate'] or 'unknown'}: {release['status']}"


def _made_with(made_with: Object) -> Iterator[str]:
    yield from (f"  artifact  {name:12} {digest}" for name, digest in made_with["artifacts"].items() if digest)
    yield from (f"  version   {name:12} {value}" for name, value in sorted(made_with["versions"].items()))
    settings = made_with["settings"]
    if settings["policy"]:
        yield f"  setting   {'assigned from':16} {settings['assign_probability']:g}"
        yield f"  setting   {'confident from':16} {settings['pass_probability']:g}"
        if settings["calibration"]:
            yield f"  setting   {'calibration':16} {settings['calibration']}"
            yield f"  setting   {'read by':16} level {settings['level']:g}, slope {settings['slope']:g}"
        yield f"  setting   {'passing':16} {settings['passing']}"
        yield from (f"  setting   {edit:16} {severity}" for edit, severity in sorted(settings["severities"].items()))


def _read(read: Mapping[str, int]) -> Iterator[str]:
    if read:
        yield f"  {read['sections']} sections, {read['mentions']} mentions, {read['codable']} of them present, current and the patient's own"


def _codes(codes: list[Object]) -> Iterator[str]:
    for one in codes:
        yield f"  {one['rank']:2}. {one['code']:9} p {one['probability']:.4f}  {one['disposition']:6}  {one['display']}"
        yield from _places(one["evidence"], "      ")
        if one["features"]:
            yield "      features " + ", ".join(f"{name} {value:g}" for name, value in one["features"].items())
        if "explanation" in one:
            yield f"      {one['explanation']}"


def _rejected(rejected: list[Object]) -> Iterator[str]:
    for one in rejected:
        instead = f"  instead {one['instead']}" if one["instead"] else ""
        probability = f"  p {one['probability']:.4f}" if one["probability"] else ""
        yield f"  {one['code']:9} {one['reason']:16} {one['display']}{probability}{instead}"
        yield from _places(one["evidence"], "      ")


def _places(evidence: list[Object], indent: str) -> Iterator[str]:
    for one in evidence:
        words = f'  "{" ".join(one["text"].split())}"' if "text" in one else ""
        yield f"{indent}{one['note']} {one['start']}..{one['end']} {one['section']}{words}"


def _findings(document: Object) -> Iterator[str]:
    for one in document["findings"]:
        codes = f" {', '.join(one['codes'])}" if one["codes"] else ""
        yield f"  {one['severity']:11} {one['edit']} {one['name']}{codes}: {one['detail']}"
        yield from _places(one["evidence"], "      ")
        if query := one.get("query"):
            yield f"      asks the provider: {query['question']} ({'; '.join(query['options'])})"
            yield from _places(query["indicators"], "        ")
    if document["notRun"]:
        yield f"  not run for want of input: {', '.join(document['notRun'])}"


def _reasons(reasons: list[Object]) -> Iterator[str]:
    for one in reasons:
        codes = f" {', '.join(one['codes'])}" if one["codes"] else ""
        yield f"  {one['code']}{codes}: {one['text']}"


def _proposal(proposal: list[Object]) -> Iterator[str]:
    for one in proposal:
        what = " ".join((one["resourceType"], *one["codes"]))
        yield f"  {what:20} {_answer(one) if 'status' in one else 'not sent to the EHR'}"


def _earlier(answers: list[Object]) -> Iterator[str]:
    """What the EHR answered about resources of earlier codings: retired, left, and the Provenance that says so."""
    yield from (f"  {_answer(one)}" for one in answers)


def _answer(one: Object) -> str:
    issues = "".join(f"  {severity} {code}" for severity, code in one["issues"])
    return f"{one['status']}  {one['location']}{issues}".rstrip()


def _reconciled(rows: list[Object]) -> Iterator[str]:
    for one in rows:
        ours, theirs = one["code"] or "-", f"{one['recorded'] or '-'} {one['reference']}".rstrip()
        yield f"  {one['agreement']:13} {ours:9} EHR: {theirs}"
