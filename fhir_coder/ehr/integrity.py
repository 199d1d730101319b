"""Whether bytes are those that an attachment announced by its size and hash (http://hl7.org/fhir/R4/datatypes.html#Attachment)."""

from __future__ import annotations

import hashlib

from fhir_coder.exchange import Resource
from fhir_coder.fhir.primitives import decode_base64


def is_intact(content: bytes, attachment: Resource) -> bool:
    """Whether nothing that was announced speaks against the bytes.

    Size and hash are of the raw bytes; the hash is SHA-1. SHA-256 and a digest in hexadecimal letters of either case are seen in the field and
    accepted where they prove the bytes as well. A size of 0 is a size.
    """
    if "size" in attachment and attachment["size"] != len(content):
        return False
    return (
        "hash" not in attachment
        or attachment["hash"].strip() in _spellings(content)
        or decode_base64(attachment["hash"]) in _digests(content)
    )


def is_proved(content: bytes, attachment: Resource) -> bool:
    """Whether a hash was announced and the bytes have it."""
    return "hash" in attachment and is_intact(content, attachment)


def _digests(content: bytes) -> frozenset[bytes]:
    """Both digests, plain and as hexadecimal letters (which some senders put into base64)."""
    digests = (hashlib.sha1(content, usedforsecurity=False), hashlib.sha256(content))
    return frozenset(form for one in digests for form in (one.digest(), one.hexdigest().encode(), one.hexdigest().upper().encode()))


def _spellings(content: bytes) -> frozenset[str]:
    """Hexadecimal letters in place of base64: both alphabets share them, and 40 or 64 letters pass as base64."""
    digests = (hashlib.sha1(content, usedforsecurity=False), hashlib.sha256(content))
    return frozenset(form for one in digests for form in (one.hexdigest(), one.hexdigest().upper()))
