"""The one strict reader: every byte of FHIR that comes in, from a caller or from an EHR, passes here.

:mod:`fhir.resources` alone accepts nulls, empty arrays, ``"1"`` for a number, unknown codes, broken base64 and duplicate keys. Resources leave
as plain dicts in FHIR JSON form with decimals as ``decimal.Decimal``; dates and decimals stay what they were.
"""

from __future__ import annotations

from typing import Any

from fhir_coder.errors import BodyTooLarge
from fhir_coder.fhir.elements import r4_elements
from fhir_coder.fhir.json_text import parse_json
from fhir_coder.fhir.limits import DEFAULT_LIMITS, Limits
from fhir_coder.fhir.resource_model import check_model
from fhir_coder.fhir.structure import check_resource
from fhir_coder.fhir.xml_tree import parse_xml


def read_json(data: bytes, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """A resource from FHIR JSON. Raises BodyTooLarge, UnreadableBody or InvalidContent, located by FHIRPath, never quoting a value."""
    _check_size(data, limits)
    return _checked(parse_json(data, limits))


def read_xml(data: bytes, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """A resource from FHIR XML, in JSON form. Raises as :func:`read_json`."""
    _check_size(data, limits)
    return _checked(parse_xml(data, limits, r4_elements()))


def _check_size(data: bytes, limits: Limits) -> None:
    if len(data) > limits.max_bytes:
        raise BodyTooLarge(f"the body is larger than {limits.max_bytes} bytes")


def _checked(resource: Any) -> dict[str, Any]:
    check_resource(resource, r4_elements())
    check_model(resource)
    return resource
