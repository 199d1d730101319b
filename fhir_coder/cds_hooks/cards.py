"""The card: counts, and where to look (https://cds-hooks.hl7.org/2.0/#card-attributes). No code, no diagnosis and no word of a note is on it:
cards are shown to whoever has the chart open, and are logged by EHRs. Nothing on it stops the clinician."""

from __future__ import annotations

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fhir_coder.cds_hooks.tally import Tally

LABEL = "fhir-coder"


def card_of(tally: Tally, root: str, launch: str, link: str) -> dict[str, Any]:
    """The card of one coding. ``root`` is our absolute URL, ``launch`` that of our SMART launch, ``link`` absolute or smart."""
    return {
        "uuid": str(uuid5(NAMESPACE_URL, f"{root}/codings/{tally.coding_id}")),
        "summary": _summary(tally),
        "indicator": "warning" if tally.blocking else "info",
        "source": {"label": LABEL, "url": root},
        "links": [_link(tally.coding_id, root, launch, link)],
    }


def _summary(tally: Tally) -> str:
    proposed = f"{_counted(tally.proposed, 'ICD-10-CM code')} proposed" if tally.proposed else "No ICD-10-CM code proposed"
    review = f", {tally.to_review} to review" if tally.to_review else ""
    blocking = f"; {_counted(tally.blocking, 'compliance finding')} to resolve" if tally.blocking else ""
    return f"Coding of this encounter: {proposed}{review}{blocking}"


def _link(coding_id: str, root: str, launch: str, link: str) -> dict[str, str]:
    if link == "smart":
        return {"label": "Review the coding", "url": launch, "type": "smart", "appContext": json.dumps({"coding": coding_id})}
    return {"label": "Review the coding", "url": f"{root}/review/encounters/{coding_id}", "type": "absolute"}


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
