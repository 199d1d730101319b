"""Codes that another one makes superfluous or wrong, and codes that are left to the site, as data (``gives_way.tsv``, ``left_to_site.tsv``)."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from fhir_coder.code_ranges import covered, parse_listed
from terminology.knowledge import table_rows
from terminology.references import CodeReference


def gives_way_to(code: str, assigned: Collection[str]) -> str:
    """The first of the ``assigned`` codes that ``code`` gives way to, or empty."""
    rules = [to for own, to in _rules() if covered(code, own)]
    return next((other for other in sorted(assigned) if any(covered(other, to) for to in rules)), "")


def is_left_to_site(code: str) -> bool:
    """Whether ``code`` is one of those that are offered and never assigned by themselves (``left_to_site.tsv``)."""
    return any(covered(code, references) for references in _left_to_site())


@cache
def _left_to_site() -> tuple[tuple[CodeReference, ...], ...]:
    return tuple(parse_listed(row["code"]) for row in table_rows("fhir_coder.coding", "left_to_site.tsv"))


@cache
def _rules() -> tuple[tuple[tuple[CodeReference, ...], tuple[CodeReference, ...]], ...]:
    return tuple((parse_listed(row["code"]), parse_listed(row["to"])) for row in table_rows("fhir_coder.coding", "gives_way.tsv"))
