"""``fhir-coder replay ID``: do a past coding again on what it was made with, and say what differs and why."""

from __future__ import annotations

import argparse
import json
from functools import partial

from fhir_coder.app import may_pass, open_all_stores, samples_of
from fhir_coder.commands.coding import add_coding, find_coding
from fhir_coder.commands.operator import looked_at
from fhir_coder.connections import SANDBOX_EHR
from fhir_coder.errors import Uncodable
from fhir_coder.record.again import NotReplayable
from fhir_coder.record.replay_page import replay_document, replay_page
from fhir_coder.replayer import build_replayer
from fhir_coder.settings import Settings


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("replay", help="code a past encounter again and compare")
    add_coding(command)
    command.add_argument(
        "--current", action="store_true", help="also on the artifacts and settings of today, with the cause of each difference"
    )
    command.add_argument("--sandbox", action="store_true", help="the built-in EHR is among the EHRs, as under serve --sandbox")
    command.add_argument("--json", action="store_true", help="print the outcome as JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when all is as it was, 1 when something differs, 2 when the coding cannot be replayed."""
    settings = Settings.from_environment(sandbox=arguments.sandbox)
    stores = open_all_stores(settings)
    try:
        coding = find_coding(stores.repository, arguments)
        stores.audit.record(looked_at("replay", coding))
        replay = build_replayer(settings, partial(may_pass, stores.passing, samples_of(settings))).replay(
            coding, with_today=arguments.current
        )
    except NotReplayable as error:
        hint = "; add --sandbox for the built-in EHR" if coding.ehr == SANDBOX_EHR and not (coding.is_inline or arguments.sandbox) else ""
        raise Uncodable(f"not replayable: {error}{hint}") from error
    finally:
        stores.close()
    print(json.dumps(replay_document(replay), indent=1, ensure_ascii=False) if arguments.json else replay_page(replay))
    return 0 if replay.is_equal else 1
