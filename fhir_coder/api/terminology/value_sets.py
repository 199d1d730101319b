"""The implicit value sets: all of ICD-10-CM, and one code with everything below it.

R4 defines them by URL for other code systems (http://hl7.org/fhir/R4/snomedct.html#implicit, whose pattern this is) and none for ICD-10-CM.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fhir_coder.errors import ResourceUnknown
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import ICD10CM

WHOLE = f"{ICD10CM}?fhir_vs"
_URL = re.compile(re.escape(WHOLE) + r"(?:=isa/(?P<root>[0-9A-Za-z.]{1,10}))?(?:\|(?P<version>[^|]+))?")


@dataclass(frozen=True, slots=True)
class ImplicitValueSet:
    """``root`` is the code that it has with everything below, empty for the whole; ``version`` the release that its URL names, or None."""

    root: str = ""
    version: str | None = None

    @property
    def url(self) -> str:
        """The canonical, without version."""
        return f"{WHOLE}=isa/{self.root}" if self.root else WHOLE

    def compose(self, version: str) -> Resource:
        """Its definition on a release."""
        include: Resource = {"system": ICD10CM, "version": version}
        if self.root:
            include["filter"] = [{"property": "concept", "op": "is-a", "value": self.root}]
        return {"include": [include]}


def read_value_set(url: str) -> ImplicitValueSet:
    """The value set of a URL. Raises ResourceUnknown."""
    match = _URL.fullmatch(url)
    if match is None:
        raise ResourceUnknown(f"that value set is not here; this server has {WHOLE} and, for a code and all below it, {WHOLE}=isa/[code]")
    return ImplicitValueSet(match["root"] or "", match["version"])
