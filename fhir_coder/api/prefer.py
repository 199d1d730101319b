"""The Prefer header (RFC 7240): ``handling`` and ``respond-async`` bear on the operation; every other preference is ignored, as the RFC asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.http import parse_list_header, unquote_header_value

_HANDLING = frozenset({"strict", "lenient"})


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the caller prefers. ``handling`` is strict, lenient or empty (http://hl7.org/fhir/R4/search.html#errors); ``is_asynchronous``: not to wait for
    the answer (RFC 7240 section 4.1, which gives it no value; http://hl7.org/fhir/R4/async.html)."""

    handling: str = ""
    is_asynchronous: bool = False

    @property
    def is_strict(self) -> bool:
        """Whether an unknown parameter is an error."""
        return self.handling == "strict"

    def applied(self, is_asynchronous: bool = False) -> str:
        """Value of Preference-Applied, or empty; ``is_asynchronous``: whether the answer comes later indeed."""
        words = ["respond-async"] if is_asynchronous else []
        return ", ".join([*words, *([f"handling={self.handling}"] if self.handling else [])])


def read_preferences(header: str | None) -> Preferences:
    """Several headers arrive joined by commas; of a preference given twice the first counts."""
    wanted = dict(reversed(list(_pairs(header or ""))))
    handling = wanted.get("handling", "").lower()
    return Preferences(handling if handling in _HANDLING else "", wanted.get("respond-async") == "")


def _pairs(header: str) -> Iterator[tuple[str, str]]:
    for item in parse_list_header(header):
        preference = item.partition(";")[0]
        name, _, value = preference.partition("=")
        yield name.strip().lower(), unquote_header_value(value.strip())
