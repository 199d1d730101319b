"""``fhir-coder``: the command line. Exit status 0 is success, 1 a run with failures, 2 a usage or configuration error; docs/command-line.md has others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

from fhir_coder import __version__
from fhir_coder.errors import FhirCoderError

COMMANDS = (
    "code", "check", "evaluate", "terminology", "index", "edits", "learn", "train", "serve", "keys", "demo", "trail", "replay", "artifacts",
    "audit", "retention", "sessions", "patient-merge", "billing", "audit-sample", "decisions", "impact", "calibrate", "follow-ups",
    "worker", "jobs", "bulk", "discover",
)  # fmt: skip


def parser(commands: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line with these subcommands. The module of each is imported here: all of them together are the whole software."""
    top = argparse.ArgumentParser(prog="fhir-coder", description="ICD-10-CM coding of outpatient encounters, FHIR-native.")
    top.add_argument("--version", action="version", version=f"fhir-coder {__version__}")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in commands:
        import_module(f"fhir_coder.commands.{command.replace('-', '_')}").add(subparsers)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; an error of ours is one line on standard error, never a stack trace."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = parser(given[:1] if given[:1] and given[0] in COMMANDS else COMMANDS).parse_args(given)
    try:
        return chosen.run(chosen)
    except FhirCoderError as error:
        print(f"fhir-coder: {error.code}: {error.message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("fhir-coder: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
