"""Parameters of an address, each once and of a bearable length."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from fhir_coder.errors import InvalidContent, RequiredMissing

LONGEST = 2048


def one_of(given: MultiDict[str, str], name: str) -> str:
    """The value of a parameter, empty for none. Raises InvalidContent for several, for too long a one and for control characters."""
    values = given.getlist(name)
    if len(values) > 1:
        raise InvalidContent(f"the address has {name} more than once")
    value = values[0] if values else ""
    if len(value) > LONGEST or not value.isprintable():
        raise InvalidContent(f"the address has {name} in a form that cannot be read")
    return value


def launch_of(given: MultiDict[str, str]) -> tuple[str, str]:
    """``iss`` and ``launch`` of an EHR launch (SMART App Launch 2.2, "EHR Launch"). Raises RequiredMissing where one is absent."""
    iss, launch = one_of(given, "iss"), one_of(given, "launch")
    if not iss or not launch:
        raise RequiredMissing("an EHR launches this page with the parameters iss and launch; to come in without one, use the sign-in page")
    return iss, launch
