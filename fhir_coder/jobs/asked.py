"""What is asked of a job as text, to be kept sealed until it is done: the coding request, who asked, and what is to be said of the call.

FHIR resources are written as :mod:`fhir_coder.fhir.writer` writes them, so that decimals keep their digits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.exchange import CallerLimits, CodingRequest
from fhir_coder.fhir.writer import write_json


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was taken on. ``ignored`` are the FHIRPaths of its unknown parameters; ``request_id`` and ``address`` are of the call, for the audit.

    ``piece`` is what a bulk run hands over of its export, as :mod:`fhir_coder.bulk.piece` wrote it; empty for a caller's."""

    request: CodingRequest
    agent: Agent
    ignored: tuple[str, ...] = ()
    request_id: str = ""
    address: str = ""
    piece: str = ""

    @property
    def encounter(self) -> str:
        """Reference of the encounter, or empty for one that has no id."""
        found = self.request.encounter_id or str((self.request.encounter or {}).get("id", ""))
        return f"Encounter/{found}" if found else ""


def written(asked: Asked) -> str:
    """As text."""
    request, agent = asked.request, asked.agent
    content: dict[str, Any] = {
        "tenant": request.tenant,
        "encounter_id": request.encounter_id,
        "encounter": request.encounter,
        "patient": request.patient,
        "notes": None if request.notes is None else list(request.notes),
        "context": list(request.context),
        "ehr": request.ehr,
        "write_back": request.write_back,
        "include_text": request.include_text,
        "limits": {
            "patient": request.limits.patient,
            "may_fetch_attachments": request.limits.may_fetch_attachments,
            "withheld": [list(one) for one in sorted(request.limits.withheld)],
        },
        "agent": [agent.kind.value, agent.id, agent.issuer, agent.client],
        "ignored": list(asked.ignored),
        "request_id": asked.request_id,
        "address": asked.address,
        **({"piece": asked.piece} if asked.piece else {}),
    }
    return write_json(content).decode("utf-8")


def read(text: str) -> Asked:
    """What :func:`written` wrote."""
    content = json.loads(text, parse_float=Decimal)
    limits, (kind, *names) = content.pop("limits"), content.pop("agent")
    ignored, request_id, address = (content.pop(name) for name in ("ignored", "request_id", "address"))
    notes, context, piece = content.pop("notes"), content.pop("context"), content.pop("piece", "")
    request = CodingRequest(
        **content,
        notes=None if notes is None else tuple(notes),
        context=tuple(context),
        limits=CallerLimits(
            limits["patient"], limits["may_fetch_attachments"], frozenset((kind, interaction) for kind, interaction in limits["withheld"])
        ),
    )
    return Asked(request, Agent(AgentKind(kind), *names), tuple(ignored), request_id, address, piece)
