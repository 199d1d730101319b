"""Clearing away indexes that no installed release has any more, unless a running server still serves from them."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Collection
from pathlib import Path


def clear_unused(root: Path, used: Collection[str]) -> tuple[str, ...]:
    """Remove the index folders below ``root`` whose names are not ``used``; returns those removed. A folder that is held stays for the next
    time (see :class:`index.shelf.IndexShelf`)."""
    if not root.is_dir():
        return ()
    unused = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".") and path.name not in used)
    return tuple(path.name for path in unused if _clear(path))


def _clear(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        shutil.rmtree(folder, ignore_errors=True)
        (folder.parent / f".{folder.name}.lock").unlink(missing_ok=True)
        return True
    finally:
        os.close(descriptor)
