"""``fhir-coder edits list|coverage``: every compliance edit with severity and source, and how far the edits enforce the notes of a release."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from fhir_coder.edits.coverage import KindCoverage, NoteLine, note_coverage
from fhir_coder.edits.registry import all_edits, edits_table
from fhir_coder.installed import open_releases, release_of
from fhir_coder.settings import Settings
from terminology.release import Release


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("edits", help="list the compliance edits, or how far they enforce the notes of a release")
    actions = command.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="id, name, severity and source of every edit")
    listing.add_argument("--markdown", action="store_true", help="the table as docs/edits.md holds it")
    listing.set_defaults(run=run_list)
    coverage = actions.add_parser("coverage", help="for each kind of note: how many there are, and how many an edit enforces")
    coverage.add_argument("--release", metavar="ID", help="id of a loaded release (default: the newest)")
    coverage.add_argument("--list", action="store_true", help="every note that cannot be enforced")
    coverage.add_argument("--json", action="store_true", help="print one JSON object")
    coverage.set_defaults(run=run_coverage)


def run_list(arguments: argparse.Namespace) -> int:
    """Print one line for each edit, or the Markdown table."""
    if arguments.markdown:
        print(edits_table(), end="")
        return 0
    for edit in all_edits():
        print(f"{edit.id}  {edit.severity.value:11}  {edit.name:34}  {edit.source}")
    return 0


def run_coverage(arguments: argparse.Namespace) -> int:
    """Print the counts, as text or as one JSON object."""
    catalogue = open_releases(Settings.from_environment())
    release = release_of(catalogue, arguments.release) if arguments.release else catalogue.newest
    coverage = note_coverage(release.codebook)
    if arguments.json:
        kinds = [_object(one, arguments.list) for one in coverage]
        print(json.dumps({"release": release.id, "notes": kinds}, ensure_ascii=False, indent=1))
    else:
        print("\n".join(_text(release, coverage, arguments.list)))
    return 0


def _text(release: Release, coverage: tuple[KindCoverage, ...], lists: bool) -> Iterator[str]:
    yield f"{release.id} ({release.title}): lines of notes by kind"
    yield f"{'kind':18} {'lines':>6} {'enforced':>9} {'no code':>8} {'not read':>9}  by"
    for one in coverage:
        left = (f"{len(one.without_code):8}", f"{len(one.unread):9}") if one.edits else (" " * 8, " " * 9)
        enforced = f"{one.enforced:9}" if one.edits else f"{'-':>9}"
        yield f"{one.kind.value:18} {one.lines:6} {enforced} {left[0]} {left[1]}  {', '.join(one.edits) or '-'}"
    for one in coverage if lists else ():
        yield from _left(f"{one.kind.value}, names no code", one.without_code)
        yield from _left(f"{one.kind.value}, codes not read", one.unread)


def _left(title: str, lines: tuple[NoteLine, ...]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  {line.owner}  {line.text}" for line in lines)


def _object(one: KindCoverage, lists: bool) -> dict[str, object]:
    counts: dict[str, object] = {
        "kind": one.kind.value,
        "lines": one.lines,
        "enforced": one.enforced,
        "edits": list(one.edits),
        "withoutCode": len(one.without_code),
        "unread": len(one.unread),
    }
    return (
        {**counts, "notEnforced": [{"owner": line.owner, "text": line.text} for line in (*one.unread, *one.without_code)]}
        if lists
        else counts
    )
