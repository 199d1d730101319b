"""Resources as HTTP answers in the negotiated format."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Request, Response

from fhir_coder.api.media import Format, response_format
from fhir_coder.errors import NotAcceptable
from fhir_coder.exchange import Resource
from fhir_coder.fhir.writer import write_json, write_xml


def format_of(request: Request) -> Format:
    """What the caller accepts; raises NotAcceptable."""
    return response_format(request.args.get("_format"), request.headers.get("Accept"))


def error_format_of(request: Request) -> Format:
    """As :func:`format_of`, and JSON where nothing acceptable is left: an error must be told somehow."""
    try:
        return format_of(request)
    except NotAcceptable:
        return Format.JSON


def respond(resource: Resource, form: Format, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The answer with the specific FHIR media type in UTF-8."""
    data = write_json(resource) if form is Format.JSON else write_xml(resource)
    return Response(data, status, dict(headers or {}), content_type=form.content_type)
