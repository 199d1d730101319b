"""What our own codes are called: display and definition of each concept of our code systems (``own_terms.tsv``).

``Coding.display`` is the representation that the code system defines (http://hl7.org/fhir/R4/datatypes.html#Coding), so what is written takes it from
here, and the code systems of the FHIR package are made of the same rows. Sentences about one encounter belong beside a coding, in ``text``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from fhir_coder.vocabulary import DISPOSITION_REASON


@dataclass(frozen=True, slots=True)
class Term:
    """One concept in words."""

    display: str
    definition: str


@cache
def own_terms() -> Mapping[str, Mapping[str, Term]]:
    """The terms by code, by the id of their code system (``disposition``), in the order of the table."""
    lines = files("fhir_coder").joinpath("own_terms.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t")
    table: dict[str, dict[str, Term]] = {}
    for row in rows:
        table.setdefault(row["system"], {})[row["concept"]] = Term(row["display"], row["definition"])
    return table


def own_coding(system: str, code: str) -> dict[str, Any]:
    """The Coding of a concept of the table, by the URL of its system. Raises KeyError for one that has no row."""
    return {"system": system, "code": code, "display": own_terms()[system.rpartition("/")[2]][code].display}


def reason_coding(code: str) -> dict[str, Any]:
    """The Coding of a reason of a disposition: one of the table, the name of an edit, or a category of diagnoses that are always reviewed."""
    known = own_terms()["disposition-reason"].get(code)
    return {"system": DISPOSITION_REASON, "code": code, "display": known.display if known else spelled_out(code)}


def spelled_out(code: str) -> str:
    """What a code that is made of words is called: ``unreadable-note`` is "Unreadable note"."""
    return code.replace("-", " ").capitalize()
