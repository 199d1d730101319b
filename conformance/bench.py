"""A bench to try a server on: one EHR of the simulator, a visit in it that nobody coded before, and the server coding that visit.

The simulator is reached at its control address alone, so that it may run anywhere (see ``conformance/simulator/control.py``).
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from conformance.exchange import Answer, Resource
from conformance.target import Target, expect_success
from conformance.verdict import Skipped, expect

PLAIN, SINGLE = "plain", "single"
"""Profiles that take everything: with transactions and conditional creates, and without."""
WRITES = frozenset({"create", "update", "transaction", "delete"})
DONE, HELD, NOT_OFFERED = frozenset({"200", "201"}), frozenset({"202", "204"}), frozenset({"501"})
"""Statuses of a receipt: it stands at the EHR; it waits, or nobody needs it; the EHR does not offer it."""
CONTROL_S = 30.0
Json = dict[str, Any]


def fault(does: str, *interactions: str, type: str = "", **more: Any) -> Json:
    """A fault to order: its effect, the interactions that it meets (all where none is named) and the resource type (any where empty)."""
    return {"does": does, "interactions": list(interactions), "type": type, **more}


@dataclass(frozen=True, slots=True)
class Line:
    """A resource that was proposed and what the receipt says of it."""

    resource: Resource
    response: Resource

    @property
    def kind(self) -> str:
        """Its type."""
        return str(self.resource["resourceType"])

    @property
    def status(self) -> str:
        """The three digits."""
        return str(self.response.get("status", ""))[:3]

    @property
    def issues(self) -> list[Resource]:
        """What the receipt remarks."""
        return list(self.response.get("outcome", {}).get("issue", ()))


class Bench:
    """``profile`` names the EHR; the server knows it by the id ``ehr``."""

    def __init__(self, target: Target, profile: str = PLAIN, account: str = "") -> None:
        """The EHR is empty again, and has a new visit. ``account``: the server reaches it under an id of its own. Raises Skipped without a simulator."""
        control = target.require_simulator()
        if not target.ehr:
            raise Skipped("give --ehr: the id under which the server knows the simulator")
        suffix = account or (profile if profile != PLAIN else "")
        self.target, self.profile = target, profile
        self.ehr = f"{target.ehr}-{suffix}" if suffix else target.ehr
        self._all, self._control = control, f"{control}/{profile}"
        self._ask("DELETE", self._all)
        self.visit: list[Resource] = self._ask("POST", f"{self._control}/visits", {})

    # ------------------------------------------------------------------------------------------------------- the simulator

    def order(self, *faults: Json) -> None:
        """These faults from now on, and no others."""
        self._ask("PUT", f"{self._control}/faults", list(faults))

    def recover(self) -> None:
        """The EHR does not fail any more."""
        self.order()

    def put(self, resource: Resource) -> None:
        """Somebody at the EHR writes a resource."""
        self._ask("PUT", f"{self._control}/resources", resource)

    def look(self) -> Json:
        """What the EHR was asked (``seen``), what the server made there (``held``), and how often each of the ``faults`` struck."""
        return dict(self._ask("GET", self._control))

    def held(self, kind: str = "") -> list[Resource]:
        """What the server made, of one type or all."""
        return [one for one in self.look()["held"] if kind in ("", one["resourceType"])]

    def writes(self) -> list[Json]:
        """The requests that would change something, with what became of them."""
        return [one for one in self.look()["seen"] if one["interaction"] in WRITES]

    def outside(self) -> list[str]:
        """Requests to the simulator's address that went to none of its EHRs."""
        return list(self._ask("GET", self._all)["outside"])

    def _ask(self, method: str, url: str, body: object = None) -> Any:
        answer = requests.request(method, url, json=body, timeout=CONTROL_S)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    # ----------------------------------------------------------------------------------------------------------- the visit

    def of_visit(self, kind: str) -> list[Resource]:
        """The visit's own resources of a type."""
        return [one for one in self.visit if one["resourceType"] == kind]

    @property
    def encounter_id(self) -> str:
        """Id of its encounter."""
        return str(self.of_visit("Encounter")[0]["id"])

    def rewrite_note(self, text: str) -> None:
        """Somebody replaces the text of the first note."""
        note = self.of_visit("DocumentReference")[0]
        attachment = {"contentType": "text/plain; charset=utf-8", "data": base64.b64encode(text.encode()).decode()}
        self.put({**note, "content": [{"attachment": attachment}]})

    def code(self, writes: bool = True, target: Target | None = None, **more: Json) -> Answer:
        """The operation on the visit. Raises Skipped where the server does not know this EHR."""
        parameters = [{"name": "ehr", "valueString": self.ehr}, {"name": "writeBack", "valueBoolean": writes}]
        parameters += [{"name": name, **value} for name, value in more.items()]
        answer = (target or self.target).code({"resourceType": "Parameters", "parameter": parameters}, self.encounter_id)
        if not answer.is_success and not self.look()["seen"]:
            raise Skipped(f"the server asks nothing of the simulator's {self.profile}: make it known there as the EHR {self.ehr}")
        return answer

    # ---------------------------------------------------------------------------------------------------------- judgements

    def require_struck(self) -> None:
        """Raises Skipped where no request came that an ordered fault would have met: the server gets on without it."""
        if idle := [one["does"] for one in self.look()["faults"] if not one["met"]]:
            raise Skipped(f"the server makes no request that would fail ({', '.join(idle)})")

    def require_struck_any(self) -> None:
        """Raises Skipped where no ordered fault met any request."""
        if not any(one["met"] for one in self.look()["faults"]):
            raise Skipped("the server makes no request that would fail")

    def expect_untouched(self) -> None:
        """Nothing was written, or tried to be."""
        writes = self.writes()
        expect(not writes, "no request that writes", ", ".join(f"{one['method']} {one['path']}" for one in writes))

    def expect_complete(self) -> None:
        """Coding now leaves everything that is proposed at the EHR, each once, and nothing else."""
        self.expect_once(lines_of(self.code()))

    def expect_once(self, lines: Sequence[Line]) -> None:
        """Every line is done, and the EHR holds what they name, each once."""
        wrong = [f"{one.kind} {one.response.get('status')}" for one in lines if one.status not in DONE | HELD | NOT_OFFERED]
        expect(not wrong, "every line of the receipt done, now that the EHR works", ", ".join(wrong))
        wanted = Counter(name_of(one.resource) for one in lines if one.status in DONE)
        if not wanted:
            raise Skipped("the server writes nothing to this EHR before a person has reviewed it")
        standing = [one for one in self.held() if not is_withdrawn(one)]
        found = Counter(map(name_of, standing))
        expect(not wanted - found, "each resource that the receipt calls written at the EHR", _told("missing", wanted - found))
        expect(max(found.values()) == 1, "each resource at the EHR once", _told("doubled", (one for one in found if found[one] > 1)))
        # A Provenance tells of the past: those of earlier codings stay.
        left = {name_of(one) for one in standing if one["resourceType"] != "Provenance"} - set(wanted)
        expect(not left, "nothing at the EHR that is proposed no more", _told("left over", left))

    def expect_count_once(self, lines: Sequence[Line]) -> None:
        """As :meth:`expect_once`, where the EHR loses names: by numbers alone."""
        wanted = Counter(one.kind for one in lines if one.status in DONE)
        found = Counter(one["resourceType"] for one in self.held())
        expect(found == wanted, f"as many resources as the receipt calls written: {dict(wanted)}", dict(found))


def result_of(parameters: Resource) -> list[Resource]:
    """What is proposed."""
    return [entry["resource"] for entry in _bundle(parameters, "result")]


def lines_of(answer: Answer) -> list[Line]:
    """Each proposed resource with its line of the receipt, in order."""
    parameters = expect_success(answer)
    result, receipt = result_of(parameters), _bundle(parameters, "receipt")
    expect(len(receipt) >= len(result), f"a receipt with an entry for each of the {len(result)} of the result", f"{len(receipt)} entries")
    return [Line(one, entry.get("response", {})) for one, entry in zip(result, receipt, strict=False)]


def named(owner: Resource, name: str) -> list[Resource]:
    """The parameters, or parts, of one name."""
    members: list[Resource] = owner.get("parameter") or owner.get("part") or []
    return [one for one in members if one.get("name") == name]


def name_of(resource: Resource) -> str:
    """What tells it from others at an EHR: type and business identifier, or tag where it has no identifier (a Provenance)."""
    names = resource.get("identifier") or resource.get("meta", {}).get("tag") or [{}]
    first = names[0] if isinstance(names, list) else names
    return f"{resource['resourceType']} {first.get('value', first.get('code', ''))}"


def is_withdrawn(resource: Resource) -> bool:
    """Whether it stands as an error or cancelled: an earlier coding proposed it, and the Provenance that says so."""
    verification = [one.get("code") for one in resource.get("verificationStatus", {}).get("coding", ())]
    return "entered-in-error" in verification or resource.get("status") in {"cancelled", "entered-in-error"}


def _bundle(parameters: Resource, name: str) -> list[Resource]:
    found = named(parameters, name)
    expect(found and "resource" in found[0], f"a parameter {name} with a Bundle", "none")
    return list(found[0]["resource"].get("entry", ()))


def _told(prefix: str, names: Iterable[str]) -> str:
    return f"{prefix}: {', '.join(sorted(set(names)))}"
