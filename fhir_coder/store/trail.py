"""The ordered record of decisions of one coding: ids, codes, counts and hashes, never words of a note."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from fhir_coder.exchange import CodingResult
from fhir_coder.model import Assertions, Reconciled
from fhir_coder.store.records import TrailEvent


def trail_of(result: CodingResult) -> Iterator[TrailEvent]:
    """Events in the order of the straight line."""
    disposition = result.disposition
    report, coded = disposition.report, disposition.report.coded
    encounter = result.intake.encounter
    yield TrailEvent(
        "gathered",
        {
            "notes": {note.id: note.sha256 for note in encounter.notes},
            "versions": {note.id: note.version for note in encounter.notes if note.version},
            "inline": result.is_inline,
            "unreadable": {note.id: note.reason for note in encounter.unreadable},
            "conflicts": list(encounter.conflicts),
            "warnings": list(result.intake.warnings),
            "sensitive": [[one.reference, one.kind, one.what] for one in encounter.sensitive],
            "billing-withheld": encounter.self_pay,
        },
    )
    release = {key: str(value) for key, value in asdict(result.release).items()}
    yield TrailEvent("release-chosen", release)
    yield TrailEvent("made-with", {"artifacts": asdict(result.artifacts), "configuration": asdict(result.configuration)})
    yield TrailEvent("read", _read(coded.assertions))
    yield TrailEvent(
        "coded",
        {
            "assigned": [one.code for one in coded.assignments],
            "rejected": [[one.code, one.reason.value] for one in coded.rejected],
            "uncoded": len(coded.uncoded),
        },
    )
    yield TrailEvent(
        "checked",
        {"findings": [[one.edit, one.severity.value, list(one.codes)] for one in report.findings], "not-run": list(report.not_run)},
    )
    yield TrailEvent("disposed", {"outcome": disposition.outcome.value, "reasons": [one.code for one in disposition.reasons]})
    yield TrailEvent("reconciled", {"codes": [_reconciled(one) for one in result.reconciliation]})
    if result.receipt is not None:
        yield TrailEvent("delivered", {"statuses": [one["response"]["status"] for one in result.receipt.get("entry", ())]})


def _read(assertions: Assertions) -> dict[str, int]:
    """How much was found in the notes."""
    found = assertions.assertions
    return {
        "sections": len(assertions.mentions.sections.sections),
        "mentions": len(assertions.mentions.mentions),
        "codable": sum(one.is_codable for one in found),
    }


def _reconciled(one: Reconciled) -> list[str]:
    """Agreement, our code, the EHR's code and its Condition."""
    recorded = one.recorded
    return [one.agreement.value, one.code, recorded.code if recorded else "", recorded.reference if recorded else ""]
