"""``CodeSystem/$lookup``: what a release says of one code (http://hl7.org/fhir/R4/codesystem-operation-lookup.html)."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_coder.api.terminology.call import Call
from fhir_coder.api.terminology.content import NAME, parameter, parameters, require_english
from fhir_coder.api.terminology.installed_releases import InstalledReleases, day_of
from fhir_coder.api.terminology.properties import is_property, properties_of
from fhir_coder.api.terminology.spelling import is_known, why_unknown
from fhir_coder.errors import InvalidContent, RequiredMissing, ResourceUnknown
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import ICD10CM


@dataclass(frozen=True, slots=True)
class _Asked:
    """The code to look up."""

    system: str
    code: str
    version: str | None


def look_up(call: Call, installed: InstalledReleases) -> Resource:
    """The Parameters of the answer. Raises RequiredMissing, InvalidContent, and ResourceUnknown for a system, version or code that is not here."""
    asked = _asked(call, installed)
    require_english(call.value("displayLanguage"), call.place("displayLanguage"))
    if asked.system != ICD10CM:
        raise ResourceUnknown(f"that code system is not here; this server has {ICD10CM}")
    release = installed.require(asked.version, day_of(call.value("date")))
    if not is_known(release, asked.code):
        raise ResourceUnknown(why_unknown(release, asked.code, installed.catalogue))
    wanted = frozenset(call.values("property"))
    if call.is_strict and not all(map(is_property, wanted)):
        raise InvalidContent("unknown property, refused under Prefer: handling=strict", expression=call.place("property"))
    return parameters(
        parameter("name", "String", NAME),
        parameter("version", "String", release.id),
        parameter("display", "String", release.codebook.title(asked.code)),
        *properties_of(release, asked.code, wanted),
    )


def _asked(call: Call, installed: InstalledReleases) -> _Asked:
    code, system, coding = call.value("code"), call.value("system"), call.value("coding")
    if coding is None:
        if code is None or system is None:
            raise RequiredMissing("code and system are required, or a coding with both")
        return _Asked(system, code, call.value("version"))
    if code is not None or system is not None:
        raise InvalidContent("give either code and system, or coding", expression=call.place("coding"))
    if "code" not in coding or "system" not in coding:
        raise RequiredMissing("coding needs code and system", expression=call.place("coding"))
    own, other = coding.get("version"), call.value("version")
    if not installed.is_same(own, other):
        raise InvalidContent("coding names another version than version", expression=call.place("version"))
    return _Asked(coding["system"], coding["code"], own or other)
