"""``CodeSystem/$validate-code``: whether a coded value is in a release (http://hl7.org/fhir/R4/codesystem-operation-validate-code.html).

What is not valid is an answer with ``result`` false and a sentence why; only a call that cannot be understood is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from fhir_coder.api.terminology.call import Call
from fhir_coder.api.terminology.content import parameter, parameters, require_english
from fhir_coder.api.terminology.installed_releases import InstalledReleases, day_of
from fhir_coder.api.terminology.spelling import is_known, why_unknown
from fhir_coder.errors import InvalidContent, RequiredMissing, ResourceUnknown
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import ICD10CM
from terminology.release import Release

MOST_CODINGS = 50
"""Codings of a concept that are looked at; more are refused."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One coded value as it came; what was left out is None."""

    system: str | None
    code: str | None
    version: str | None
    display: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a value is valid, the sentences about it, and the title of its code, empty where the release does not have it."""

    is_valid: bool
    sentences: tuple[str, ...]
    display: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What every value of a call is held to."""

    installed: InstalledReleases
    version: str | None
    day: date | None
    allows_headers: bool


def validate(call: Call, installed: InstalledReleases) -> Resource:
    """The Parameters of the answer. Raises RequiredMissing, InvalidContent, and ResourceUnknown for a code system that is not here."""
    require_english(call.value("displayLanguage"), call.place("displayLanguage"))
    if call.value("url") is None:
        raise RequiredMissing(f"url is required: the code system, {ICD10CM}")
    if call.value("url") != ICD10CM:
        raise ResourceUnknown(f"that code system is not here; this server has {ICD10CM}")
    terms = Terms(installed, call.value("version"), day_of(call.value("date")), call.value("abstract") is not False)
    values = _values(call)
    verdict = _verdict(values[0], terms) if call.value("codeableConcept") is None else _of_concept(values, terms)
    return parameters(
        parameter("result", "Boolean", verdict.is_valid),
        *([parameter("message", "String", " ".join(verdict.sentences))] if verdict.sentences else []),
        *([parameter("display", "String", verdict.display)] if verdict.display else []),
    )


def _values(call: Call) -> tuple[Asked, ...]:
    given = [name for name in ("code", "coding", "codeableConcept") if call.value(name) is not None]
    if not given:
        raise RequiredMissing("one of code, coding and codeableConcept is required")
    if len(given) > 1:
        raise InvalidContent("give only one of code, coding and codeableConcept", expression=call.place(given[1]))
    if call.value("display") is not None and given != ["code"]:
        raise InvalidContent("display goes with code; a coding has its own", expression=call.place("display"))
    if given == ["code"]:
        return (Asked(ICD10CM, call.value("code"), None, call.value("display")),)
    codings = [call.value("coding")] if given == ["coding"] else call.value("codeableConcept").get("coding", [])
    if len(codings) > MOST_CODINGS:
        raise InvalidContent(f"at most {MOST_CODINGS} codings are looked at", expression=call.place("codeableConcept"))
    return tuple(map(_coding, codings))


def _coding(coding: Mapping[str, Any]) -> Asked:
    return Asked(coding.get("system"), coding.get("code"), coding.get("version"), coding.get("display"))


def _of_concept(values: Sequence[Asked], terms: Terms) -> Verdict:
    """Valid when one of the codings is; what is said of each names its place. Codings of other systems are passed over."""
    placed = [(place, _verdict(value, terms)) for place, value in enumerate(values) if value.system == ICD10CM]
    if not placed:
        return Verdict(is_valid=False, sentences=(f"The concept has no coding of {ICD10CM}.",))
    sentences = tuple(f"coding[{place}]: {sentence}" for place, verdict in placed for sentence in verdict.sentences)
    best = next((verdict for _, verdict in placed if verdict.is_valid), placed[0][1])
    return replace(best, sentences=sentences)


def _verdict(value: Asked, terms: Terms) -> Verdict:
    if value.system != ICD10CM:
        return Verdict(is_valid=False, sentences=(f"The system of the coding is not {ICD10CM}.",))
    if value.code is None:
        return Verdict(is_valid=False, sentences=("The coding has no code.",))
    if not terms.installed.is_same(value.version, terms.version):
        return Verdict(is_valid=False, sentences=("The coding names another version than was asked for.",))
    found = terms.installed.find(value.version or terms.version, terms.day)
    if found.release is None:
        return Verdict(is_valid=False, sentences=(found.why,))
    hints = (found.hint,) if found.hint else ()
    if not is_known(found.release, value.code):
        return Verdict(is_valid=False, sentences=(why_unknown(found.release, value.code, terms.installed.catalogue), *hints))
    return _of_known(found.release, value.code, value.display, terms.allows_headers, hints)


def _of_known(release: Release, code: str, display: str | None, allows_headers: bool, hints: tuple[str, ...]) -> Verdict:
    """A code that the release has: its title, and whether it is a header."""
    title = release.codebook.title(code)
    faults = [] if display is None or _same_words(display, title) else [f"The title of {code} is another: {title}."]
    if release.codebook.is_header(code):
        header = f"{code} is a header: it stands above other codes and is not valid on a claim."
        if allows_headers:
            hints = (header, *hints)
        else:
            faults.append(header)
    return Verdict(not faults, (*faults, *hints), title)


def _same_words(one: str, other: str) -> bool:
    """Titles are compared without case: the official files themselves differ in it."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
