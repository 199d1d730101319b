"""The manifest of an installed release: what it is, what it was made from, and which files hold it. Replacing it is what makes a release visible."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

MANIFEST_FILE = "manifest.json"

#: Raised when the compiled files or this manifest change their form.
FORMAT = 2


class ManifestUnreadable(ValueError):
    """There is no manifest, or it is broken or of another format."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a release was made from: its name as given, what it was taken as, its size in bytes and its sha256."""

    name: str
    role: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ReleaseManifest:
    """``sha256`` identifies the content (see :class:`terminology.release.Release`); ``base`` is the release an overlay was made on, empty for a
    whole one. ``files`` maps ``tabular`` and, where tables were loaded, ``vocabulary`` to name and sha256 of the compiled file."""

    title: str
    effective_from: date
    effective_to: date
    sha256: str
    codes: int
    billable: int
    sources: tuple[Source, ...]
    files: Mapping[str, tuple[str, str]]
    caveat: str = ""
    base: str = ""
    format: int = field(default=FORMAT)


def read_manifest(home: Path) -> ReleaseManifest:
    """The manifest in a release's folder. Raises ManifestUnreadable."""
    try:
        value: dict[str, Any] = json.loads((home / MANIFEST_FILE).read_text(encoding="utf-8"))
        if value["format"] != FORMAT:
            raise ManifestUnreadable(f"{home} was made by another version")
        return ReleaseManifest(
            **value
            | {
                "effective_from": date.fromisoformat(value["effective_from"]),
                "effective_to": date.fromisoformat(value["effective_to"]),
                "sources": tuple(Source(**row) for row in value["sources"]),
                "files": {name: (row[0], row[1]) for name, row in value["files"].items()},
            }
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ManifestUnreadable(f"{home / MANIFEST_FILE} cannot be read") from error


def manifest_text(manifest: ReleaseManifest) -> str:
    """The manifest as it is stored, stable byte for byte."""
    return json.dumps(asdict(manifest), indent=1, default=date.isoformat, ensure_ascii=False) + "\n"
