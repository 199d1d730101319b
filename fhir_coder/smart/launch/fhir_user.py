"""Who signed in, as the EHR's own resource: the claim ``fhirUser``.

Source: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data. Version 1 said ``profile``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fhir_coder.smart.launch.issuers import normal_issuer

_USER = re.compile(r"(?P<base>.*/)?(?P<user>(?:Patient|Practitioner|PractitionerRole|RelatedPerson|Person)/[A-Za-z0-9\-.]{1,64})", re.ASCII)


def read_fhir_user(claims: Mapping[str, Any], base_url: str) -> str:
    """``Practitioner/7``, for a relative reference and for a URL below the EHR's base.

    Empty where there is none, or where it lies elsewhere: it names nobody at this EHR then, whatever its id is.
    """
    value = claims.get("fhirUser", claims.get("profile"))
    match = _USER.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return ""
    prefix = match["base"]
    return match["user"] if prefix is None or normal_issuer(prefix) == normal_issuer(base_url) else ""
