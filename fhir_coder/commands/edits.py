"""``fhir-coder edits list|coverage|load-lists``: every compliance edit with severity and source, how far the edits enforce the notes of a release, and the
lists of a Medicare Code Editor in place of those shipped."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from fhir_coder.commands.files import existing_file
from fhir_coder.edits.coverage import KindCoverage, NoteLine, note_coverage
from fhir_coder.edits.editor_file import read_editor_file
from fhir_coder.edits.registry import all_edits, edits_table
from fhir_coder.errors import InvalidContent
from fhir_coder.installed import load_lists, open_lists, open_releases, release_of
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
    lists = actions.add_parser("load-lists", help="go by the age, sex and manifestation lists of a current Medicare Code Editor")
    lists.add_argument("file", type=Path, metavar="FILE", help="simple code edits of the editor, tab separated text")
    lists.add_argument(
        "--year", type=_fiscal_year, required=True, metavar="FY20XX", help="fiscal year of the editor, recorded as their source"
    )
    lists.set_defaults(run=run_load_lists)


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
    settings = Settings.from_environment()
    catalogue = open_releases(settings)
    release = release_of(catalogue, arguments.release) if arguments.release else catalogue.newest
    coverage = note_coverage(release.codebook)
    sources = open_lists(settings).sources
    if arguments.json:
        kinds = [_object(one, arguments.list) for one in coverage]
        print(json.dumps({"release": release.id, "notes": kinds, "lists": list(sources)}, ensure_ascii=False, indent=1))
    else:
        print("\n".join(_text(release, coverage, arguments.list)))
        print("\n".join(("", "lists on age, sex and manifestations", *(f"  {source}" for source in sources))))
    return 0


def run_load_lists(arguments: argparse.Namespace) -> int:
    """Load, and say how many codes of which list were taken, and which lists were left."""
    try:
        lists = read_editor_file(existing_file(arguments.file).read_text(encoding="utf-8-sig"), arguments.year)
    except (OSError, ValueError) as error:
        raise InvalidContent(f"{arguments.file}: {error}") from error
    load_lists(Settings.from_environment(), lists)
    print(f"loaded: {lists.source}")
    for name, count in lists.taken.items():
        print(f"  {name}  {count} codes")
    for name, count in lists.left.items():
        print(f"  left out: {name}  {count} lines")
    print("Restart the server to use them.", file=sys.stderr)
    return 0


def _fiscal_year(text: str) -> str:
    if not re.fullmatch(r"FY20\d\d", text):
        raise argparse.ArgumentTypeError(f"not a fiscal year (FY2026): {text}")
    return text


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
