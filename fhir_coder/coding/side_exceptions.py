"""Codes whose right, left and bilateral forms the titles do not show as siblings, as data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from terminology.knowledge import table_rows

_SIDES = ("right", "left", "bilateral")


@cache
def side_exceptions() -> Mapping[str, Mapping[str, str]]:
    """Code to side to code; the sources are in ``side_exceptions.tsv``."""
    rows = table_rows("fhir_coder.coding", "side_exceptions.tsv")
    return {row["code"]: {name: row[name] for name in _SIDES} for row in rows}
