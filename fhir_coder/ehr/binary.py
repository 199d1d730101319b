"""The bytes behind ``Attachment.url``: a Binary that comes raw or wrapped in JSON or XML (http://hl7.org/fhir/R4/binary.html#rest).

Servers label both at will. A body that is a Binary resource is unwrapped whatever its Content-Type says: no note is one. A raw body is what the
attachment declares, unless the server names another kind of document; a web page in place of another document is a login or error page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fhir_coder.ehr.integrity import is_proved
from fhir_coder.ehr.labels import labels_of
from fhir_coder.ehr.searchset import Read
from fhir_coder.errors import EhrRefused, InvalidContent, UnreadableBody
from fhir_coder.exchange import Resource
from fhir_coder.fhir.primitives import decode_base64
from fhir_coder.fhir.reader import read_xml
from fhir_coder.model import SecurityLabel
from fhir_coder.outbound.attempt import Answer

_FHIR = frozenset(
    {"application/fhir+json", "application/json", "application/json+fhir", "text/json", "application/fhir+xml", "application/xml+fhir"}
)
_VAGUE = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/binary", "application/x-binary", "text/plain"})
"""What servers say of any bytes: it contradicts nothing."""
_UNSAID = _VAGUE - {"text/plain"}
_KINDS = (
    frozenset({"text/html", "application/xhtml+xml", "application/xhtml"}),
    frozenset({"application/xml", "text/xml", "application/cda+xml", "application/hl7-v3+xml", "application/hl7-cda+xml"}),
    frozenset({"text/rtf", "application/rtf"}),
)
"""Media types that name the same kind of document."""
_WEB_PAGE = _KINDS[0]
_JSON_BINARY = re.compile(rb'"resourceType"\s*:\s*"Binary"')
_XML_BINARY = re.compile(rb'\A\s*(<\?xml[^>]*>\s*)?<([A-Za-z]+:)?Binary\s[^>]*["\']http://hl7\.org/fhir["\']')
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class AttachmentBytes:
    """Raw bytes of a note and their media type (with its charset where known); ``labels`` are those of the Binary that held them."""

    content: bytes
    content_type: str
    labels: tuple[SecurityLabel, ...] = ()


def read_binary(answer: Answer, attachment: Resource, read: Read) -> AttachmentBytes:
    """Unwrap a Binary, or take the body as it is. Raises EhrRefused for a body that is not the attachment."""
    declared = attachment.get("contentType", "")
    wrapped = _wrapped(answer.body, read)
    if wrapped is not None:
        content = decode_base64(wrapped["data"]) if "data" in wrapped else b""
        return AttachmentBytes(content, _content_type(declared, wrapped.get("contentType", "")), labels_of(wrapped))
    served = answer.headers.get("Content-Type", "")
    if answer.media_type in _FHIR and _media_type(declared) not in _FHIR:
        raise EhrRefused("the EHR answered for an attachment with another FHIR resource")
    if answer.media_type in _WEB_PAGE and not _agree(declared, served) and not is_proved(answer.body, attachment):
        raise EhrRefused("the EHR answered for an attachment with a web page")
    return AttachmentBytes(answer.body, _content_type(declared, served))


def _content_type(declared: str, served: str) -> str:
    """The more telling of two content types: the declared one, in the other's charset where it has none, unless it says nothing or the
    other names another kind of document (a PDF made from what was declared as RTF)."""
    if _media_type(declared) in _UNSAID or not _agree(declared, served):
        return served or declared
    lacks_charset = "charset" in served.lower() and "charset" not in declared.lower()
    return f"{declared.rstrip('; ')};{served.partition(';')[2]}" if lacks_charset else declared


def _agree(declared: str, served: str) -> bool:
    one, other = _media_type(declared), _media_type(served)
    return one == other or other in _VAGUE or one in _UNSAID or any({one, other} <= kind for kind in _KINDS)


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _wrapped(body: bytes, read: Read) -> Resource | None:
    """The Binary resource that a body is, or None when it is none. Raises EhrRefused for one that is not valid FHIR."""
    text = body.removeprefix(_BYTE_ORDER_MARK)
    reader: Callable[[bytes], Resource] | None = None
    if text[:64].lstrip()[:1] == b"{" and _JSON_BINARY.search(text):
        reader = read
    elif _XML_BINARY.match(text[:1024]):
        reader = read_xml
    if reader is None:
        return None
    try:
        resource = reader(body)
    except (InvalidContent, UnreadableBody) as error:
        raise EhrRefused(f"the EHR answered for an attachment with a Binary that is not valid FHIR R4: {error.message}") from error
    return resource if resource["resourceType"] == "Binary" else None
