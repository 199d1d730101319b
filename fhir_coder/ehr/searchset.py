"""One page of search results: its matches, read singly so that one bad entry does not spoil the page, and the link to the next."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fhir_coder.errors import EhrRefused, InvalidContent, UnreadableBody
from fhir_coder.exchange import Resource
from fhir_coder.fhir.writer import write_json

Read = Callable[[bytes], Resource]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry that is not valid FHIR R4: where it stood on its page, as it came, and why."""

    position: int
    resource: Resource
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """Matches of one page, the ``next`` link or empty, the entries left out, sentences about these and about what the EHR remarked, and
    how many matches the EHR says there are on all pages (None: it does not say)."""

    matches: tuple[Resource, ...]
    next_url: str = ""
    warnings: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    total: int | None = None


def read_page(body: bytes, resource_type: str, read: Read) -> Page:
    """A searchset Bundle. Raises EhrRefused when the body is not one at all.

    Entries of ``search.mode`` include and outcome, and of other types, are no matches (http://hl7.org/fhir/R4/search.html#include).
    """
    left_out: tuple[LeftOut, ...] = ()
    try:
        bundle = _searchset(read(body))
    except (InvalidContent, UnreadableBody):
        bundle, left_out = _read_singly(body, read)
    entries = bundle.get("entry", ())
    matches = tuple(entry["resource"] for entry in entries if _is_match(entry, resource_type))
    warnings = [f"entry {one.position} of a search page is not valid FHIR R4 and was left out: {one.reason}" for one in left_out]
    warnings += (remark for entry in entries for remark in _remarks(entry, resource_type))
    total = bundle.get("total")
    return Page(matches, _next_url(bundle), tuple(warnings), left_out, total if isinstance(total, int) else None)


def _remarks(entry: Resource, resource_type: str) -> Iterator[str]:
    """What the EHR remarks on the search (http://hl7.org/fhir/R4/search.html#outcome), by severity and code: its own words may name a
    patient. Mere information is left to the EHR."""
    outcome = entry.get("resource", {})
    if outcome.get("resourceType") == "OperationOutcome":
        for issue in outcome.get("issue", ()):
            severity, code = issue.get("severity", "unsaid"), issue.get("code", "unsaid")  # either may be an extension only
            if severity != "information":
                yield f"the EHR remarks on the search for {resource_type}: {severity} {code}"


def _read_singly(body: bytes, read: Read) -> tuple[Resource, tuple[LeftOut, ...]]:
    """The page with only those entries that pass the reader on their own."""
    bundle = _searchset(_parse_leniently(body))
    entries: list[Resource] = []
    left_out: list[LeftOut] = []
    for position, entry in enumerate(_listed(bundle.get("entry"))):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        try:
            search = entry.get("search")
            entries.append({"search": search if isinstance(search, dict) else {}, "resource": read(_written(resource))})
        except (InvalidContent, UnreadableBody) as error:
            left_out.append(LeftOut(position, resource, error.message))
    return {**bundle, "entry": entries}, tuple(left_out)


def _written(resource: Resource) -> bytes:
    """The entry as JSON of its own. Raises UnreadableBody for what no JSON can carry: NaN, half a surrogate pair, endless nesting."""
    try:
        return write_json(resource)
    except (ValueError, RecursionError) as error:
        raise UnreadableBody(f"it cannot be written as JSON ({type(error).__name__})") from None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _parse_leniently(body: bytes) -> Any:
    """JSON, in which an object with a repeated key carries a property that no FHIR type has: its entry fails alone."""

    def mark_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        return found if len(found) == len(pairs) else {**found, "repeated key": True}

    try:
        return json.loads(body, parse_float=Decimal, object_pairs_hook=mark_repeated)
    except (ValueError, RecursionError) as error:
        raise EhrRefused(f"the EHR's answer to a search is not JSON ({type(error).__name__})") from error


def _searchset(bundle: Any) -> Resource:
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise EhrRefused("the EHR answered a search with something that is not a Bundle")
    return bundle


def _is_match(entry: Resource, resource_type: str) -> bool:
    mode = entry.get("search", {}).get("mode", "match")
    return mode == "match" and entry.get("resource", {}).get("resourceType") == resource_type


def _next_url(bundle: Resource) -> str:
    links = (one for one in _listed(bundle.get("link")) if isinstance(one, dict) and one.get("relation") == "next")
    return next((one["url"] for one in links if isinstance(one.get("url"), str)), "")
