"""The reasons of decisions (``reasons.tsv``)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

OTHER = "other"
"""The reason that says nothing by itself: it needs words."""
OVERRIDE = "override"
"""Where the reasons stand for letting a blocking finding pass, which is part of a sign-off."""
QUERY_OPEN = "query-open"
"""Why a review is held after a question to the provider."""
SOURCE_WITHDRAWN = "source-withdrawn"
"""Why a review is held, and opened again, when what was coded is withdrawn at the EHR."""


@cache
def reasons() -> Mapping[str, Mapping[str, str]]:
    """What each reason means, by act and reason, in the order of the table."""
    lines = files("fhir_coder.worklist").joinpath("reasons.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t")
    table: dict[str, dict[str, str]] = {}
    for row in rows:
        table.setdefault(row["act"], {})[row["reason"]] = row["meaning"]
    return table


def reason_fault(act: str, reason: str, text: str) -> str:
    """What is wrong with a reason, in a sentence; empty for a good one."""
    known = reasons().get(act, {})
    if reason not in known:
        return f"{act} needs a reason of {', '.join(known)}"
    return f"{act} for another reason needs it in words" if reason == OTHER and not text.strip() else ""
