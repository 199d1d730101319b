"""Input and output files of the command line, with clear errors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from fhir_coder.errors import InvalidContent


def existing_file(path: Path) -> Path:
    """The path, or an error that names it."""
    if not path.is_file():
        raise InvalidContent(f"{path}: no such file")
    return path


@contextmanager
def writing(path: Path | None) -> Iterator[TextIO]:
    """The output stream: a file that takes its place only when complete, or standard output."""
    if path is None:
        yield sys.stdout
        return
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8") as stream:
            yield stream
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InvalidContent(f"{path}: cannot be written ({error.strerror})") from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)
