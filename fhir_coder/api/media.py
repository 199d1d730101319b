"""Content negotiation: FHIR JSON or FHIR XML, by ``_format``, Accept and Content-Type.

http://hl7.org/fhir/R4/http.html#mime-type. Parameters are stripped before names are compared, because real clients send ``charset`` and
``fhirVersion`` and older ones the DSTU2 names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from werkzeug.http import parse_list_header, parse_options_header

from fhir_coder.errors import MediaTypeUnsupported, NotAcceptable

FHIR_VERSION_PARAMETER = "4.0"
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii"})


class Format(StrEnum):
    """The two formats, by their FHIR media type."""

    JSON = "application/fhir+json"
    XML = "application/fhir+xml"

    @property
    def content_type(self) -> str:
        """The Content-Type we answer with."""
        return f"{self.value}; charset=utf-8"


ALIASES: Mapping[str, Format] = {
    "application/fhir+json": Format.JSON,
    "application/json": Format.JSON,
    "application/json+fhir": Format.JSON,
    "text/json": Format.JSON,
    "application/fhir+xml": Format.XML,
    "application/xml": Format.XML,
    "application/xml+fhir": Format.XML,
    "text/xml": Format.XML,
}
SHORT_NAMES: Mapping[str, Format] = {"json": Format.JSON, "xml": Format.XML}


@dataclass(frozen=True, slots=True)
class _Range:
    """One entry of Accept. ``specificity``: 2 a type, 1 ``type/*``, 0 ``*/*``."""

    media_type: str
    quality: float
    place: int

    @property
    def specificity(self) -> int:
        """How exactly the entry names a type."""
        return 2 - self.media_type.count("*")

    def covers(self, name: str) -> bool:
        """Whether the entry allows a media type."""
        kind, _, subtype = self.media_type.partition("/")
        return kind in {"*", name.partition("/")[0]} and subtype in {"*", name.partition("/")[2]}


def response_format(override: str | None, accept: str | None) -> Format:
    """The format of the answer: ``_format`` when given, else the best of Accept, else JSON. Raises NotAcceptable."""
    if override:
        return _override(override)
    if not accept or not accept.strip():
        return Format.JSON
    ranges = list(_ranges(accept))
    ranked = [(rank, form) for form in Format if (rank := _rank(form, ranges)) is not None]
    if not ranked:
        raise NotAcceptable("this server answers in application/fhir+json or application/fhir+xml, FHIR version 4.0")
    return max(ranked, key=lambda pair: (*pair[0], pair[1] is Format.JSON))[1]


def body_format(content_type: str | None) -> Format:
    """The format of the request body. Raises MediaTypeUnsupported, also for a missing type, another FHIR version or another charset."""
    if not content_type:
        raise MediaTypeUnsupported("the body has no Content-Type; send application/fhir+json or application/fhir+xml")
    name, parameters = parse_options_header(content_type)
    form = ALIASES.get(name.lower())
    if form is None or not _is_our_version(parameters):
        raise MediaTypeUnsupported("the body must be application/fhir+json or application/fhir+xml, FHIR version 4.0")
    if parameters.get("charset", "utf-8").lower() not in _UTF8:
        raise MediaTypeUnsupported("FHIR is UTF-8; the Content-Type names another charset")
    return form


def _override(value: str) -> Format:
    """``_format``: a short name or a media type, whose ``+`` a query string decodes to a blank."""
    name, parameters = parse_options_header(value)
    name = name.strip().replace(" ", "+")
    form = SHORT_NAMES.get(name.lower()) or ALIASES.get(name.lower())
    if form is None or not _is_our_version(parameters):
        raise NotAcceptable("_format must be json, xml, application/fhir+json or application/fhir+xml")
    return form


def _ranges(accept: str) -> Iterator[_Range]:
    """The entries of Accept for a FHIR version we speak."""
    for place, item in enumerate(parse_list_header(accept)):
        name, parameters = parse_options_header(item)
        if _is_our_version(parameters):
            yield _Range(name.lower(), _quality(parameters.get("q", "1")), place)


def _rank(form: Format, ranges: list[_Range]) -> tuple[float, int, int] | None:
    """Quality, specificity and (negated) place of a format; None when it is not accepted."""
    names = [name for name, alias in ALIASES.items() if alias is form]
    covering = [one for one in ranges if any(one.covers(name) for name in names)]
    if not covering:
        return None
    most_specific = max(one.specificity for one in covering)
    best = max((one for one in covering if one.specificity == most_specific), key=lambda one: (one.quality, -one.place))
    return (best.quality, best.specificity, -best.place) if best.quality > 0 else None


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def _is_our_version(parameters: Mapping[str, str]) -> bool:
    version = next((value for name, value in parameters.items() if name.lower() == "fhirversion"), FHIR_VERSION_PARAMETER)
    return version == FHIR_VERSION_PARAMETER
