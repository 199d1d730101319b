"""Releases in the data directory: compiled once, opened many times, never half there.

``<data>/releases/<id>/`` holds ``tabular.json.gz`` and ``manifest.json``. A release is written into a temporary folder and renamed: killed at
any moment, or made by two processes at once, the folder is either absent or whole.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import date
from hashlib import sha256
from pathlib import Path

from terminology import embedded
from terminology.codebook import Codebook
from terminology.compilation import FORMAT, dump_tabular, load_tabular
from terminology.release import Catalogue, Release
from terminology.tabular import parse_tabular

_TABULAR = "tabular.json.gz"
_MANIFEST = "manifest.json"


def open_catalogue(data: Path) -> Catalogue:
    """Every installed release; the embedded one is compiled first where it is missing or was made by another builder."""
    folder = data / "releases"
    home = folder / embedded.EFFECTIVE_FROM.isoformat()
    if not _is_current(home):
        install_release(folder, embedded.read_embedded(), embedded.TITLE, embedded.EFFECTIVE_FROM, embedded.EFFECTIVE_TO)
    return Catalogue(
        open_release(home) for home in sorted(folder.iterdir()) if (home / _MANIFEST).is_file() and not home.name.startswith(".")
    )


def release_from_xml(data: bytes, title: str, effective_from: date, effective_to: date) -> Release:
    """A release in memory, straight from the official tabular XML. Raises TabularError."""
    codebook = Codebook(parse_tabular(data))
    return Release(effective_from.isoformat(), title, effective_from, effective_to, sha256(data).hexdigest(), codebook)


def install_release(folder: Path, data: bytes, title: str, effective_from: date, effective_to: date) -> Path:
    """Compile the tabular XML into ``folder/<effective_from>`` and return that path. Raises TabularError; then nothing has changed."""
    compiled = dump_tabular(parse_tabular(data))
    manifest = {
        "format": FORMAT,
        "title": title,
        "effective_from": effective_from.isoformat(),
        "effective_to": effective_to.isoformat(),
        "source_sha256": sha256(data).hexdigest(),
        "compiled_sha256": sha256(compiled).hexdigest(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder))
    # mkdtemp lets only its owner in; the code set is public, and the server may run as another user than the one who loaded it.
    partial.chmod(0o755)
    try:
        (partial / _TABULAR).write_bytes(compiled)
        (partial / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        return _take_place(partial, folder / effective_from.isoformat())
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _take_place(partial: Path, home: Path) -> Path:
    """Move the finished folder to its place; an older one steps aside, and one that another process just made is kept."""
    if home.exists() and not _is_current(home):
        aside = Path(tempfile.mkdtemp(prefix=".old-", dir=home.parent))
        home.rename(aside / home.name)
        shutil.rmtree(aside, ignore_errors=True)
    try:
        partial.rename(home)
    except OSError:
        if not _is_current(home):
            raise
    return home


def _is_current(home: Path) -> bool:
    """Whether a whole release of this builder's format lies there."""
    try:
        manifest = json.loads((home / _MANIFEST).read_text(encoding="utf-8"))
        return manifest["format"] == FORMAT and (home / _TABULAR).is_file()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def open_release(home: Path) -> Release:
    """The release in a folder; ValueError when its file is not the one its manifest names."""
    manifest = json.loads((home / _MANIFEST).read_text(encoding="utf-8"))
    compiled = (home / _TABULAR).read_bytes()
    if sha256(compiled).hexdigest() != manifest["compiled_sha256"]:
        raise ValueError(f"release {home.name} is damaged: remove {home} and start again")
    start, end = (date.fromisoformat(manifest[key]) for key in ("effective_from", "effective_to"))
    return Release(home.name, manifest["title"], start, end, manifest["source_sha256"], Codebook(load_tabular(compiled)))
