"""The package from its sources: a project for SUSHI with what the server adds, then the archive."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from conformance.ig.archive import Resource, manifest_of, package_files, write_archive
from conformance.ig.definitions import served_definitions
from conformance.ig.examples import PROFILES, Example, examples
from conformance.ig.sushi import Sushi
from conformance.ig.vocabulary import rule_sets
from fhir_coder.fhir.writer import write_json

HERE = Path(__file__).parent
ARCHIVE = "fhir-coder-ig.tgz"
_CONFIGURATION = "sushi-config.yaml"


def build_package(sushi: Sushi, out: Path) -> None:
    """Write the package to the file ``out``. Raises NotBuilt."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        write_project(project)
        generated = sushi.run(project)
        guide = json.loads(next(generated.glob("ImplementationGuide-*.json")).read_text(encoding="utf-8"))
        for file in generated.glob("*.json"):
            file.write_text(_identified(json.loads(file.read_text(encoding="utf-8")), guide), encoding="utf-8")
        resources = [*generated.glob("*.json"), *(project / "input" / "resources").glob("*.json")]
        write_archive(package_files(manifest_of(guide), resources, (project / "input" / "examples").glob("*.json")), out)


def write_project(project: Path) -> None:
    """What SUSHI reads: the sources, the codes of the server's tables, its served definitions and the examples."""
    shutil.copytree(HERE / "input", project / "input")
    shutil.copy(HERE / "sushi-ignoreWarnings.txt", project)
    shown = list(examples())
    configuration = (HERE / _CONFIGURATION).read_text(encoding="utf-8")
    (project / _CONFIGURATION).write_text(f"{configuration}resources: {json.dumps(_listed(shown))}\n", encoding="utf-8")
    (project / "input" / "fsh" / "server.fsh").write_text(rule_sets(), encoding="utf-8")
    _write(project / "input" / "resources", served_definitions())
    _write(project / "input" / "examples", (one.resource for one in shown))


def _identified(resource: Resource, guide: Resource) -> str:
    """A canonical resource with the version, date and publisher of the guide: SUSHI leaves them to HL7's IG Publisher."""
    inherited = {key: guide[key] for key in ("version", "date", "publisher") if "url" in resource and key not in resource}
    return json.dumps(resource | inherited, indent=2, ensure_ascii=False) + "\n"


def _listed(shown: Iterable[Example]) -> dict[str, Resource]:
    """How the ImplementationGuide lists the examples: in words, and which profile each is of."""
    listed = {}
    for one in shown:
        kind, resource_id = one.resource["resourceType"], one.resource["id"]
        profile = {"exampleCanonical": PROFILES[one.profile]} if one.profile else {"exampleBoolean": True}
        listed[f"{kind}/{resource_id}"] = {"name": f"{kind} {resource_id}", "description": one.words, **profile}
    return listed


def _write(folder: Path, resources: Iterable[Resource]) -> None:
    folder.mkdir()
    for one in resources:
        (folder / f"{one['resourceType']}-{one['id']}.json").write_bytes(write_json(one))
