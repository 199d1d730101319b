"""The services that are offered, and how they are described (https://cds-hooks.hl7.org/2.0/#discovery)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its id in the address, the hook that calls it, and whether the hook's context must name an encounter
    (https://cds-hooks.hl7.org/hooks/)."""

    id: str
    hook: str
    title: str
    description: str
    needs_encounter: bool


SERVICES = {
    one.id: one
    for one in (
        Service(
            "encounter-discharge",
            "encounter-discharge",
            "ICD-10-CM coding at the end of the visit",
            "Says how many ICD-10-CM codes are proposed for the encounter and how many of them a coder should look at, with a link to the review.",
            needs_encounter=True,
        ),
        Service(
            "patient-view",
            "patient-view",
            "ICD-10-CM coding of the open encounter",
            "The same when a chart is opened within an encounter whose coding awaits review; otherwise it says nothing.",
            needs_encounter=False,
        ),
    )
}
"""None asks for ``prefetch``: a card is made of what is known here already, so that nobody waits."""


def discovery() -> dict[str, Any]:
    """The answer to ``GET /cds-services``."""
    return {"services": [{"hook": one.hook, "id": one.id, "title": one.title, "description": one.description} for one in SERVICES.values()]}
