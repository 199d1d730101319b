"""Work on every line of an input file: with a progress bar, and a bad line reported with its number while the rest goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from fhir_coder.batch import Line, read_lines
from fhir_coder.errors import FhirCoderError


def for_each_line(source: Path, title: str, work: Callable[[Line], None]) -> int:
    """Do the work for every line; returns how many lines failed. Output that cannot be written (OSError) ends the run."""
    failed = 0
    for line in tqdm(list(read_lines(source)), desc=title, unit="line", disable=None, file=sys.stderr):
        problem = line.problem or _attempt(work, line)
        if problem:
            failed += 1
            tqdm.write(f"{source.name}, line {line.number}: {problem}", file=sys.stderr)
    return failed


def write_line(out: TextIO, row: dict[str, Any]) -> None:
    """One object as one line of JSON."""
    out.write(json.dumps(row, ensure_ascii=False) + "\n")


def _attempt(work: Callable[[Line], None], line: Line) -> str:
    """Why the work failed, or empty."""
    try:
        work(line)
    except FhirCoderError as error:
        return error.message
    except OSError:
        raise
    except Exception as error:
        # The type alone: an unexpected message could quote the note.
        return f"internal error ({type(error).__name__})"
    return ""
