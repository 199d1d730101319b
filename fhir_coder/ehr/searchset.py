"""One page of search results: its matches, read singly so that one bad entry does not spoil the page, and the link to the next."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fhir_coder.errors import EhrRefused, InvalidContent, UnreadableBody
from fhir_coder.exchange import Resource
from fhir_coder.fhir.writer import write_json

Read = Callable[[bytes], Resource]


@dataclass(frozen=True, slots=True)
class Page:
    """Matches of one page, the ``next`` link or empty, and sentences about entries that were left out."""

    matches: tuple[Resource, ...]
    next_url: str = ""
    warnings: tuple[str, ...] = ()


def read_page(body: bytes, resource_type: str, read: Read) -> Page:
    """A searchset Bundle. Raises EhrRefused when the body is not one at all.

    Entries of ``search.mode`` include and outcome, and of other types, are no matches (http://hl7.org/fhir/R4/search.html#include).
    """
    warnings: tuple[str, ...] = ()
    try:
        bundle = _searchset(read(body))
    except (InvalidContent, UnreadableBody):
        bundle, warnings = _read_singly(body, read)
    matches = (entry["resource"] for entry in bundle.get("entry", ()) if _is_match(entry, resource_type))
    return Page(tuple(matches), _next_url(bundle), warnings)


def _read_singly(body: bytes, read: Read) -> tuple[Resource, tuple[str, ...]]:
    """The page with only those entries that pass the reader on their own."""
    bundle = _searchset(_parse_leniently(body))
    entries, warnings = [], []
    for position, entry in enumerate(bundle.get("entry") or ()):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        try:
            entries.append({**entry, "resource": read(write_json(resource))})
        except (InvalidContent, UnreadableBody) as error:
            warnings.append(f"entry {position} of a search page is not valid FHIR R4 and was left out: {error.message}")
    return {**bundle, "entry": entries}, tuple(warnings)


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
    links = (one for one in bundle.get("link") or () if isinstance(one, dict) and one.get("relation") == "next")
    return next((one["url"] for one in links if isinstance(one.get("url"), str)), "")
