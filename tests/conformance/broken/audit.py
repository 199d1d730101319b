"""Servers that list a search of AuditEvent, and keep a good audit or a bad one. Ours gives its audit to its keepers alone (``docs/audit.md``), so the
proxy before it keeps one of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.conformance.broken.proxy import Asked, Broken, Reply

Event = dict[str, Any]
LISTED = {
    "type": "AuditEvent",
    "interaction": [{"code": "search-type"}],
    "searchParam": [{"name": "date", "type": "date"}, {"name": "entity", "type": "reference"}],
}


class Audit:
    """Keeps an event of each call; ``change`` makes of it what is kept, None keeps nothing; ``status`` is what a search is answered with."""

    def __init__(self, change: Callable[[Event], Event | None] = lambda event: event, status: int = 200) -> None:
        self._change = change
        self._status = status
        self._kept: list[Event] = []

    def __call__(self, asked: Asked, reply: Reply) -> Reply:
        if asked.path.endswith("/metadata") and reply.resource:
            statement = reply.resource
            statement["rest"][0]["resource"].append(LISTED)
            return reply.holding(statement)
        if asked.path.endswith("/AuditEvent"):
            found = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in self._kept]}
            return Reply(self._status, (("Content-Type", "application/fhir+json"),), json.dumps(found).encode())
        if asked.is_operation and (event := self._change(event_of(asked, reply))):
            self._kept.append(event)
        return reply


def event_of(asked: Asked, reply: Reply) -> Event:
    """As R4 has it, with what the kit looks at."""
    sent = json.loads(asked.body)
    visits = [one["resource"]["id"] for one in sent.get("parameter", ()) if one.get("name") == "encounter"]
    return {
        "resourceType": "AuditEvent",
        "outcome": "0" if reply.status == 200 else "4",
        "agent": [{"requestor": False, "name": "the server"}, {"requestor": True, "who": {"display": "kit"}}],
        "entity": [{"what": {"reference": f"https://coder.example/fhir/Encounter/{one}/_history/1"}} for one in visits],
    }


def only_what_was_done(event: Event) -> Event | None:
    return event if event["outcome"] == "0" else None


def always_done(event: Event) -> Event:
    return event | {"outcome": "0"}


def never_done(event: Event) -> Event:
    return event | {"outcome": "8"}


def by_nobody(event: Event) -> Event:
    return event | {"agent": event["agent"][:1]}


def about_nothing(event: Event) -> Event:
    return event | {"entity": []}


WHOLE = Broken("keeps a good audit", (), Audit())
CLOSED = Broken("gives its audit to others alone", (), Audit(status=403))
AUDIT = (
    Broken("keeps no audit", ("RES-030", "SEC-041"), Audit(lambda event: None)),
    Broken("writes down no refusals", ("SEC-041",), Audit(only_what_was_done)),
    Broken("writes down refusals as done", ("SEC-041",), Audit(always_done)),
    Broken("writes down everything as failed", ("RES-030", "SEC-041"), Audit(never_done)),
    Broken("does not write down who called", ("RES-030", "SEC-041"), Audit(by_nobody)),
    Broken("does not write down which encounter", ("RES-030", "SEC-041"), Audit(about_nothing)),
    Broken("falls over a search of its audit", ("RES-030", "SEC-041"), Audit(status=500)),
)
