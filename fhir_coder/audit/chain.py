"""The chain: every event carries its number and the hash of the event before it, so that none can be changed or taken out unseen.

The hash of an event is the sha256 of its canonical JSON, which holds number and previous hash in an extension. A line of an export is that
JSON; whoever has the file can check it with ``sha256sum``, without this software. Whoever may write to the database could make a whole new chain:
against that helps a head that is kept elsewhere (``fhir-coder audit head``).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

CHAIN = "https://fhir-coder.github.io/fhir/StructureDefinition/audit-chain"
_HEAD = re.compile(r"(?P<sequence>\d{1,18}):(?P<hash>[0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Head:
    """A place in a chain: the number of an event (from 1) and its hash."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"


BEGINNING = Head(0, "0" * 64)
"""Before the first event."""


def read_head(text: str) -> Head:
    """A head as it was printed. Raises ValueError."""
    match = _HEAD.fullmatch(text.strip())
    if match is None:
        raise ValueError("expected a head as printed: number, colon and 64 hexadecimal digits")
    return Head(int(match["sequence"]), match["hash"])


def linked(event: dict[str, Any], before: Head) -> tuple[Head, str]:
    """The event's own head, and the canonical JSON that is kept of it."""
    parts = [{"url": "sequence", "valueInteger": before.sequence + 1}, {"url": "previous", "valueString": before.hash}]
    content = canonical(event | {"extension": [{"url": CHAIN, "extension": parts}]})
    return Head(before.sequence + 1, digest(content)), content


def place_of(event: dict[str, Any]) -> tuple[int, str]:
    """Number and previous hash that an event says of itself; (0, "") where it says nothing that can be read."""
    for extension in event.get("extension", ()):
        if extension.get("url") == CHAIN:
            parts = {one.get("url"): one for one in extension.get("extension", ())}
            sequence, previous = parts.get("sequence", {}).get("valueInteger"), parts.get("previous", {}).get("valueString")
            return (sequence, previous) if type(sequence) is int and isinstance(previous, str) else (0, "")
    return 0, ""


def canonical(event: dict[str, Any]) -> str:
    """JSON with sorted names and no blanks: one text for one event."""
    return json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(content: str) -> str:
    """sha256 (hex) of the text in UTF-8."""
    return sha256(content.encode("utf-8")).hexdigest()
