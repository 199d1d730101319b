"""The two ways a body can be wrong, with the place as a FHIRPath expression and never the value found there."""

from __future__ import annotations

from fhir_coder.errors import InvalidContent, UnreadableBody
from fhir_coder.fhir.elements import element_names


def structure_fault(reason: str, path: str = "") -> UnreadableBody:
    """The form is not FHIR's: null, empty, wrong JSON type, unknown element."""
    return UnreadableBody(_sentence(reason, path), expression=(path,) if path else ())


def content_fault(reason: str, path: str = "") -> InvalidContent:
    """The form is right and a value is not what FHIR R4 allows there."""
    return InvalidContent(_sentence(reason, path), expression=(path,) if path else ())


def child_path(path: str, name: str) -> str:
    """Path of a property; a name that no element of FHIR R4 has is left out, for it may be a patient's."""
    return f"{path}.{name}" if name.removeprefix("_") in element_names() else path


def _sentence(reason: str, path: str) -> str:
    return f"{path}: {reason}" if path else reason
