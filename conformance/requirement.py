"""The requirements, read from ``requirements.csv``: what a server must do, who says so, and what tries it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

FILE = Path(__file__).with_name("requirements.csv")
COLUMNS = ("id", "source", "level", "text", "checks", "untested")


class Level(StrEnum):
    """How binding a requirement is (RFC 2119 as FHIR uses it)."""

    SHALL = "SHALL"
    SHOULD = "SHOULD"
    MAY = "MAY"

    @property
    def rank(self) -> int:
        """The most binding first."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement. ``source`` is a section of a specification or of an OperationDefinition; ``checks`` are ids of what tries it, or
    ``untested`` says why nothing does."""

    id: str
    source: str
    level: Level
    text: str
    checks: tuple[str, ...]
    untested: str


def read_requirements(file: Path = FILE) -> tuple[Requirement, ...]:
    """All requirements in the order of the file. Raises ValueError for columns or a level that it cannot read."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{file.name} must have the columns {', '.join(COLUMNS)}")
        return tuple(_requirement(row) for row in rows)


def binding(requirements: Iterable[Requirement], level: Level) -> tuple[Requirement, ...]:
    """Those that bind at least as much as the level."""
    return tuple(one for one in requirements if one.level.rank <= level.rank)


def _requirement(row: dict[str, str]) -> Requirement:
    return Requirement(row["id"], row["source"], Level(row["level"]), row["text"], tuple(row["checks"].split()), row["untested"])
