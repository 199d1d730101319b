"""How a simulated EHR gives what it holds, where servers differ and each is right: Binaries raw or wrapped, searches in pages of its own size."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from conformance.simulator.exchange import FHIR_JSON, Request

ACCEPTED = {"": "", "raw": "*/*", "fhir": FHIR_JSON}
"""What a read of a Binary is taken to accept, by the manner: nothing else is read of the request then. Empty: as the caller asks."""
LARGEST_PAGE = 200


class NotAManner(ValueError):
    """What was ordered cannot be read; the reason."""


@dataclass(frozen=True, slots=True)
class Manner:
    """``binary`` is ``raw`` (the bytes, whatever is asked for), ``fhir`` (the resource, whatever is asked for) or empty: as asked. ``pageSize`` is the
    most matches of one page, 0: as many as are asked for."""

    binary: str = ""
    pageSize: int = 0  # noqa: N815 - as expected.json of the fixtures spells it

    def on(self, request: Request) -> Request:
        """The request as it would have to be for an EHR of no such manner to answer so."""
        if self.binary and request.interaction == "read" and request.kind == "Binary":
            return replace(request, headers={**request.headers, "accept": ACCEPTED[self.binary]})
        if self.pageSize and request.interaction == "search-type":
            return replace(request, query=_paged(request.query, self.pageSize))
        return request

    def told(self) -> dict[str, Any]:
        """As it was ordered."""
        return asdict(self)


def read_manner(given: object) -> Manner:
    """From JSON with some of the members. Raises NotAManner."""
    if not isinstance(given, dict) or not set(given) <= {"binary", "pageSize"}:
        raise NotAManner("a manner is a JSON object with binary and pageSize, or one of them")
    if given.get("binary", "") not in ACCEPTED:
        raise NotAManner("binary is raw or fhir")
    size = given.get("pageSize", 0)
    if type(size) is not int or not 0 <= size <= LARGEST_PAGE:
        raise NotAManner(f"pageSize is a number up to {LARGEST_PAGE}")
    return Manner(given.get("binary", ""), size)


def _paged(query: str, size: int) -> str:
    """The query with a _count of ``size``, or a smaller one that is there."""
    pairs = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "_count"]
    asked = [int(value) for name, value in parse_qsl(query) if name == "_count" and value.isdigit()]
    return urlencode([*pairs, ("_count", str(min([size, *asked])))])
