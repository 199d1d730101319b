"""An entry as an AuditEvent: read by the strict reader, coded by the table, and without a trace of what was not told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.audit.event_codes import OUR_WORDS, event_codes
from fhir_coder.audit.fhir_event import Observer, audit_event, instant
from fhir_coder.fhir.reader import read_json

MOMENT = datetime(2026, 5, 4, 12, 30, 15, 123456, tzinfo=UTC)
PERSON = Agent(AgentKind.PERSON, "Practitioner/9", "https://auth.example", "review-page")
CLIENT = Agent(AgentKind.CLIENT, "engine", "https://auth.example")


def event_of(agent: Agent = CLIENT, event: str = "code-encounter", **members: Any) -> dict[str, Any]:
    entry = AuditEntry("north", event, Action.EXECUTE, Success.DONE, agent, **members)
    made = audit_event(entry, Observer("https://coder.example"), "e-1", MOMENT)
    assert read_json(json.dumps(made).encode()) == made
    return made


def test_all_that_is_known_has_its_place() -> None:
    made = event_of(
        PERSON,
        patient="Patient/7",
        entities=("Encounter/1", "Patient/7", "Condition/2", "Encounter/1"),
        request_id="r-1",
        address="192.0.2.7",
        purpose="HPAYMT",
        detail={"coding": "c0ffee", "empty": ""},
    )
    assert made["recorded"] == "2026-05-04T12:30:15.123Z"
    assert (made["action"], made["outcome"], made["source"]["site"]) == ("E", "0", "north")
    assert made["source"]["observer"]["identifier"]["value"] == "fhir-coder"
    assert [(one["requestor"], one["type"]["coding"][0]["code"]) for one in made["agent"]] == [
        (True, "IRCP"),
        (False, "110153"),
        (False, "110152"),
    ]
    assert made["agent"][0]["who"]["identifier"] == {"system": "https://auth.example", "value": "Practitioner/9"}
    assert made["agent"][1]["who"]["identifier"] == {"value": "review-page"}
    assert made["agent"][1]["network"] == {"address": "192.0.2.7", "type": "2"}
    roles = [(one.get("what", {}).get("reference"), one.get("role", {}).get("code")) for one in made["entity"]]
    assert roles == [("Patient/7", "1"), ("Encounter/1", "4"), ("Condition/2", "4"), (None, None), (None, "20")]
    assert made["entity"][3]["what"]["identifier"]["value"] == "r-1" and made["entity"][3]["type"]["code"] == "XrequestId"
    assert made["entity"][4]["detail"] == [{"type": "coding", "valueString": "c0ffee"}]
    assert made["purposeOfEvent"][0]["coding"][0]["code"] == "HPAYMT"


def test_what_is_not_known_leaves_no_trace() -> None:
    made = event_of(Agent(AgentKind.NOBODY))
    assert "entity" not in made and "purposeOfEvent" not in made
    assert made["agent"][0] == {"type": made["agent"][0]["type"], "who": {"display": "not told"}, "requestor": True}


@pytest.mark.parametrize("kind", AgentKind, ids=lambda kind: kind.value)
def test_whoever_acted_exactly_one_asked(kind: AgentKind) -> None:
    made = event_of(Agent(kind, "someone"), address="::1")
    assert [one["requestor"] for one in made["agent"]].count(True) == 1


@pytest.mark.parametrize("success", Success, ids=lambda success: success.name)
@pytest.mark.parametrize("word", [*event_codes(), "a-word-of-tomorrow"])
def test_every_word_makes_a_valid_event_that_names_it(word: str, success: Success) -> None:
    entry = AuditEntry("north", word, Action.READ, success, CLIENT)
    made = audit_event(entry, Observer(), "e-1", MOMENT)
    assert read_json(json.dumps(made).encode()) == made
    assert made["subtype"][-1] == {"system": OUR_WORDS, "code": word}
    assert made["outcome"] == success.value


@pytest.mark.parametrize(
    "text",
    ["a\x00b\r\nc\td", "a\x9b2Jb", "half \ud83d of one", " padded ", "x" * 5000, "\u2028line", ""],
    ids=["controls", "controls of 8 bits", "half a character", "padded", "long", "line", "empty"],
)
def test_what_comes_from_outside_stays_one_line_of_bounded_length(text: str) -> None:
    made = event_of(Agent(AgentKind.CLIENT, text, text), address=text, request_id=text, detail={"written": text})
    written = json.dumps(made, ensure_ascii=False)
    assert written.encode()
    assert len(written) < 8000 and not any(
        ord(one) < 32 or one in "\u2028\x9b" for one in json.loads(written)["agent"][0]["who"].get("identifier", {}).get("value", "")
    )


def test_an_instant_is_in_utc_whatever_the_clock_says() -> None:
    assert instant(datetime(2026, 5, 4, 0, tzinfo=timezone(timedelta(hours=2)))) == "2026-05-03T22:00:00.000Z"


def test_every_line_of_the_table_is_whole() -> None:
    for word, code in event_codes().items():
        assert code.meaning and code.type["code"] and code.type["display"], word
        assert all(set(one) == {"system", "code", "display"} and all(one.values()) for one in code.subtypes), word
