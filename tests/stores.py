"""New stores of SQLite, with their tables: to copy those of one that was made once is a thirtieth of the work of making them for each test."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from fhir_coder.store.start import open_stores


def store_in(folder: Path) -> str:
    """The URL of the store in a folder, with the tables of today. One that is there stays as it is."""
    file = folder / "store.sqlite"
    folder.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        copyfile(tables(), file)
    return f"sqlite:///{file}"


def tables() -> Path:
    """A file with the tables, to be copied."""
    return Path(_made().name) / "store.sqlite"


@cache
def _made() -> TemporaryDirectory[str]:
    """It goes with the process."""
    folder = TemporaryDirectory(prefix="fhir-coder-tables-")
    open_stores(f"sqlite:///{folder.name}/store.sqlite", "").repository.close()
    return folder
