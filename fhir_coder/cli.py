"""``fhir-coder``: the command line. Exit status 0 is success, 1 a run with failures, 2 a usage or configuration error; docs/command-line.md has others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from fhir_coder import __version__
from fhir_coder.commands import (
    artifacts,
    audit,
    audit_sample,
    billing,
    calibrate,
    check,
    code,
    decisions,
    demo,
    edits,
    evaluate,
    follow_ups,
    impact,
    index,
    keys,
    learn,
    patient_merge,
    replay,
    retention,
    serve,
    sessions,
    terminology,
    trail,
    train,
)
from fhir_coder.errors import FhirCoderError

COMMANDS = (
    code, check, evaluate, terminology, index, edits, learn, train, serve, keys, demo, trail, replay, artifacts, audit, retention, sessions,
    patient_merge, billing, audit_sample, decisions, impact, calibrate, follow_ups,
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="fhir-coder", description="ICD-10-CM coding of outpatient encounters, FHIR-native.")
    top.add_argument("--version", action="version", version=f"fhir-coder {__version__}")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(subparsers)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; an error of ours is one line on standard error, never a stack trace."""
    chosen = parser().parse_args(arguments)
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
