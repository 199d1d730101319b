"""``ValueSet/$expand``: the codes of an implicit value set, page by page (http://hl7.org/fhir/R4/valueset-operation-expand.html)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

import numpy as np

from fhir_coder.api.terminology.call import Call
from fhir_coder.api.terminology.content import NAME, require_english
from fhir_coder.api.terminology.expansion_parameters import applied, release_of
from fhir_coder.api.terminology.installed_releases import InstalledReleases
from fhir_coder.api.terminology.spelling import is_known, why_unknown
from fhir_coder.api.terminology.value_sets import ImplicitValueSet, read_value_set
from fhir_coder.code_search.listing import CodeList, Positions
from fhir_coder.errors import InvalidContent, RequiredMissing, ResourceUnknown, TooMuch
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import ICD10CM
from terminology.release import Release

MOST_CODES = 1000
"""Codes in one answer: what anyone may ask for should cost no more than some hundredths of a second."""
LONGEST_FILTER = 200
_NAMESPACE = UUID("5c5f0c8e-8c0b-5c5e-9f3a-3a7c0f1f2f55")
"""Of the identifiers of expansions: the same codes of the same release have the same one."""


class CodeLists:
    """The code list of each release, made when it is first asked for, once in each process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: dict[tuple[str, str], CodeList] = {}

    def of(self, release: Release) -> CodeList:
        """The code list of a release."""
        key = release.id, release.sha256
        with self._lock:
            if key not in self._lists:
                self._lists[key] = CodeList(release.codebook)
            return self._lists[key]


@dataclass(frozen=True, slots=True)
class _Page:
    """Which codes are wanted of all that there are; ``count`` is None for the rest."""

    offset: int
    count: int | None

    def of(self, positions: Positions) -> Positions:
        """Raises TooMuch."""
        rest = positions[self.offset :]
        page = rest if self.count is None else rest[: self.count]
        if len(page) > MOST_CODES:
            raise TooMuch(
                f"{len(page)} codes are more than the {MOST_CODES} of one answer: use count and offset, or filter; count 0 gives the total"
            )
        return page


def expand(call: Call, installed: InstalledReleases, lists: CodeLists, now: datetime) -> Resource:
    """The ValueSet with its expansion. Raises RequiredMissing, InvalidContent, TooMuch, and ResourceUnknown for a value set, release or code
    that is not here."""
    url, words, page = call.value("url"), call.value("filter"), _page(call)
    if url is None:
        raise RequiredMissing("url is required: the value set")
    if words is not None and len(words) > LONGEST_FILTER:
        raise InvalidContent(f"a filter has at most {LONGEST_FILTER} characters", expression=call.place("filter"))
    require_english(call.value("displayLanguage"), call.place("displayLanguage"))
    value_set = read_value_set(url)
    release = release_of(call, value_set, installed)
    if value_set.root and not is_known(release, value_set.root):
        raise ResourceUnknown(why_unknown(release, value_set.root, installed.catalogue))
    codes = lists.of(release)
    positions = _members(codes, value_set, words, call.value("excludeNotForUI") is True)
    expansion: Resource = {
        "identifier": f"urn:uuid:{_identity(release, value_set, call)}",
        "timestamp": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "total": len(positions),
        "offset": page.offset,
        "parameter": applied(call, release),
    }
    if call.value("offset") is None and call.value("count") is None:
        del expansion["offset"]
    contains = _contains(codes, page.of(positions), release)
    return {
        "resourceType": "ValueSet",
        "url": value_set.url,
        "version": release.id,
        "name": "ICD10CM",
        "title": f"{value_set.root} and everything below it in ICD-10-CM" if value_set.root else NAME,
        "status": "active",
        **({"compose": value_set.compose(release.id)} if call.value("includeDefinition") else {}),
        "expansion": expansion | ({"contains": contains} if contains else {}),
    }


def _page(call: Call) -> _Page:
    for name in ("offset", "count"):
        if (call.value(name) or 0) < 0:
            raise InvalidContent(f"{name} must not be negative", expression=call.place(name))
    return _Page(call.value("offset") or 0, call.value("count"))


def _members(codes: CodeList, value_set: ImplicitValueSet, words: str | None, only_selectable: bool) -> Positions:
    """In tabular order, or with a filter best first."""
    positions = codes.below(value_set.root) if value_set.root else np.arange(len(codes.codes))
    if only_selectable:
        positions = positions[codes.is_billable[positions]]
    if words is None:
        return positions
    return codes.ranked(positions[codes.matching(words)[positions]], words)


def _identity(release: Release, value_set: ImplicitValueSet, call: Call) -> UUID:
    """The same for every page of one expansion."""
    return uuid5(_NAMESPACE, "\0".join([release.sha256, value_set.url, call.value("filter") or "", str(call.value("excludeNotForUI"))]))


def _contains(codes: CodeList, page: Positions, release: Release) -> list[Resource]:
    """Headers are abstract: not to be selected where a claim is meant."""
    found = []
    for position in page.tolist():
        code = codes.codes[position]
        header = {} if codes.is_billable[position] else {"abstract": True}
        found.append({"system": ICD10CM, **header, "code": code, "display": release.codebook.title(code)})
    return found
