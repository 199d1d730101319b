"""A request to a simulated EHR, what it asks for in the words of FHIR, and the reply."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Resource = dict[str, Any]
FHIR_JSON = "application/fhir+json"
EXPORTS = "_exports"
"""Where exports are asked after, below an EHR's URL."""
TOKEN_PATHS = {"token": "token", ".well-known/smart-configuration": "discovery"}
_OF_NO_TYPE = frozenset({"transaction", "capabilities", "token", "discovery", "export", "export-status", "export-file"})
_BY_METHOD = {
    ("GET", 1): "search-type",
    ("GET", 2): "read",
    ("GET", 4): "vread",
    ("POST", 1): "create",
    ("PUT", 2): "update",
    ("DELETE", 2): "delete",
}


@dataclass(frozen=True)
class Request:
    """``path`` is what follows ``base``, the EHR's URL, without a slash at either end; ``origin`` is the simulator's. Header names are in lower
    case. ``token_number`` says which token it carries, in the order in which they were given (0: none of ours)."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = ""
    base: str = ""
    token_number: int = 0

    @property
    def interaction(self) -> str:
        """The code of http://hl7.org/fhir/R4/http.html (``read``, ``search-type``, ``transaction`` ...); ``token`` and ``discovery`` for SMART,
        ``export``, ``export-status`` and ``export-file`` for Bulk Data; ``other`` for what is none of these."""
        if self.path in TOKEN_PATHS:
            return TOKEN_PATHS[self.path]
        if self.path == "metadata":
            return "capabilities"
        if not self.path:
            return "transaction" if self.method == "POST" else "other"
        if self.path.rpartition("/")[2] == "$export":
            return "export"
        if self.path.startswith(f"{EXPORTS}/"):
            return "export-file" if self.path.count("/") == 2 else "export-status"
        return _BY_METHOD.get((self.method, len(self.path.split("/"))), "other")

    @property
    def kind(self) -> str:
        """The resource type that it is about, or empty."""
        return self.path.partition("/")[0] if self.interaction not in _OF_NO_TYPE else ""

    def without(self, *headers: str) -> Request:
        """The same without some headers (names in lower case)."""
        return replace(self, headers={name: value for name, value in self.headers.items() if name not in headers})


@dataclass(frozen=True)
class Reply:
    """``body`` None: the connection closes without an answer; ``is_cut``: in the middle of the body. It is sent after ``delay_s`` seconds."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = b""
    is_cut: bool = False
    delay_s: float = 0.0

    @classmethod
    def of(cls, status: int, content: object, media_type: str = FHIR_JSON, **headers: str) -> Reply:
        """A resource or other JSON; underscores in header names are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, {"Content-Type": media_type, **named}, json.dumps(content).encode())

    @classmethod
    def refusal(cls, status: int, code: str, text: str, **headers: str) -> Reply:
        """An OperationOutcome."""
        outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code, "diagnostics": text}]}
        return cls.of(status, outcome, **headers)

    @property
    def resource(self) -> Resource:
        """The body as a resource, or an empty one."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            found = {}
        return found if isinstance(found, dict) else {}

    def with_resource(self, resource: Resource) -> Reply:
        """The same with another body."""
        return replace(self, body=json.dumps(resource).encode())


Forward = Callable[[Request], Reply]
"""Hands a request on towards the store."""
