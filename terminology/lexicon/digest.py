"""Which vocabulary this is, without reading it: the hash that an index is checked against when it opens."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path

from terminology.knowledge import knowledge_of


def source_files(folder: Traversable | Path | None = None) -> list[Traversable | Path]:
    """The vocabulary files of ``folder`` (default: those shipped), by name."""
    root = knowledge_of("terminology.lexicon").joinpath("terms") if folder is None else folder
    return sorted((item for item in root.iterdir() if item.name.endswith(".tsv")), key=lambda item: item.name)


def lexicon_sha256(folder: Traversable | Path | None = None) -> str:
    """The sha256 (hex) over names and contents: the same as ``Lexicon.sha256``, in milliseconds."""
    digest = sha256()
    for source in source_files(folder):
        digest.update(source.name.encode() + b"\0" + sha256(source.read_bytes()).digest())
    return digest.hexdigest()
