"""One exchange with the server, and what is read from its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from typing import Any

from conformance.verdict import expect

Resource = dict[str, Any]
FHIR_JSON, FHIR_XML = "application/fhir+json", "application/fhir+xml"


def objects(value: object) -> list[Resource]:
    """The objects in an array; none where it is something else, which other checks tell."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


@dataclass(frozen=True)
class Answer:
    """What came back. ``told``: the request in a few words, without its body and without credentials; header names are in lower case;
    ``cookies``: the values of Set-Cookie, one each."""

    told: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    cookies: tuple[str, ...] = ()

    @cached_property
    def media_type(self) -> str:
        """The type of the body without its parameters, in lower case."""
        return self._content_type.get_content_type() if "content-type" in self.headers else ""

    @cached_property
    def charset(self) -> str:
        """The charset that Content-Type names, in lower case, or empty."""
        return (self._content_type.get_content_charset() or "") if "content-type" in self.headers else ""

    @cached_property
    def resource(self) -> Resource:
        """The body as a resource in JSON; Unsatisfied where it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        expect(isinstance(found, dict) and "resourceType" in found, "a FHIR resource in JSON", self)
        return dict(found or {})

    @property
    def is_success(self) -> bool:
        """Whether it says that the request was done."""
        return 200 <= self.status < 300

    @cached_property
    def _content_type(self) -> Message:
        message = Message()
        message["content-type"] = self.headers.get("content-type", "")
        return message

    def __str__(self) -> str:
        """Status, type and beginning of the answer; what servers say of errors names no patient, what they code may, and is left out."""
        shown = self.body[:400].decode("utf-8", "replace") if not self.is_success else f"{len(self.body)} bytes"
        return f"HTTP {self.status} {self.headers.get('content-type', 'without Content-Type')}: {shown}"
