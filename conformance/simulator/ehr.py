"""One simulated EHR: a profile over a store, faults that were ordered, and the memory of what it was asked."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from conformance.simulator.effects import Order
from conformance.simulator.exchange import Reply, Request, Resource
from conformance.simulator.exports import Exports
from conformance.simulator.faults import Fault, read_fault, spoiled
from conformance.simulator.manner import Manner, read_manner
from conformance.simulator.profile import Profile
from conformance.simulator.tokens import Tokens
from conformance.simulator.visits import copy_of_visit
from fhir_coder.sandbox.app import create_sandbox_app
from fhir_coder.sandbox.resource_store import ResourceStore

PROPOSED = ("Condition", "Claim", "Task", "Provenance")
"""The types that a proposal is made of."""
_ALL = 100_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One exchange: never its body, the values of its query, or its token. ``status`` 0: the connection was closed. ``at_s`` are
    seconds of a clock that never goes back."""

    method: str
    path: str
    interaction: str
    type: str
    parameters: tuple[str, ...]
    has_condition: bool
    has_version: bool
    status: int
    at_s: float


class SimulatedEhr:
    """``folder`` is its own; ``records`` are what it holds in the beginning; ``slow_s`` is how late a slow answer comes unless a fault says so."""

    def __init__(self, profile: Profile, records: Sequence[Resource], folder: Path, slow_s: float) -> None:
        self.profile = profile
        self.path = f"/{profile.id}/fhir"
        self._records = list(records)
        self._slow_s = slow_s
        self._file, self._beginning = folder / f"{profile.id}.sqlite", folder / f"{profile.id}-beginning.sqlite"
        self._store = ResourceStore(self._file, is_lasting=False)
        self._store.update_all([(one, None) for one in records])
        shutil.copyfile(self._file, self._beginning)
        self._application = create_sandbox_app(self._store, self.path)
        self._lock = threading.RLock()
        self.tokens = Tokens()
        self._exports = Exports(profile.types, self._all)
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.manner = Manner()
        self._own: set[str] = set()
        self.reset()

    def reset(self) -> None:
        """Back to the beginning: no faults, no manner, nothing written, nothing seen. Tokens stay good."""
        with self._lock:
            shutil.copyfile(self._beginning, self._file)
            self.faults, self.seen, self.manner = [], [], Manner()
            self._exports.reset()
            self._own = {_address(one) for kind in PROPOSED for one in self._all(kind)}

    def order(self, faults: Sequence[object]) -> None:
        """These faults from now on, and no others. Raises NotAFault."""
        with self._lock:
            self.faults = [read_fault(one, self._slow_s, len(self.tokens)) for one in faults]

    def behave(self, manner: object) -> None:
        """Give what it holds in this manner from now on. Raises NotAManner."""
        self.manner = read_manner(manner)

    def add_visit(self, encounter_id: str = "") -> list[Resource]:
        """A new visit like the one named, or like the first; its resources. Raises NoSuchVisit."""
        return self.put(copy_of_visit(self._records, encounter_id))

    def put(self, resources: Sequence[Resource]) -> list[Resource]:
        """Write resources as somebody at the EHR would: those that are new do not count as written by the server that is tried."""
        kept = self._store.update_all([(one, None) for one in resources])
        with self._lock:
            self._own |= {_address(one.resource) for one in kept if one.is_new}
        return [one.resource for one in kept]

    def held(self) -> list[Resource]:
        """What the server that is tried has made of the types of a proposal, as it stands now."""
        with self._lock:
            return [one for kind in PROPOSED for one in self._all(kind) if _address(one) not in self._own]

    def answer(self, request: Request) -> Reply:
        """One request, spoiled as the faults say."""
        numbered = replace(request, token_number=self.tokens.number(request.headers.get("authorization", "")))
        with self._lock:
            struck = [one for one in self.faults if one.meets(numbered)]
        reply = spoiled(numbered, struck, self._act)
        self._remember(numbered, reply)
        return reply

    def _act(self, request: Request) -> Reply:
        """What an EHR of this profile does that does not fail."""
        if request.interaction == "discovery":
            return self.tokens.discovery(request)
        if request.interaction == "token":
            return self.tokens.give(request)
        if request.interaction == "capabilities":
            return Reply.of(200, self.profile.statement(request.base))
        if request.kind and request.kind not in self.profile.types:
            return Reply.refusal(404, "not-supported", f"no resource type {request.kind}")
        if not self.profile.allows(request.interaction, request.kind):
            return Reply.refusal(405, "not-supported", f"{request.interaction} is not offered for {request.kind or 'the server'}")
        if request.interaction.startswith("export"):
            return self._exports.answer(request)
        if request.interaction in {"create", "update"} and (objections := self._objections(request)):
            return Reply.refusal(422, "business-rule", " ".join(objections))
        return self._stored(request)

    def _objections(self, request: Request) -> list[str]:
        try:
            sent = json.loads(request.body)
        except ValueError:
            return []  # the store says what is wrong with it
        return list(self.profile.objections(sent)) if isinstance(sent, dict) and sent.get("resourceType") == request.kind else []

    def _stored(self, request: Request) -> Reply:
        if lost := self.profile.loses.get(request.kind):
            return spoiled(request, [Fault(Order("loses", elements=lost))], self._open)
        return self._open(request)

    def _open(self, request: Request) -> Reply:
        """The built-in EHR's own answer; a condition is honoured where conditional create is listed."""
        mannered = self.manner.on(request)
        passed = mannered if self.profile.conditionalCreate else mannered.without("if-none-exist")
        headers = {name: value for name, value in passed.headers.items() if name not in {"host", "content-length", "transfer-encoding"}}
        got = self._application.test_client(use_cookies=False).open(
            f"{self.path}/{passed.path}".rstrip("/"),
            method=passed.method,
            base_url=passed.origin,
            query_string=passed.query,
            headers=headers,
            data=passed.body,
        )
        return Reply(got.status_code, dict(got.headers), got.get_data())

    def _remember(self, request: Request, reply: Reply) -> None:
        names = tuple(dict.fromkeys(name for name, _ in parse_qsl(request.query, keep_blank_values=True)))
        conditions = "if-none-exist" in request.headers, "if-match" in request.headers
        seen = Seen(request.method, request.path, request.interaction, request.kind, names, *conditions, reply.status, time.monotonic())
        with self._lock:
            self.seen.append(seen)

    def _all(self, kind: str) -> tuple[Resource, ...]:
        return self._store.search(kind, (), 0, _ALL).resources

    def told(self, origin: str) -> dict[str, Any]:
        """What ``/_control`` says of it."""
        with self._lock:
            return {
                "base": f"{origin}{self.path}",
                "title": self.profile.title,
                "offers": {"": ["transaction"] if self.profile.transaction else [], **self.profile.types},
                "faults": [one.told() for one in self.faults],
                "manner": self.manner.told(),
                "seen": [asdict(one) for one in self.seen],
                "held": self.held(),
            }


def _address(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"
