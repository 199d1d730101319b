"""Every ICD-10-CM code that our own knowledge names, with file and line, and what becomes of it in another release.

Knowledge stands in tables (lexicon, edits, coding, always-review list) and, in a few places, as a code in the program itself. Both are read
here, so that a new release shows at once what has to be written anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from fhir_coder.coding.measured import is_measured
from fhir_coder.software import modules
from terminology.codebook import Codebook
from terminology.knowledge import knowledge_of
from terminology.lexicon.check import is_completable
from terminology.notation import CODE

# Columns that hold codes or ranges of them, and those of these whose codes are reported as they stand.
CODE_COLUMNS = frozenset(
    {
        "code",
        "codes",
        "alternatives",
        "except",
        "have",
        "with",
        "becomes",
        "beside",
        "history",
        "personal",
        "family",
        "right",
        "left",
        "bilateral",
        "within",
        "long_term",
        "drug",
        "symptoms",
        "diagnoses",
        "to",
        "contusion",
        "superficial",
        "open",
        "burn",
        "nail_contusion",
        "nail_open",
        "sprain",
        "strain",
        "fb",
        "crush",
        "traumatic",
        "severe",
        "accepts",
        "needs",
        "told",
        "then",
        "both",
        "acute",
        "chronic",
        "specified",
        "leads_to",
        "due",
        "infections",
        "heart",
        "kidney",
    }
)
_REPORTED = frozenset({"becomes", "history", "right", "left", "bilateral"})
_LEXICON = "terminology/lexicon/terms"
_TABLES = ("fhir_coder", "fhir_coder/coding", "fhir_coder/edits")
_PROGRAM = ("fhir_coder/coding", "fhir_coder/edits", "fhir_coder/reading")
_SEPARATOR = re.compile(r"[,+|]|(?<=[0-9A-Z])-(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class NamedCode:
    """A code and where it is named. ``is_reported``: it is assigned as it stands (and completed where it is a header); otherwise it is an end
    of a range or a heading, which covers whatever lies below."""

    code: str
    place: str
    is_reported: bool


@dataclass(frozen=True, slots=True)
class BrokenCode:
    """A named code that is not what it was: ``deleted``, ``unknown`` (in either release) or ``header`` (billable before); ``detail`` says what
    follows."""

    named: NamedCode
    fault: str
    detail: str


def named_codes() -> Iterator[NamedCode]:
    """Every code, in order of file and line."""
    yield from (one for path in _tables(_LEXICON) for one in _of_table(_LEXICON, path, reported=frozenset({"code"})))
    for folder in _TABLES:
        yield from (one for path in _tables(folder) for one in _of_table(folder, path, _REPORTED))
    for place, module in sorted(modules(), key=lambda item: item[0]):
        if place.rpartition("/")[0] in _PROGRAM:
            yield from _of_program(place, module)


def broken_codes(before: Codebook, after: Codebook) -> Iterator[BrokenCode]:
    """The named codes that the change from one release to the other breaks."""
    for named in named_codes():
        if after.normalize(named.code) is None:
            is_known = before.normalize(named.code) is not None
            yield BrokenCode(named, "deleted" if is_known else "unknown", "is not in the later release" if is_known else "is in neither")
        elif after.is_header(named.code) and before.normalize(named.code) and before.is_billable(named.code):
            yield BrokenCode(named, "header", _consequence(named, after))


def _consequence(named: NamedCode, after: Codebook) -> str:
    below = ", ".join(after.billable_under(named.code)[:5])
    if not named.is_reported:
        return f"still covers what lies below: {below}"
    if is_measured(after, named.code):
        return f"completed by the measured value: {below}"
    return f"{'completed by rule' if is_completable(after, named.code) else 'cannot be completed by rule'}: {below}"


def _tables(folder: str) -> list[Traversable | Path]:
    root = knowledge_of("terminology.lexicon").joinpath("terms") if folder == _LEXICON else knowledge_of(folder.replace("/", "."))
    return sorted((item for item in root.iterdir() if item.name.endswith(".tsv")), key=lambda item: item.name)


def _of_table(folder: str, path: Traversable | Path, reported: frozenset[str]) -> Iterator[NamedCode]:
    """The codes of a tab-separated table with ``#`` comments and one line of column names."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    rows = [(number, line.split("\t")) for number, line in lines if line.strip() and not line.startswith("#")]
    if not rows:
        return
    header = rows[0][1]
    for number, cells in rows[1:]:
        for column, cell in zip(header, cells, strict=False):
            if column in CODE_COLUMNS:
                yield from (NamedCode(code, f"{folder}/{path.name}:{number}", column in reported) for code in _codes(cell))


def _codes(cell: str) -> Iterator[str]:
    """The codes of a cell: several joined by commas or plus signs, and both ends of a range."""
    for part in _SEPARATOR.split(cell):
        code = part.strip().rstrip("#-.")
        if CODE.fullmatch(code):
            yield code


def _of_program(place: str, module: Traversable) -> Iterator[NamedCode]:
    """Text constants of a module that are a code and nothing else."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield NamedCode(node.value, f"{place}:{node.lineno}", True)
