"""How affected encounters are written: as text, CSV or NDJSON, line by line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from typing import TextIO

from fhir_coder.spreadsheet import defused
from fhir_coder.store.affected import Affected

FORMATS = ("text", "csv", "ndjson")


class LineWriter:
    """Writes in one of :data:`FORMATS`."""

    def __init__(self, stream: TextIO, form: str) -> None:
        self._stream = stream
        self._form = form

    def write(self, lines: Iterable[Affected]) -> int:
        """Every line as it comes. Returns how many there were."""
        count = 0
        if self._form == "csv":
            table = csv.writer(self._stream)
            table.writerow(COLUMNS)
        for one in lines:
            count += 1
            if self._form == "ndjson":
                self._stream.write(json.dumps(_object(one), ensure_ascii=False) + "\n")
            elif self._form == "csv":
                table.writerow([defused(value) for value in _row(one).values()])
            else:
                self._stream.write(_line(one) + "\n")
        return count


def _row(one: Affected) -> dict[str, str]:
    """One line by column."""
    return {
        "tenant": one.tenant,
        "coding": one.coding,
        "encounter": one.encounter,
        "patient": one.patient,
        "service_date": one.service_date.isoformat() if one.service_date else "",
        "state": one.state.value,
        "superseded_by": one.superseded_by,
        "signed_by": one.signed_by,
        "signed_at": one.signed_at.isoformat(timespec="seconds") if one.signed_at else "",
        "codes": " ".join(one.codes),
        "made_with": " ".join(one.made_with),
        "billing": "; ".join(f"{at.destination} version {at.version} {at.state.value}" for at in one.billing),
    }


COLUMNS = (
    "tenant", "coding", "encounter", "patient", "service_date", "state", "superseded_by", "signed_by", "signed_at", "codes", "made_with", "billing",
)  # fmt: skip


def _object(one: Affected) -> dict[str, object]:
    billing = [{"destination": at.destination, "version": at.version, "state": at.state.value} for at in one.billing]
    return {**_row(one), "codes": one.codes, "made_with": one.made_with, "billing": billing}


def _line(one: Affected) -> str:
    row = _row(one)
    signed = f"signed {row['signed_at']} by {row['signed_by']}" if row["signed_at"] else "not signed"
    later = f"  coded again as {one.superseded_by}" if one.superseded_by else ""
    told = (row["tenant"], row["coding"], row["encounter"] or "-", row["patient"] or "-", row["service_date"] or "-", row["state"], signed)
    return f"{'  '.join(told)}{later}  {row['codes'] or '-'}  [{row['made_with']}]  billing: {row['billing'] or '-'}"
