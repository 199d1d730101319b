"""The bytes behind ``Attachment.url``: a Binary that comes raw or wrapped in JSON (http://hl7.org/fhir/R4/binary.html#rest)."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_coder.ehr.connection import Answer
from fhir_coder.ehr.searchset import Read
from fhir_coder.errors import EhrRefused, InvalidContent, UnreadableBody
from fhir_coder.fhir.primitives import decode_base64

_JSON = frozenset({"application/fhir+json", "application/json", "application/json+fhir", "text/json"})


@dataclass(frozen=True, slots=True)
class AttachmentBytes:
    """Raw bytes of a note and their media type (with its charset where known)."""

    content: bytes
    content_type: str


def read_binary(answer: Answer, declared: str, read: Read) -> AttachmentBytes:
    """Unwrap a Binary, or take the body as it is; ``declared`` is ``Attachment.contentType``, which outranks what the server says,
    except that the server's charset is used when the declaration has none."""
    if answer.media_type in _JSON and declared.partition(";")[0].strip().lower() not in _JSON:
        return _unwrap(answer.body, declared, read)
    served = answer.headers.get("Content-Type", "")
    media_type = declared.partition(";")[0].strip().lower()
    same_type_with_charset = answer.media_type == media_type and "charset" in served.lower() and "charset" not in declared.lower()
    return AttachmentBytes(answer.body, served if same_type_with_charset or not declared else declared)


def _unwrap(body: bytes, declared: str, read: Read) -> AttachmentBytes:
    try:
        resource = read(body)
    except (InvalidContent, UnreadableBody) as error:
        raise EhrRefused(f"the EHR answered for an attachment with a body that is not valid FHIR R4: {error.message}") from error
    if resource.get("resourceType") != "Binary":
        raise EhrRefused(f"the EHR answered for an attachment with a {resource.get('resourceType')}")
    content = decode_base64(resource["data"]) if "data" in resource else b""
    return AttachmentBytes(content, declared or resource.get("contentType", ""))
