"""``python -m conformance.ig``: ``packages`` makes the FHIR package cache, ``build`` the package."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.ig.build import ARCHIVE, build_package
from conformance.ig.npm import NotInstallable, install_packages
from conformance.ig.package_cache import DEFINITIONS, UnusableSource, definitions_of, make_cache
from conformance.ig.sushi import SUSHI, NotBuilt, Sushi

NEEDED = (SUSHI, DEFINITIONS)
"""npm packages, installed into the user's cache on first use."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with the reason."""
    options = _parser().parse_args(arguments)
    try:
        node_modules = install_packages(*NEEDED) / "node_modules"
        if options.command == "packages":
            for made in make_cache(options.cache, definitions_of(node_modules), options.us_core):
                print(made)
        else:
            build_package(Sushi(node_modules, options.cache), options.out)
            print(options.out)
    except (NotBuilt, NotInstallable, UnusableSource) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance.ig", description="Builds the FHIR package of this server.")
    commands = parser.add_subparsers(dest="command", required=True)
    packages = commands.add_parser("packages", help="make the FHIR package cache that build reads")
    packages.add_argument(
        "--us-core", type=Path, required=True, metavar="FOLDER", help="StructureDefinitions of US Core 6.1.0, as JSON files"
    )
    packages.add_argument("--cache", type=Path, required=True, metavar="FOLDER", help="where to put .fhir/packages")
    build = commands.add_parser("build", help="build the package, without a network")
    build.add_argument("--cache", type=Path, required=True, metavar="FOLDER", help="the folder that packages wrote")
    build.add_argument("--out", type=Path, default=Path(ARCHIVE), metavar="FILE", help=f"the package (default {ARCHIVE})")
    return parser


if __name__ == "__main__":
    sys.exit(main())
