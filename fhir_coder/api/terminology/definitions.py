"""The in parameters of the three operations, as tables: names, types and cardinalities are those of HL7's definitions (R4, 4.0.1).

http://hl7.org/fhir/R4/codesystem-operation-lookup.html, codesystem-operation-validate-code.html and valueset-operation-expand.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fhir_coder.api.parameters import Parameter

TERMINOLOGY_DATE = "2026-11-27T10:00:00Z"
"""When what the server says of its terminology operations last changed."""


@dataclass(frozen=True, slots=True)
class Definition:
    """An operation of the specification. ``refused`` are parameters that it has and this server does not act upon, each with why."""

    resource: str
    code: str
    parameters: tuple[Parameter, ...]
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The canonical of HL7's OperationDefinition."""
        return f"http://hl7.org/fhir/OperationDefinition/{self.resource}-{self.code}"

    @property
    def path(self) -> str:
        """Where it is called, below the FHIR base."""
        return f"{self.resource}/${self.code}"


_DATE = "The release in force on this day, a full date or a date-time; by default today."
_LANGUAGE = "English (en, en-US and the like): the code set has no other language."

LOOKUP = Definition(
    "CodeSystem",
    "lookup",
    (
        Parameter("code", "code", 0, "1", "The code, with its dot. Goes with system."),
        Parameter("system", "uri", 0, "1", "The code system."),
        Parameter("version", "string", 0, "1", "The release."),
        Parameter("coding", "Coding", 0, "1", "System, code and possibly version in one, in place of these."),
        Parameter("date", "dateTime", 0, "1", _DATE),
        Parameter("displayLanguage", "code", 0, "1", _LANGUAGE),
        Parameter("property", "code", 0, "*", "The properties wanted; by default all."),
    ),
)

VALIDATE = Definition(
    "CodeSystem",
    "validate-code",
    (
        Parameter("url", "uri", 0, "1", "The code system. Required, as no code system can be sent along."),
        Parameter("codeSystem", "CodeSystem", 0, "1", "Refused."),
        Parameter("code", "code", 0, "1", "The code. Exactly one of code, coding and codeableConcept."),
        Parameter("version", "string", 0, "1", "The release."),
        Parameter("display", "string", 0, "1", "The title to be checked, with code."),
        Parameter("coding", "Coding", 0, "1", "The coding; its version and display are checked as well."),
        Parameter("codeableConcept", "CodeableConcept", 0, "1", "Valid when one of its codings is."),
        Parameter("date", "dateTime", 0, "1", _DATE),
        Parameter("abstract", "boolean", 0, "1", "With false, headers are not valid. By default they are, with a hint."),
        Parameter("displayLanguage", "code", 0, "1", _LANGUAGE),
    ),
    {"codeSystem": "no code system can be sent along: name one that is here in url"},
)

EXPAND = Definition(
    "ValueSet",
    "expand",
    (
        Parameter("url", "uri", 0, "1", "The value set; [url]|[version] is understood."),
        Parameter("valueSet", "ValueSet", 0, "1", "Refused."),
        Parameter("valueSetVersion", "string", 0, "1", "The release: a value set is as old as it."),
        Parameter("context", "uri", 0, "1", "Refused."),
        Parameter("contextDirection", "code", 0, "1", "Refused."),
        Parameter("filter", "string", 0, "1", "Words, or beginnings of words, of titles and of what is included; the beginning of a code."),
        Parameter("date", "dateTime", 0, "1", _DATE),
        Parameter("offset", "integer", 0, "1", "How many codes to pass over."),
        Parameter("count", "integer", 0, "1", "How many codes to return; 0 for the total alone."),
        Parameter("includeDesignations", "boolean", 0, "1", "Without effect: a code has its title and no other designation."),
        Parameter("designation", "string", 0, "*", "Without effect, for the same reason."),
        Parameter("includeDefinition", "boolean", 0, "1", "Whether ValueSet.compose is returned. Default false."),
        Parameter("activeOnly", "boolean", 0, "1", "Without effect: every code of a release is active."),
        Parameter("excludeNested", "boolean", 0, "1", "Without effect: expansions are flat."),
        Parameter("excludeNotForUI", "boolean", 0, "1", "With true, headers are left out. Default false."),
        Parameter("excludePostCoordinated", "boolean", 0, "1", "Without effect: there are no such codes."),
        Parameter("displayLanguage", "code", 0, "1", _LANGUAGE),
        Parameter("exclude-system", "canonical", 0, "*", "Refused."),
        Parameter("system-version", "canonical", 0, "*", "The release, as [system]|[version], where the value set names none."),
        Parameter("check-system-version", "canonical", 0, "*", "The release that it must be, or the call is refused."),
        Parameter("force-system-version", "canonical", 0, "*", "The release, whatever the value set names."),
    ),
    {
        "valueSet": "no value set can be sent along: name one that is here in url",
        "context": "value sets are not found by context: name one in url",
        "contextDirection": "value sets are not found by context: name one in url",
        "exclude-system": "no code system can be excluded: every value set here has one",
    },
)

DEFINITIONS = (LOOKUP, VALIDATE, EXPAND)
