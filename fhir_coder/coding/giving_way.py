"""Codes that another one makes superfluous or wrong, as data (``gives_way.tsv``)."""

from __future__ import annotations

import csv
from collections.abc import Collection
from functools import cache

from terminology.knowledge import knowledge_of
from terminology.references import CodeReference, parse_references


def gives_way_to(code: str, assigned: Collection[str]) -> str:
    """The first of the ``assigned`` codes that ``code`` gives way to, or empty."""
    rules = [to for own, to in _rules() if _covers(own, code)]
    return next((other for other in sorted(assigned) if any(_covers(to, other) for to in rules)), "")


@cache
def _rules() -> tuple[tuple[tuple[CodeReference, ...], tuple[CodeReference, ...]], ...]:
    lines = knowledge_of("fhir_coder.coding").joinpath("gives_way.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t")
    return tuple((parse_references(f"({row['code']})"), parse_references(f"({row['to']})")) for row in rows)


def _covers(references: tuple[CodeReference, ...], code: str) -> bool:
    return any(reference.covers(code) for reference in references)
