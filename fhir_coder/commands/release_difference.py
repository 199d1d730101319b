"""The difference of two releases as lines for a person, and as an object for a program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from fhir_coder.named_codes import BrokenCode
from terminology.codebook import Codebook
from terminology.difference import NoteChange, ReleaseDifference, SeventhChange
from terminology.release import Release
from terminology.tabular import RawNote


def as_text(before: Release, after: Release, difference: ReleaseDifference, broken: Sequence[BrokenCode]) -> Iterator[str]:
    """Counts first, then every change; full codes are counted and not listed, because they follow from their stems."""
    yield f"{before.id} ({before.title}) to {after.id} ({after.title})"
    if after.caveat:
        yield after.caveat
    yield from _codes("added", difference.added, after.codebook)
    yield from _codes("deleted", difference.deleted, before.codebook)
    yield from _block("billable before, header now", (_titled(code, after.codebook) for code in difference.to_header))
    yield from _block("header before, billable now", (_titled(code, after.codebook) for code in difference.to_billable))
    yield from _block("retitled", (f"{one.owner}  {one.before}  ->  {one.after}" for one in difference.retitled))
    yield from _block("seventh characters changed", map(_seventh, difference.seventh))
    yield from _block("notes changed", (line for one in difference.notes for line in _note(one)), len(difference.notes))
    yield from _block("lines of our own data that break", map(_broken, broken))


def as_object(before: Release, after: Release, difference: ReleaseDifference, broken: Sequence[BrokenCode]) -> dict[str, Any]:
    """The same in full: every code with its title, full codes included."""
    return {
        "before": _release(before),
        "after": _release(after),
        "added": [_code(code, after.codebook) for code in difference.added],
        "deleted": [_code(code, before.codebook) for code in difference.deleted],
        "toHeader": list(difference.to_header),
        "toBillable": list(difference.to_billable),
        "retitled": [asdict(one) for one in difference.retitled],
        "seventhCharacters": [asdict(one) for one in difference.seventh],
        "notes": [{"owner": one.owner, "added": _notes(one.added), "removed": _notes(one.removed)} for one in difference.notes],
        "broken": [
            {
                "code": one.named.code,
                "place": one.named.place,
                "fault": one.fault,
                "detail": one.detail,
                "isReported": one.named.is_reported,
            }
            for one in broken
        ],
    }


def _codes(what: str, codes: Sequence[str], codebook: Codebook) -> Iterator[str]:
    printed = [code for code in codes if codebook.stem(code) == code]
    billable = sum(codebook.is_billable(code) for code in codes)
    yield from _block(f"{what}, {billable} of them billable", (_titled(code, codebook) for code in printed), len(codes))


def _block(title: str, lines: Iterable[str], count: int | None = None) -> Iterator[str]:
    listed = list(lines)
    yield ""
    yield f"{len(listed) if count is None else count} {title}"
    yield from (f"  {line}" for line in listed)


def _titled(code: str, codebook: Codebook) -> str:
    return f"{code}  {codebook.title(code)}"


def _seventh(change: SeventhChange) -> str:
    before, after = ("".join(one) or "none" for one in (change.before, change.after))
    return f"{change.stem}  {before}  ->  {after}" + (" (texts)" if before == after else "")


def _note(change: NoteChange) -> Iterator[str]:
    yield change.owner
    yield from (f"  + {kind.value}: {text}" for kind, text in change.added)
    yield from (f"  - {kind.value}: {text}" for kind, text in change.removed)


def _broken(one: BrokenCode) -> str:
    return f"{one.named.place}: {one.named.code} {one.fault}: {one.detail}"


def _release(release: Release) -> dict[str, Any]:
    return {"id": release.id, "title": release.title, "caveat": release.caveat}


def _code(code: str, codebook: Codebook) -> dict[str, Any]:
    return {"code": code, "title": codebook.title(code), "billable": codebook.is_billable(code)}


def _notes(notes: Iterable[RawNote]) -> list[dict[str, str]]:
    return [{"kind": kind.value, "text": text} for kind, text in notes]
