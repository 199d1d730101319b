"""For programs: everything that was found."""

from __future__ import annotations

import json

from conformance.reports.words import reason, word_of
from conformance.running import Judged, Run
from conformance.verdict import Verdict


def as_json(run: Run) -> str:
    """An object with ``base``, ``software``, ``begun`` (ISO 8601), ``seconds``, ``counts`` and ``requirements``."""
    report = {
        "base": run.base,
        "software": run.software,
        "begun": run.begun.isoformat(timespec="seconds"),
        "seconds": round(run.seconds, 3),
        "counts": {word_of(one): run.count(one) for one in (*Verdict, None)},
        "requirements": [_judged(one) for one in run.judged],
    }
    return json.dumps(report, indent=2, ensure_ascii=False)


def _judged(judged: Judged) -> dict[str, object]:
    one = judged.requirement
    return {
        "id": one.id,
        "source": one.source,
        "level": one.level.value,
        "text": one.text,
        "verdict": word_of(judged.verdict),
        "reason": reason(judged),
        "checks": [
            {
                "id": finding.check,
                "verdict": finding.verdict.value,
                "exchange": finding.exchange,
                "expected": finding.expected,
                "received": finding.received,
                "seconds": round(finding.seconds, 4),
            }
            for finding in judged.findings
        ],
    }
