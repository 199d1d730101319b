"""Small pieces of FHIR that the answers are made of."""

from __future__ import annotations

from typing import Any

from fhir_coder.errors import ParameterUnsupported
from fhir_coder.exchange import Resource

NAME = "International Classification of Diseases, 10th Revision, Clinical Modification (ICD-10-CM)"


def parameter(name: str, kind: str, value: Any) -> Resource:
    """A parameter or part with a value; ``kind`` is what follows ``value``: ``Code``, ``String``."""
    return {"name": name, f"value{kind}": value}


def parts(name: str, *inside: Resource) -> Resource:
    """A parameter made of parts."""
    return {"name": name, "part": list(inside)}


def parameters(*given: Resource) -> Resource:
    """A Parameters resource."""
    return {"resourceType": "Parameters", "parameter": list(given)}


def require_english(language: str | None, place: tuple[str, ...]) -> None:
    """Raises ParameterUnsupported for another language than English: the code set has no other."""
    if language is not None and language.lower().partition("-")[0] != "en":
        raise ParameterUnsupported("displayLanguage: titles are in English only", expression=place)
