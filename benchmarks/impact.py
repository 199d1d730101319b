"""How long ``fhir-coder impact`` takes to find 10,000 signed encounters with their state at billing, in a database file of its own.

usage: python -m benchmarks.impact
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, insert

from fhir_coder.store.affected import AffectedEncounters, Cause
from fhir_coder.store.engine import open_engine
from fhir_coder.store.outbox_tables import OutboxRow
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
from fhir_coder.store.tables import CodedEncounterRow, FindingRow
from fhir_coder.store.upgrade import upgrade

ENCOUNTERS = 10_000
_NOW = datetime.now(UTC)
_TEXTS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (
        CodedEncounterRow,
        {"ehr": "main", "service_date": date(2026, 5, 1), "release_id": "2026-04-01", "release_status": "covered", "created_at": _NOW}
        | {"versions": {"model": "mini@0123456789ab", "lexicon": "0123456789ab", "ranker": "outpatient@0123456789ab"}, "configuration": {}}
        | {"disposition": "review", "is_confident": False, "engine_version": "0", "is_inline": False, "is_uploaded": False, "recorded": []}
        | dict.fromkeys(("release_artifact", "index_artifact", "ranker_artifact", "knowledge_artifact", "facts_sha256"), "a" * 64)
        | {"billing_withheld": ""},
    ),
    (
        ReviewRow,
        {"state": "signed", "version": 1, "is_touched": True, "severity": 3, "code_count": 2, "codes": ["I10", "E11.9"], "reasons": []}
        | dict.fromkeys(("superseded_by", "supersedes", "provider", "hold_reason", "assigned_id", "assigned_issuer", "holder_id"), "")
        | {"holder_issuer": "", "signed_at": _NOW, "locked_until_s": 0, "changed_at": _NOW},
    ),
    (
        ReviewDecisionRow,
        {"sequence": 1, "made_at": _NOW, "person_id": "Practitioner/1", "person_issuer": "", "act": "sign-off", "code": "", "instead": ""}
        | {"reason": "", "detail": {"overrides": [["FCE-201 I10 E11.9", "payer-rule"]]}},
    ),
    (FindingRow, {"position": 0, "edit": "FCE-601", "name": "", "severity": "blocking", "codes": [], "detail": "", "source": ""}),
    (
        OutboxRow,
        {"destination": "billing", "version": 1, "is_void": False, "frequency": "1", "state": "acknowledged"}
        | dict.fromkeys(("attempts", "created_s", "next_attempt_s", "claimed_s", "sent_s", "acknowledged_s"), 1)
        | dict.fromkeys(("replaces", "acknowledgement", "detail", "signed_sha256", "message_sha256"), ""),
    ),
)


def main() -> None:
    """Print the seconds for each cause."""
    with TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'store.sqlite'}")
        upgrade(engine)
        _fill(engine)
        found_in = AffectedEncounters(engine)
        for cause, value in (
            (Cause.EDIT, "FCE-601"),
            (Cause.EDIT, "FCE-201"),
            (Cause.MODEL, "mini@0123456789ab"),
            (Cause.RELEASE, "2026-04-01"),
        ):
            start = time.perf_counter()
            count = sum(len(page) for page in found_in.pages("default", cause, (value,)))
            print(f"{cause.value:8} {value:18} {count} encounters  {time.perf_counter() - start:.2f} s")
        engine.dispose()


def _fill(engine: Engine) -> None:
    with engine.begin() as connection:
        for table, values in _TEXTS:
            own = set(table.__table__.columns.keys())
            rows = [
                {name: value for name, value in (values | _named(number)).items() if name in own} for number in range(1, ENCOUNTERS + 1)
            ]
            connection.execute(insert(table), rows)


def _named(number: int) -> dict[str, Any]:
    """The ids of one encounter, in whatever table."""
    coding = f"{number:032x}"
    references = {"encounter_reference": f"Encounter/{number}", "patient_reference": f"Patient/{number % 3000}"}
    owned = {"coded_encounter": number, "review": number, "coding": coding, "control_id": f"{number:020d}"}
    return {"key": number, "tenant": "default", "id": coding, **references, **owned}


if __name__ == "__main__":
    main()
