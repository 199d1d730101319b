"""Running the extraction of :mod:`.extraction` in a process apart, and reading its answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fhir_coder.notes.canonical import Unreadable

MAX_SECONDS = 60
"""Wall-clock seconds after which the extraction is killed; its own limit of processor time is lower."""

MAX_AT_ONCE = 2
"""Extractions that one server process runs at the same time, each with up to 512 MiB; others wait for their turn."""

MAX_WAIT_S = 60.0
"""Seconds after which a PDF whose turn has not come is left unread."""

_PROGRAM = Path(__file__).with_name("extraction.py")
_REFUSALS = {
    "password": ("encrypted", "the PDF is protected by a password"),
    "format": ("malformed", "not a PDF, or a broken one"),
    "xfa": ("unsupported-type", "the PDF is an XFA form, whose content is not on its pages"),
    "pages": ("malformed", "the PDF has more pages than a note can have"),
    "glyphs": ("malformed", "the PDF has more text than a note can have"),
}

Run = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Glyph:
    """One printed glyph, upright: characters, left, right, baseline and height in points, the angle it was printed at in degrees
    (counterclockwise), whether its font does not say which character it is, and whether it is the answer in a form field or typed onto the
    page (then one glyph is a line of it)."""

    text: str
    left: float
    right: float
    base: float
    size: float
    angle: int
    is_unmapped: bool = False
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its glyphs in the order of the content, whether pictures cover most of it, and whether anything is on it."""

    glyphs: tuple[Glyph, ...]
    is_scan: bool
    is_drawn: bool


def extract_pages(data: bytes, run: Run | None = None) -> tuple[Page, ...]:
    """The pages of a PDF.

    Args:
        data: the file.
        run: what runs the program: bytes of the file to bytes of its answer.

    Raises:
        Unreadable: ``encrypted``, ``malformed``, ``unsupported-type``, ``unavailable`` (too many others are being read).
    """
    answer = _parse((run or _run_in_turn)(data))
    if "error" in answer:
        reason, detail = _REFUSALS[answer["error"]]
        raise Unreadable(reason, detail)
    return tuple(Page(tuple(Glyph(*glyph) for glyph in page["glyphs"]), page["is_scan"], page["is_drawn"]) for page in answer["pages"])


def run_apart(data: bytes, program: Path = _PROGRAM, seconds: float = MAX_SECONDS) -> bytes:
    """Run the program in a process of its own, for at most so many seconds. Of the environment it is told only where libraries are.

    Raises:
        Unreadable: ``malformed``: it took too long, or it died.
    """
    command = [sys.executable, "-P", "-X", "utf8", str(program)]
    libraries = os.pathsep.join(folder for folder in sys.path if folder)
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=True,
            env={"PYTHONPATH": libraries},
        )
    except subprocess.TimeoutExpired:
        raise Unreadable("malformed", f"the PDF could not be read within {seconds} seconds") from None
    except (subprocess.CalledProcessError, OSError):
        raise Unreadable("malformed", "the PDF broke the program that reads it, or took too much time or memory") from None
    return done.stdout


class Turns:
    """Lets at most ``at_once`` callers run at the same time; who waits longer than ``longest_wait_s`` gives up."""

    def __init__(self, run: Run, at_once: int = MAX_AT_ONCE, longest_wait_s: float = MAX_WAIT_S) -> None:
        self._run = run
        self._places = threading.BoundedSemaphore(at_once)
        self._longest_wait_s = longest_wait_s

    def __call__(self, data: bytes) -> bytes:
        """The answer of ``run``. Raises Unreadable: ``unavailable`` when the turn does not come."""
        if not self._places.acquire(timeout=self._longest_wait_s):
            raise Unreadable("unavailable", f"too many PDFs were being read at once for {self._longest_wait_s:g} seconds; try again later")
        try:
            return self._run(data)
        finally:
            self._places.release()


_run_in_turn = Turns(run_apart)


def _parse(answer: bytes) -> dict[str, Any]:
    try:
        return json.loads(answer)
    except ValueError:
        raise Unreadable("malformed", "the PDF broke the program that reads it") from None
