"""``fhir-coder terminology list|verify|load|remove|diff``: the installed releases of ICD-10-CM."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from fhir_coder.commands.release_difference import as_object, as_text
from fhir_coder.installed import load_release, open_releases, release_of, remove_release
from fhir_coder.named_codes import broken_codes
from fhir_coder.settings import Settings
from terminology.difference import compare
from terminology.installation import installed_manifests
from terminology.lexicon import load_lexicon
from terminology.lexicon.carry_over import left_out
from terminology.loading.preparation import LoadRequest
from terminology.release import Catalogue, Release
from terminology.verification import differs_from_manifest, verify


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("terminology", help="load, list, verify, compare or remove releases of ICD-10-CM")
    actions = command.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="releases with the service dates they cover").set_defaults(run=run_list)
    verifying = actions.add_parser("verify", help="check files, counts and sentinels of every release, or of one")
    verifying.add_argument("id", nargs="?", metavar="ID", help="id of one release (default: all)")
    verifying.set_defaults(run=run_verify)
    _add_load(actions)
    removing = actions.add_parser("remove", help="remove a release and its index")
    removing.add_argument("id", metavar="ID", help="id of the release, as `list` shows it")
    removing.set_defaults(run=run_remove)
    comparing = actions.add_parser("diff", help="what changed between two releases, and which lines of our own data that breaks")
    comparing.add_argument("before", metavar="A", help="id of the earlier release")
    comparing.add_argument("after", metavar="B", help="id of the later release")
    comparing.add_argument("--json", action="store_true", help="print one JSON object")
    comparing.set_defaults(run=run_diff)


def _add_load(actions: argparse._SubParsersAction) -> None:
    loading = actions.add_parser("load", help="add an official release (zip, folder or tabular XML), or lists of changes on top of one")
    loading.add_argument("path", type=Path, metavar="PATH", help="official zip, folder or tabular XML, or a folder of lists of changes")
    loading.add_argument("--from", dest="first", type=_day, metavar="DATE", help="first date of service (default: as the files tell)")
    loading.add_argument("--to", dest="last", type=_day, metavar="DATE", help="last date of service (default: 30 September after it)")
    loading.add_argument(
        "--on", default="", metavar="ID", help="for lists of changes: the release they change (default: the newest before --from)"
    )
    loading.set_defaults(run=run_load)


def run_list(arguments: argparse.Namespace) -> int:
    """Print two lines for each release: what it is, and which dates of service it is used for."""
    settings = Settings.from_environment()
    catalogue = open_releases(settings)
    manifests = installed_manifests(settings.data)
    for release in catalogue.releases:
        print(_line(release))
        print(f"    {_use(catalogue, release)}; {_vocabulary(release)}{_caveat(release)}")
        if base := manifests[release.id].base:
            print(f"    made on {base}")
    return 0


def run_verify(arguments: argparse.Namespace) -> int:
    """Print the problems of each release; exit status 1 when there are any."""
    settings = Settings.from_environment()
    catalogue = open_releases(settings)
    manifests = installed_manifests(settings.data)
    status = 0
    for release in [release_of(catalogue, arguments.id)] if arguments.id else catalogue.releases:
        problems = [*verify(release), *differs_from_manifest(release, manifests[release.id])]
        print(f"{_line(release)}: {'ok' if not problems else f'{len(problems)} problems'}")
        for problem in problems:
            print(f"  {problem}")
            status = 1
    return status


def run_load(arguments: argparse.Namespace) -> int:
    """Load, and say what was taken as what."""
    settings = Settings.from_environment()
    loaded = load_release(settings, LoadRequest(arguments.path, arguments.first, arguments.last, arguments.on))
    for remark in loaded.remarks:
        print(f"  {remark}")
    print(f"{'already loaded' if loaded.was_there else 'loaded'}: {_line(loaded.release)}")
    _print_left_out(loaded.release)
    print("Restart the server to use it; `fhir-coder terminology diff` shows what changed.", file=sys.stderr)
    return 0


def _print_left_out(release: Release) -> None:
    """Name the lexicon's codes that this release took away or made headers, with the lines that want mending: their phrases are offered no
    longer."""
    for code, reason, entries in left_out(load_lexicon().entries, release.codebook):
        lines = ", ".join(dict.fromkeys(entry.where for entry in entries))
        print(f"  not offered: {code} {reason} ({len(entries)} {'phrase' if len(entries) == 1 else 'phrases'}: {lines})")


def run_remove(arguments: argparse.Namespace) -> int:
    """Remove, and say so."""
    remove_release(Settings.from_environment(), arguments.id)
    print(f"removed: {arguments.id}")
    return 0


def run_diff(arguments: argparse.Namespace) -> int:
    """Print the changes as text or as one JSON object."""
    catalogue = open_releases(Settings.from_environment())
    before, after = release_of(catalogue, arguments.before), release_of(catalogue, arguments.after)
    difference = compare(before.codebook, after.codebook)
    broken = tuple(broken_codes(before.codebook, after.codebook))
    if arguments.json:
        print(json.dumps(as_object(before, after, difference, broken), ensure_ascii=False, indent=1))
    else:
        print("\n".join(as_text(before, after, difference, broken)))
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not a date (YYYY-MM-DD): {text}") from error


def _line(release: Release) -> str:
    book = release.codebook
    return (
        f"{release.id}  {release.title}  service dates {release.effective_from} to {release.effective_to}"
        f"  {len(book)} codes, {book.billable_count} billable  sha256 {release.sha256[:12]}"
    )


def _use(catalogue: Catalogue, release: Release) -> str:
    """The dates of service it is chosen for: a later release takes its own dates away."""
    spans = catalogue.spans(release)
    return "used for " + ", ".join(f"{first} to {last}" for first, last in spans) if spans else "not used: later releases cover its dates"


def _vocabulary(release: Release) -> str:
    return "no vocabulary" if release.vocabulary is None else f"vocabulary of {len(release.vocabulary.phrases):,} phrases"


def _caveat(release: Release) -> str:
    return f"; {release.caveat}" if release.caveat else ""
