"""Codes whose right, left and bilateral forms the titles do not show as siblings, as data."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache

from terminology.knowledge import knowledge_of

_SIDES = ("right", "left", "bilateral")


@cache
def side_exceptions() -> Mapping[str, Mapping[str, str]]:
    """Code to side to code; the sources are in ``side_exceptions.tsv``."""
    lines = knowledge_of("fhir_coder.coding").joinpath("side_exceptions.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t")
    return {row["code"]: {name: row[name] for name in _SIDES} for row in rows}
