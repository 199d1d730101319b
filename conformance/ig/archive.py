"""The FHIR package as a file: npm style, the same bytes from the same resources.

https://confluence.hl7.org/display/FHIR/NPM+Package+Specification: ``package/package.json``, the resources beside it, examples in ``package/example``, and
in both folders an index of their resources.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Resource = dict[str, Any]
Files = Mapping[str, bytes]
"""Contents by path inside the archive."""

_INDEXED = ("resourceType", "id", "url", "version", "kind", "type", "supplements", "content")
"""What ``.index.json`` says of a resource."""


def package_files(manifest: Resource, resources: Iterable[Path], examples: Iterable[Path]) -> Files:
    """All files of the package; each resource and example is copied as it stands."""
    files = {"package/package.json": _json(manifest)}
    for folder, paths in (("package", resources), ("package/example", examples)):
        contents = {path.name: path.read_bytes() for path in sorted(paths, key=lambda one: one.name)}
        files |= {f"{folder}/{name}": content for name, content in contents.items()}
        files[f"{folder}/.index.json"] = _json(_index(contents))
    return files


def manifest_of(guide: Resource) -> Resource:
    """``package.json``, from the ImplementationGuide."""
    depended = {one["packageId"]: one["version"] for one in guide["dependsOn"]}
    return {
        "name": guide["packageId"],
        "version": guide["version"],
        "tools-version": 3,
        "type": "IG",
        "date": f"{guide['date'].replace('-', '')}000000",
        "license": guide["license"],
        "canonical": guide["url"].partition("/ImplementationGuide/")[0],
        "url": guide["url"].partition("/ImplementationGuide/")[0],
        "title": guide["title"],
        "description": guide["description"],
        "fhirVersions": guide["fhirVersion"],
        "dependencies": {"hl7.fhir.r4.core": guide["fhirVersion"][0], **depended},
        "author": guide["publisher"],
        "directories": {"lib": "package", "example": "package/example"},
        "jurisdiction": "urn:iso:std:iso:3166#US",
    }


def write_archive(files: Files, out: Path) -> None:
    """The files as a gzipped tar without times, owners or an order of the disk."""
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(gzip.compress(tarred.getvalue(), compresslevel=9, mtime=0))


def _index(contents: Files) -> Resource:
    entries = []
    for name, content in sorted(contents.items()):
        resource = json.loads(content)
        entries.append({"filename": name} | {key: resource[key] for key in _INDEXED if isinstance(resource.get(key), str)})
    return {"index-version": 2, "files": entries}


def _json(value: Resource) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
