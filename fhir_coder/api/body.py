"""The request body: bounded while it is read, then through the strict reader."""

from __future__ import annotations

from flask import Request

from fhir_coder.api.media import Format, body_format
from fhir_coder.errors import BodyTooLarge, MediaTypeUnsupported, UnreadableBody
from fhir_coder.exchange import Resource
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir.reader import read_json, read_xml

_CHUNK = 64 * 1024


def read_body(request: Request, limits: Limits) -> Resource | None:
    """The resource in the body, or None when there is no body. Raises BodyTooLarge, MediaTypeUnsupported and the reader's errors."""
    data = read_bytes(request, limits.max_bytes)
    if not data:
        return None
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise MediaTypeUnsupported("a Content-Encoding is not supported")
    read = read_json if body_format(request.headers.get("Content-Type")) is Format.JSON else read_xml
    return read(data, limits)


def read_bytes(request: Request, most: int) -> bytes:
    """The bytes, never more than one chunk over the limit, whether or not the length was announced."""
    if (request.content_length or 0) > most:
        raise _too_large(most)
    parts, size = [], 0
    while part := _read_chunk(request):
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
    return b"".join(parts)


def _read_chunk(request: Request) -> bytes:
    """The next bytes. Raises UnreadableBody when the caller pauses longer than the server lets it, or is gone."""
    try:
        return request.stream.read(_CHUNK)
    except OSError as error:
        raise UnreadableBody("the body stopped before its end") from error


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {most} bytes")
