"""What bears on an expansion beside its value set: which release it is made of, and the parameters that its answer names."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.api.terminology.call import Call
from fhir_coder.api.terminology.definitions import EXPAND
from fhir_coder.api.terminology.installed_releases import InstalledReleases, day_of
from fhir_coder.api.terminology.value_sets import ImplicitValueSet
from fhir_coder.errors import InvalidContent
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import ICD10CM
from terminology.release import Release

_KINDS = {
    "string": "String",
    "boolean": "Boolean",
    "integer": "Integer",
    "code": "Code",
    "uri": "Uri",
    "canonical": "Uri",
    "dateTime": "DateTime",
}
"""How a value of a type travels in ValueSet.expansion.parameter, which has no canonical."""
_NOT_NAMED = frozenset({"url", "valueSetVersion"})
"""They stand in the value set itself."""


def release_of(call: Call, value_set: ImplicitValueSet, installed: InstalledReleases) -> Release:
    """The release: the forced one, else that of the value set, else ``system-version``, else by date. Raises InvalidContent where two are named that
    differ or the checked one is another, and ResourceUnknown."""
    own = _only((value_set.version, call.value("valueSetVersion")), installed, call.place("valueSetVersion"))
    forced, usual, checked = (
        _only(_versions(call, name), installed, call.place(name))
        for name in ("force-system-version", "system-version", "check-system-version")
    )
    named = forced or own or usual
    release = installed.require(named.id if named else None, day_of(call.value("date")))
    if checked is not None and checked is not release:
        sentence = f"check-system-version names release {checked.id}; this would be {release.id}"
        raise InvalidContent(sentence, expression=call.place("check-system-version"))
    return release


def _only(versions: tuple[str | None, ...], installed: InstalledReleases, place: tuple[str, ...]) -> Release | None:
    """The release that all given versions name."""
    named = {release.id: release for release in (installed.require(version, None) for version in versions if version is not None)}
    if len(named) > 1:
        raise InvalidContent(f"different releases are named: {', '.join(sorted(named))}", expression=place)
    return next(iter(named.values()), None)


def _versions(call: Call, name: str) -> tuple[str, ...]:
    """The versions of our code system; other systems have no codes in any value set here."""
    found = []
    for canonical in call.values(name):
        system, _, version = canonical.partition("|")
        if not system or not version:
            raise InvalidContent(f"{name} must be [system]|[version]", expression=call.place(name))
        if system == ICD10CM:
            found.append(version)
    return tuple(found)


def applied(call: Call, release: Release) -> list[Resource]:
    """ValueSet.expansion.parameter: the code system with the release used, and everything that was given."""
    return [{"name": "version", "valueUri": f"{ICD10CM}|{release.id}"}, *_given(call)]


def _given(call: Call) -> Iterator[Resource]:
    for known in EXPAND.parameters:
        if known.name not in _NOT_NAMED:
            yield from ({"name": known.name, f"value{_KINDS[known.type]}": value} for value in call.values(known.name))
