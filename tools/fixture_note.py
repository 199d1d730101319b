"""The words of a fixture of the conformance kit, from a file: ``python -m tools.fixture_note FIXTURE DOCUMENT FILE [--content-type TYPE]``.

The bundles of ``conformance/fixtures`` are written by hand, but for what nobody can: base64, size and hash of an attachment. This puts the bytes of a
file into the DocumentReference of that id, or into the Binary that its attachment names, and lays the bundle out as all of them are.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.fixture import FOLDER

Resource = dict[str, Any]


class NotThere(Exception):
    """The bundle has no such document; the message says what it has."""


def put_note(bundle: Resource, document: str, content: bytes, content_type: str = "") -> None:
    """Size and hash are of the raw bytes, the hash SHA-1 (http://hl7.org/fhir/R4/datatypes.html#Attachment). An empty ``content_type`` leaves what is
    there. Raises NotThere."""
    held = {f"{one['resourceType']}/{one['id']}": one for one in (entry["resource"] for entry in bundle["entry"])}
    found = held.get(f"DocumentReference/{document}")
    if found is None:
        raise NotThere(f"no DocumentReference {document}; there are {', '.join(sorted(one for one in held if 'Document' in one))}")
    attachment = found["content"][0]["attachment"]
    keeper = held[attachment["url"]] if "url" in attachment else attachment
    digest = hashlib.sha1(content, usedforsecurity=False).digest()
    attachment |= {"size": len(content), "hash": base64.b64encode(digest).decode()}
    keeper["data"] = base64.b64encode(content).decode()
    if content_type:
        attachment["contentType"] = keeper["contentType"] = content_type


def laid_out(bundle: Resource) -> str:
    """The text of ``bundle.json``."""
    return json.dumps(bundle, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None, root: Path = FOLDER) -> int:
    """Exit status 0, or 1 with the reason and nothing changed."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.fixture_note", description="Puts a file into a fixture as the content of a document."
    )
    parser.add_argument("fixture", help="id of the fixture")
    parser.add_argument("document", help="id of the DocumentReference")
    parser.add_argument("file", type=Path, help="the note as it is to be sent")
    parser.add_argument("--content-type", default="", metavar="TYPE", help="content type of attachment and Binary; by default it stays")
    given = parser.parse_args(arguments)
    path = root / given.fixture / "bundle.json"
    try:
        bundle = json.loads(path.read_text(encoding="utf-8"))
        put_note(bundle, given.document, given.file.read_bytes(), given.content_type)
    except (OSError, NotThere) as reason:
        print(f"fixture_note: {reason}", file=sys.stderr)
        return 1
    path.write_text(laid_out(bundle), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
