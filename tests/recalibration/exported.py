"""The export of decisions read as somebody outside reads it: signed codings from its lines alone, and figures counted from them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fhir_coder.exchange import Artifacts
from fhir_coder.model import Outcome
from fhir_coder.outcomes.outcome import FinalCode, ProposedOutcome, RejectedOutcome, SignedOutcome
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.review import Origin, Verdict

Line = dict[str, Any]


def lines_in(file: Path) -> list[Line]:
    """Every line of an export."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def by_coding(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """What was signed, by the id of the coding."""
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line["source"] == "sign-off":
            found[line["coding"]].append(line)
    return found


def outcomes_of(lines: Iterable[Line]) -> list[SignedOutcome]:
    """Signed codings, as far as a calibration asks for them."""
    return [_outcome(of_one) for of_one in by_coding(lines).values()]


def _outcome(lines: list[Line]) -> SignedOutcome:
    head = lines[0]
    final = sorted((one for one in lines if one["final"]), key=lambda one: one["position"])
    return SignedOutcome(
        tenant=head["tenant"],
        coding_id=head["coding"],
        ehr=head["ehr"],
        encounter_reference=head["encounter"],
        patient_reference=head["patient"],
        service_date=None,
        created_at=datetime.fromisoformat(head["coded_at"]),
        provider=head["provider"],
        specialty=head["specialty"],
        release_id=head["release"],
        engine_version=head["engine"],
        versions=head["versions"],
        artifacts=Artifacts(**head["artifacts"]),
        disposition=Outcome(head["disposition"]),
        is_confident=head["confident"],
        proposed=tuple(
            ProposedOutcome(one["code"], one["probability"], one["rank"], Outcome(one["routed"]), one["features"])
            for one in lines
            if one["rank"]
        ),
        weighed=(),
        edits=(),
        sequence=head["decisions"],
        signed_at=datetime.fromisoformat(head["decided_at"]),
        decided_by=Someone(head["person"], ""),
        final=tuple(FinalCode(one["code"], Origin(one["origin"]), _verdict(one), "", one["probability"]) for one in final),
        rejected=tuple(RejectedOutcome(one["code"], one["reason"]) for one in lines if one["rank"] and not one["final"]),
        overrides=(),
        times_signed=head["times_signed"],
        decisions=head["decisions"],
    )


def _verdict(line: Line) -> Verdict:
    return Verdict.ACCEPTED if line["verdict"] == "accepted" else Verdict.OPEN


@dataclass(frozen=True)
class Counts:
    """Codes of signed codings: both proposed and signed, proposed, signed, either; signed codings whose codes are those that were proposed; the mean
    squared distance of probability and fate."""

    both: int
    proposed: int
    final: int
    either: int
    unchanged: int
    brier: float


def counted(lines: Iterable[Line]) -> Counts:
    """Line by line, by sets of codes."""
    sums, squares = [0] * 5, 0.0
    for of_one in by_coding(lines).values():
        proposed, final = {one["code"] for one in of_one if one["rank"]}, {one["code"] for one in of_one if one["final"]}
        found = (len(proposed & final), len(proposed), len(final), len(proposed | final), proposed == final)
        sums = [total + one for total, one in zip(sums, found, strict=True)]
        squares += sum((one["probability"] - one["final"]) ** 2 for one in of_one if one["rank"])
    return Counts(*sums, squares / sums[1])
