"""The second opinion: fhir.resources' R4B models, whose definitions agree with R4 for every type this server handles."""

from __future__ import annotations

import re
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from fhir_core.fhirabstractmodel import FHIRAbstractModel
from pydantic import ValidationError

from fhir_coder.errors import InvalidContent
from fhir_coder.fhir.faults import content_fault

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Types whose R4 definition R4B renamed, dropped or redesigned: for them the R4 element table is the only judge.
NOT_IN_R4B = frozenset(
    {
        "EffectEvidenceSynthesis",
        "Evidence",
        "EvidenceVariable",
        "MedicinalProduct",
        "MedicinalProductAuthorization",
        "MedicinalProductContraindication",
        "MedicinalProductIndication",
        "MedicinalProductIngredient",
        "MedicinalProductInteraction",
        "MedicinalProductManufactured",
        "MedicinalProductPackaged",
        "MedicinalProductPharmaceutical",
        "MedicinalProductUndesirableEffect",
        "RiskEvidenceSynthesis",
        "SubstanceNucleicAcid",
        "SubstancePolymer",
        "SubstanceProtein",
        "SubstanceReferenceInformation",
        "SubstanceSourceMaterial",
        "SubstanceSpecification",
    }
)


def as_model(resource: dict[str, Any]) -> FHIRAbstractModel:
    """The resource as an R4B model. Any failure, of whatever kind, is InvalidContent with the place and no value."""
    name = str(resource.get("resourceType", ""))
    try:
        return get_fhir_model_class(name).model_validate(resource)
    except ValidationError as error:
        raise content_fault("not valid by the R4B model", _place(name, error)) from None
    except Exception:  # the library raises KeyError, RecursionError and more for content it does not foresee
        raise InvalidContent("a resource cannot be read by the R4B model") from None


def check_model(resource: dict[str, Any]) -> None:
    """Parse with R4B unless the resource, or one inside it, is of a type that R4B has not."""
    if not _has_foreign_type(resource):
        as_model(resource)


def _place(name: str, error: ValidationError) -> str:
    """The first fault's location as FHIRPath; only what looks like an element name is told."""
    parts = [name if _NAME.fullmatch(name) else "Resource"]
    for step in error.errors(include_input=False, include_context=False, include_url=False)[0]["loc"]:
        if isinstance(step, int):
            parts[-1] += f"[{step}]"
        elif _NAME.fullmatch(step):
            parts.append(step)
    return ".".join(parts)


def _has_foreign_type(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_foreign_type(item) for item in value)
    if not isinstance(value, dict):
        return False
    return value.get("resourceType") in NOT_IN_R4B or any(
        _has_foreign_type(item) for item in value.values() if isinstance(item, dict | list)
    )
