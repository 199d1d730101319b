"""Which software this is: a version says what was released, the digest of the code what really runs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from terminology.knowledge import PACKAGES, set_digest


@cache
def code_digest() -> str:
    """The sha256 (hex) over the Python files of our packages, by path and content."""
    return set_digest({path: sha256(file.read_bytes()).hexdigest() for path, file in modules()})


def modules() -> Iterator[tuple[str, Traversable]]:
    """Every Python file of our packages by its path (``fhir_coder/edits/run.py``)."""
    for package in PACKAGES:
        yield from _modules(package, files(package))


def _modules(path: str, folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    for item in folder.iterdir():
        inner = f"{path}/{item.name}"
        if item.is_dir():
            yield from _modules(inner, item)
        elif item.name.endswith(".py"):
            yield inner, item
