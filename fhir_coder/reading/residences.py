"""Rooms of a home by the kind of residence: the kitchen of an apartment is another place of occurrence than that of a house (Y92.0, Y92.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

from terminology.knowledge import table_rows


def in_residence(code: str, classes: Collection[str]) -> str:
    """The code of a room in the residence that one of the word classes names, or empty where none is named or the code is of no room."""
    kinds = _rooms().get(code, {})
    return next((kinds[name] for name in kinds if name in classes), "")


@cache
def _rooms() -> Mapping[str, Mapping[str, str]]:
    """By the code of a room in a residence of unknown kind, its code in each kind."""
    found: dict[str, dict[str, str]] = {}
    for row in table_rows("fhir_coder.reading", "residences.tsv"):
        found.setdefault(row["code"], {})[row["residence"]] = row["becomes"]
    return found
