"""``python -m conformance.simulator``: serve simulated EHRs until interrupted."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.simulator.authorization import Authorization
from conformance.simulator.control import PATH
from conformance.simulator.ehr import SimulatedEhr
from conformance.simulator.exchange import Resource
from conformance.simulator.profile import read_profiles
from conformance.simulator.server import SimulatorServer
from conformance.simulator.site import Site, SiteUnusable
from fhir_coder.errors import FhirCoderError
from fhir_coder.fhir.reader import read_json

RECORDS = Path(__file__).with_name("records.json")
SLOW_S = 30.0
UNUSABLE = 2
GIVES_UP = 0.75
"""The part of a slow answer that a server waits for at a prepared site."""


class RecordsUnusable(Exception):
    """A file of records cannot be used; the reason."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = _parser().parse_args(arguments)
    try:
        records = read_records(given.bundle or [RECORDS])
        with TemporaryDirectory(prefix="ehr-simulator-") as folder:
            ehrs = simulated_ehrs(records, Path(folder), given.slow, given.profile)
            with SimulatorServer(given.host, given.port, ehrs) as server:
                lines = announcement(server.url, ehrs.values())
                if given.site:
                    server.authorization = prepared(given.site, server.url, given.server.rstrip("/"), given.slow, ehrs)
                    lines = [*lines[:-1], f"site    {given.site}: server.env for the server, @{given.site / 'kit'} for the kit"]
                print("\n".join(lines), flush=True)
                server.serve_forever()
    except (RecordsUnusable, SiteUnusable, OSError) as reason:
        print(f"simulator: {reason}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return 0
    return 0


def read_records(files: Iterable[Path]) -> list[Resource]:
    """The resources of Bundles, each once, the last one of an id. Raises RecordsUnusable."""
    found: dict[tuple[str, str], Resource] = {}
    for file in files:
        try:
            bundle = read_json(file.read_bytes())
        except (OSError, FhirCoderError) as error:
            raise RecordsUnusable(f"{file} holds no FHIR R4 Bundle that can be read: {error}") from error
        for resource in (entry["resource"] for entry in bundle.get("entry", ()) if "resource" in entry):
            if "id" not in resource:
                raise RecordsUnusable(f"a {resource['resourceType']} in {file} has no id")
            found[resource["resourceType"], resource["id"]] = resource
    if not any(kind == "Encounter" for kind, _ in found):
        raise RecordsUnusable("there is no Encounter among the records")
    return list(found.values())


def simulated_ehrs(records: Sequence[Resource], folder: Path, slow_s: float = SLOW_S, names: Sequence[str] = ()) -> dict[str, SimulatedEhr]:
    """An EHR of each profile (or of those named) with these records, by the profile's id; their files lie in ``folder``."""
    profiles = read_profiles()
    return {name: SimulatedEhr(profiles[name], records, folder, slow_s) for name in names or profiles}


def announcement(url: str, ehrs: Iterable[SimulatedEhr]) -> list[str]:
    """Where everything is, and what our own server must be told of it: FHIR_CODER_TENANTS is the last line."""
    named = {one.profile.id: one for one in ehrs}
    lines = [f"{name:7} {url}{ehr.path}  {ehr.profile.title}" for name, ehr in named.items()]
    known = [{"id": "sim" if name == "plain" else f"sim-{name}", "base_url": f"{url}{ehr.path}"} for name, ehr in named.items()]
    return [*lines, f"control {url}{PATH}", f"FHIR_CODER_TENANTS='{json.dumps([{'id': 'default', 'ehrs': known}])}'"]


def prepared(folder: Path, simulator: str, server: str, slow_s: float, ehrs: Iterable[str]) -> Authorization:
    """Write what a server at the address ``server`` and the kit must be told, so that every group is tried; gives the authorization server that the
    tokens are of. A server gives up before a slow answer comes. Raises SiteUnusable."""
    site = Site(folder, simulator, server, slow_s * GIVES_UP)
    site.write(ehrs)
    return site.authorization


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance.simulator", description="An EHR over HTTP that fails to order.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; it asks nobody who they are")
    parser.add_argument("--port", type=int, default=8090, help="port to listen on; 0 takes a free one")
    parser.add_argument(
        "--profile",
        action="append",
        default=[],
        choices=sorted(read_profiles()),
        help="which EHRs there are; may be repeated; default: all",
    )
    parser.add_argument(
        "--bundle", action="append", default=[], type=Path, metavar="FILE", help="Bundle with made-up records in place of the included ones"
    )
    parser.add_argument(
        "--slow", type=float, default=SLOW_S, metavar="SECONDS", help="how late a slow answer is; more than the timeout of the server tried"
    )
    parser.add_argument(
        "--site", type=Path, metavar="FOLDER", help="write there what the server and the kit must be told, so that every group is tried"
    )
    parser.add_argument(
        "--server", default="http://127.0.0.1:8080", metavar="URL", help="with --site: where the server will be, without a path"
    )
    return parser
