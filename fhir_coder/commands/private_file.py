"""Files that hold what is about patients: readable by their owner only, and never written over another file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from fhir_coder.errors import InvalidContent


def require_absent(path: Path) -> None:
    """Raises InvalidContent where something is there already: told before anything is done."""
    if path.exists() or path.is_symlink():
        raise InvalidContent(f"{path}: exists; an export is never written over another file")


@contextmanager
def writing_privately(path: Path) -> Iterator[TextIO]:
    """A new file of mode 0600. One that could not be finished is removed. Raises InvalidContent."""
    require_absent(path)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InvalidContent(f"{path}: cannot be made ({error.strerror})") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            os.fchmod(descriptor, 0o600)  # whatever the umask took away
            yield stream
    except BaseException:
        path.unlink(missing_ok=True)
        raise
