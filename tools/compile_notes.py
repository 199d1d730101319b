"""Corpus notes written as plain text, checked and turned into lines of JSON: ``python -m tools.compile_notes NOTES.txt > corpus/NAME.jsonl``.

A note is written as it would be read, between marks at the beginning of lines::

    @note t3-001
    @style SOAP
    @specialty cardiology
    CC: blood pressure check ...
    @codes
    I10 | IV.J: chronic condition, treated | Hypertension, above goal || amlodipine
    @left
    I21.9 | IV.H: uncertain | rule out MI
    @end

``@codes`` holds one line for each reference code in claim order: code, guideline and reason, words of the note that support it. ``@left`` (which
may be missing) holds codes that a careless reader would give, with the reason against them. Words must stand in the note exactly as
quoted; a quotation that occurs twice is meant at both places unless ``#2`` after it names one. Faults are listed with their line, and nothing
is written.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fhir_coder.installed import open_releases
from fhir_coder.settings import Settings
from terminology.codebook import Codebook

_MARK = re.compile(r"@(note|style|specialty|codes|left|end)\b[ \t]*(.*)")
_WHICH = re.compile(r"^(.*?)\s*#(\d+)$", re.DOTALL)


@dataclass(slots=True)
class Draft:
    """One note as it is read; ``faults`` are what keeps it out."""

    line: int
    id: str
    style: str = ""
    specialty: str = ""
    text: list[str] = field(default_factory=list)
    codes: list[tuple[int, str]] = field(default_factory=list)
    left: list[tuple[int, str]] = field(default_factory=list)


def read_drafts(lines: list[str]) -> Iterator[Draft]:
    """The notes of one file, in order."""
    draft: Draft | None = None
    part = ""
    for number, line in enumerate(lines, 1):
        mark = _MARK.match(line)
        if mark and mark[1] == "note":
            draft, part = Draft(number, mark[2].strip()), "text"
        elif draft is None:
            continue
        elif mark and mark[1] in ("style", "specialty"):
            setattr(draft, mark[1], mark[2].strip())
        elif mark and mark[1] == "end":
            yield draft
            draft = None
        elif mark:
            part = mark[1]
        elif part == "text":
            draft.text.append(line)
        elif line.strip():
            getattr(draft, part).append((number, line))


def compile_draft(draft: Draft, codebook: Codebook) -> tuple[dict[str, Any], list[str]]:
    """The line of the corpus, and what is wrong with it."""
    text = "\n".join(draft.text).strip("\n") + "\n"
    faults = [f"line {draft.line}: {name} is missing" for name in ("id", "style", "specialty") if not getattr(draft, name)]
    reference, found = _references(draft.codes, text, codebook)
    left, more = _references(draft.left, text, codebook)
    codes = [one["code"] for one in reference]
    faults += found + more + [f"line {draft.line}: {code} stands twice" for code in set(codes) if codes.count(code) > 1]
    faults += [f"line {draft.line}: {one['code']} is both coded and left" for one in left if one["code"] in codes]
    names = {"id": draft.id, "style": draft.style, "specialty": draft.specialty}
    return {**names, "text": text, "codes": codes, "reference": reference, "left": left}, faults


def _references(rows: list[tuple[int, str]], text: str, codebook: Codebook) -> tuple[list[dict[str, Any]], list[str]]:
    references, faults = [], []
    for number, row in rows:
        cells = [cell.strip() for cell in row.split(" | ", 2)]
        if len(cells) != 3:
            faults.append(f"line {number}: code | guideline: reason | words || words")
            continue
        code, reason, quotes = cells
        known = codebook.normalize(code)
        if known != code or not codebook.is_billable(code):
            faults.append(f"line {number}: {code} is no billable code")
        spans = [span for quote in quotes.split(" || ") for span in _places(text, quote.strip())]
        if not spans or any(span == (-1, -1) for span in spans):
            faults.append(f"line {number}: the words do not stand in the note: {quotes}")
        references.append({"code": code, "reason": reason, "evidence": sorted(spans)})
    return references, faults


def _places(text: str, quote: str) -> list[tuple[int, int]]:
    """Code point offsets of the quotation, half open; (-1, -1) when it is not there."""
    which = _WHICH.match(quote)
    words, only = (which[1], int(which[2])) if which else (quote, 0)
    found = [(place.start(), place.end()) for place in re.finditer(re.escape(words), text)] if words else []
    if only:
        found = found[only - 1 : only]
    return found or [(-1, -1)]


def main(paths: list[str]) -> int:
    """Compile the files to standard output, or list the faults to standard error and return 1."""
    codebook = open_releases(Settings.from_environment()).newest.codebook
    compiled, faults = [], []
    for path in paths:
        for draft in read_drafts(Path(path).read_text(encoding="utf-8").splitlines()):
            line, found = compile_draft(draft, codebook)
            compiled.append(line)
            faults += [f"{path}: {draft.id}: {fault}" for fault in found]
    print("\n".join(faults) or f"{len(compiled)} notes, {sum(len(one['codes']) for one in compiled)} codes", file=sys.stderr)
    if not faults:
        sys.stdout.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in compiled)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
