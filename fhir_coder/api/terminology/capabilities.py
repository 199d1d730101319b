"""What the server says of its terminology: the TerminologyCapabilities at ``metadata?mode=terminology``
(http://hl7.org/fhir/R4/terminologycapabilities.html), and the operations in its CapabilityStatement."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_coder import __version__
from fhir_coder.api.terminology.definitions import DEFINITIONS, EXPAND, TERMINOLOGY_DATE
from fhir_coder.api.terminology.expansion import MOST_CODES
from fhir_coder.api.terminology.installed_releases import InstalledReleases
from fhir_coder.api.terminology.properties import PROPERTIES
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import ICD10CM
from terminology.release import Catalogue, Release

_TEXT_FILTER = (
    "Each word must begin a word of the title, of an inclusion term or of an Includes note printed at the code, or be the beginning of the code. Singular and plural, case and accents are "
    "alike. Codes with all words in the title come first, then the shorter title, then tabular order; beginnings of codes alone leave tabular order."
)


def operations_of_types() -> list[Resource]:
    """``CapabilityStatement.rest.resource`` of the types that have these operations."""
    found: dict[str, list[Resource]] = {}
    for definition in DEFINITIONS:
        found.setdefault(definition.resource, []).append({"name": definition.code, "definition": definition.url})
    return [{"type": resource, "operation": operations} for resource, operations in found.items()]


def build_terminology_capabilities(base_url: str, installed: InstalledReleases) -> Resource:
    """The statement of the server instance at ``base_url`` (absolute)."""
    current = installed.current.release
    return {
        "resourceType": "TerminologyCapabilities",
        "status": "active",
        "date": TERMINOLOGY_DATE,
        "publisher": "fhir-coder",
        "description": _described(installed.catalogue),
        "kind": "instance",
        "software": {"name": "fhir-coder", "version": __version__},
        "implementation": {"description": "ICD-10-CM by release", "url": base_url},
        "lockedDate": False,
        "codeSystem": [
            {
                "uri": ICD10CM,
                "version": [_version(release, release is current) for release in installed.catalogue.releases],
                "subsumption": False,
            }
        ],
        "expansion": {
            "hierarchical": False,
            "paging": True,
            "incomplete": False,
            "parameter": [
                {"name": parameter.name, "documentation": parameter.documentation}
                for parameter in EXPAND.parameters
                if parameter.name not in EXPAND.refused
            ],
            "textFilter": _TEXT_FILTER,
        },
    }


def _described(catalogue: Catalogue) -> str:
    return f"{_list(_sentence(one) for one in catalogue.releases)}. One answer has at most {MOST_CODES} codes."


def _sentence(release: Release) -> str:
    caveat = f", {release.caveat}" if release.caveat else ""
    return f"{release.title}: version {release.id}, service dates {release.effective_from.isoformat()} to {release.effective_to.isoformat()}{caveat}"


def _list(sentences: Iterable[str]) -> str:
    return "; ".join(sentences)


def _version(release: Release, is_default: bool) -> Resource:
    return {
        "code": release.id,
        "isDefault": is_default,
        "compositional": False,
        "language": ["en"],
        "property": [known.code for known in PROPERTIES],
    }
