"""The report that a patient can ask for: who, when, what, why. Made of audit events, one line for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any

from fhir_coder.audit.entry import Success
from fhir_coder.audit.event_codes import event_codes
from fhir_coder.audit.verification import columns_of

_OUTCOMES = {one.value: one.name.lower() for one in Success}


@dataclass(frozen=True, slots=True)
class Access:
    """One event in words. ``who`` asked and by which ``program``; ``objects`` are references beside the patient's."""

    when: str
    patient: str
    who: str
    program: str
    what: str
    meaning: str
    outcome: str
    why: str
    objects: str
    request: str
    address: str

    def row(self) -> tuple[str, ...]:
        """In the order of :func:`columns`."""
        return astuple(self)


def columns() -> tuple[str, ...]:
    """Names of the parts of an access."""
    return tuple(one.name for one in fields(Access))


def access_of(event: Mapping[str, Any]) -> Access:
    """What an event tells."""
    told, agents = columns_of(event), event.get("agent", [])
    asking: Mapping[str, Any] = next((one for one in agents if one.get("requestor")), {})
    program: Mapping[str, Any] = next((one for one in agents if one is not asking and _code(one) == "110153"), {})
    code = event_codes().get(told["event"])
    return Access(
        told["recorded"],
        told["patient"],
        _name(asking),
        _name(program),
        told["event"],
        code.meaning if code else "",
        _OUTCOMES.get(event.get("outcome", ""), ""),
        " ".join((*_purposes(event), *_reasons(event))),
        " ".join(_objects(event, told["patient"])),
        next((one["what"]["identifier"]["value"] for one in event.get("entity", ()) if one["type"]["code"] == "XrequestId"), ""),
        next((one["network"]["address"] for one in (asking, program) if "network" in one), ""),
    )


def page(accesses: tuple[Access, ...]) -> str:
    """The report as text for people."""
    return "\n".join("\n".join(_paragraph(one)) for one in accesses)


def _paragraph(one: Access) -> Iterator[str]:
    by = f"{one.who} by {one.program}" if one.program else one.who
    yield f"{one.when}  {one.what}  {one.outcome}  {by}"
    yield f"    {one.patient}  {one.meaning}"
    for name in ("why", "objects", "address", "request"):
        if value := getattr(one, name):
            yield f"    {name}: {value}"


def _name(agent: Mapping[str, Any]) -> str:
    who = agent.get("who", {})
    name = who.get("identifier", {}).get("value", "")
    return name or who.get("display", "")


def _code(agent: Mapping[str, Any]) -> str:
    return str(agent.get("type", {}).get("coding", [{}])[0].get("code", ""))


def _purposes(event: Mapping[str, Any]) -> Iterator[str]:
    for concept in event.get("purposeOfEvent", ()):
        yield from (coding["code"] for coding in concept.get("coding", ()))


def _reasons(event: Mapping[str, Any]) -> Iterator[str]:
    """The reason that an operator or a person gave."""
    for entity in event.get("entity", ()):
        yield from (one["valueString"] for one in entity.get("detail", ()) if one["type"] == "reason")


def _objects(event: Mapping[str, Any], patient: str) -> Iterator[str]:
    references = (one.get("what", {}).get("reference", "") for one in event.get("entity", ()))
    return (one for one in references if one and one != patient)
