"""Codes that another one makes superfluous or wrong, and codes that are left to the site, as data (``gives_way.tsv``, ``left_to_site.tsv``)."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from functools import cache

from terminology.knowledge import knowledge_of
from terminology.references import CodeReference, parse_references


def gives_way_to(code: str, assigned: Collection[str]) -> str:
    """The first of the ``assigned`` codes that ``code`` gives way to, or empty."""
    rules = [to for own, to in _rules() if _covers(own, code)]
    return next((other for other in sorted(assigned) if any(_covers(to, other) for to in rules)), "")


def is_left_to_site(code: str) -> bool:
    """Whether ``code`` is one of those that are offered and never assigned by themselves (``left_to_site.tsv``)."""
    return any(_covers(references, code) for references in _left_to_site())


@cache
def _left_to_site() -> tuple[tuple[CodeReference, ...], ...]:
    return tuple(parse_references(f"({row['code']})") for row in _rows("left_to_site.tsv"))


@cache
def _rules() -> tuple[tuple[tuple[CodeReference, ...], tuple[CodeReference, ...]], ...]:
    return tuple((parse_references(f"({row['code']})"), parse_references(f"({row['to']})")) for row in _rows("gives_way.tsv"))


def _rows(name: str) -> Iterator[dict[str, str]]:
    lines = knowledge_of("fhir_coder.coding").joinpath(name).read_text(encoding="utf-8").splitlines()
    return iter(csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t"))


def _covers(references: tuple[CodeReference, ...], code: str) -> bool:
    return any(reference.covers(code) for reference in references)
