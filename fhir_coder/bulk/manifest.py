"""The manifest of an export: which files there are, and whether they need a token (https://hl7.org/fhir/uv/bulkdata/export.html, "Response - Complete Status")."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from fhir_coder.errors import EhrRefused

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """``count`` is how many resources it holds, None where that is not told."""

    type: str
    url: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """``errors`` are files of OperationOutcomes on what could not be exported; ``time`` the instant that the export is of."""

    needs_token: bool
    files: tuple[ManifestFile, ...]
    errors: int = 0
    time: str = ""


def read_manifest(body: bytes) -> Manifest:
    """Raises EhrRefused for what is no manifest."""
    try:
        content = json.loads(body)
        files = tuple(_file(one) for one in content["output"])
        needs_token = content["requiresAccessToken"]
        if not isinstance(needs_token, bool):
            raise TypeError
        return Manifest(needs_token, files, len(content.get("error", ())), str(content.get("transactionTime", "")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EhrRefused(f"the EHR's manifest of the export cannot be read ({type(error).__name__})") from None


def _file(row: Any) -> ManifestFile:
    count = row.get("count")
    if not _TYPE.fullmatch(row["type"]) or not isinstance(row["url"], str) or not (count is None or type(count) is int):
        raise ValueError
    return ManifestFile(row["type"], row["url"], count)
