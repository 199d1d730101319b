"""Whatever happens in whatever order, nothing is doubled, nothing of a person's is changed, and the next coding sets things right."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_coder.writeback.names import name_of
from tests.simulated_ehr import Fault, Habits, SimulatedEhr, full_statement
from tests.writeback.practice import CHANGED_NOTE, NOTE, Practice, code_of, verification

CODES = ("I10", "E11.9", "J44.9")
CONFIRMED = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed"}]}

offers = st.fixed_dictionaries({"transaction": st.booleans(), "conditional": st.booleans()})
habits = st.fixed_dictionaries(
    {name: st.booleans() for name in ("ignores_parameters", "answers_minimally", "appends_dot", "drops_tags", "loses_identifier")}
)
faults = st.builds(
    Fault,
    on=st.sampled_from(["POST", "PUT", "GET", "POST Condition", "POST Claim", "GET Condition", ""]),
    status=st.sampled_from([0, -1, 412, 422, 429, 500, 502, 503, 504]),
    acts=st.booleans(),
    after=st.integers(0, 12),
    times=st.sampled_from([1, 2, 5, -1]),
)
code_sets = st.lists(st.sampled_from(CODES), unique=True, max_size=3)
events = st.one_of(
    st.tuples(st.just("code"), code_sets, st.sampled_from([NOTE, CHANGED_NOTE]), st.none() | faults),
    st.tuples(st.just("confirm"), st.sampled_from(CODES)),
)


def confirm(ehr: SimulatedEhr, code: str, confirmed: dict[str, Any]) -> None:
    """A person confirms the Condition of a code, if it stands."""
    for one in ehr.held("Condition"):
        if code_of(one).rstrip(".") == code and verification(one) == "unconfirmed":
            address = f"Condition/{one['id']}"
            confirmed[address] = ehr.change(address, verificationStatus=CONFIRMED)


@settings(max_examples=60, deadline=None)
@given(offer=offers, habit=habits, history=st.lists(events, max_size=6), last=code_sets)
def test_nothing_is_doubled_and_nobody_overruled(
    offer: dict[str, bool], habit: dict[str, bool], history: list[Any], last: list[str]
) -> None:
    is_forgetful = habit["loses_identifier"]
    ehr = SimulatedEhr(full_statement(**offer), Habits(**habit))
    practice = Practice(ehr)
    confirmed: dict[str, Any] = {}
    for event, *details in history:
        if event == "confirm":
            confirm(ehr, details[0], confirmed)
            continue
        codes, note, fault = details
        # Without our identifier a resource is known by the address in a receipt only; a fault that eats the receipt leaves nothing.
        ehr.faults = [fault] if fault and not is_forgetful else []
        coding = practice.code(*codes, note=note)
        assert len(coding.receipt["entry"]) >= len(coding.bundle["entry"])
    ehr.faults = []
    practice.client = ehr.client()
    practice.code(*last)
    written = list(ehr.writes)
    practice.code(*last)

    assert ehr.writes == written, "a coding that changes nothing writes nothing"
    assert all(ehr.versions(address)[-1] == one for address, one in confirmed.items())
    assert max(Counter(code_of(one) for one in ehr.held("Condition")).values(), default=1) == 1
    assert len(ehr.held("Claim")) <= 1 and len(ehr.held("Task")) <= 1
    if not habit["drops_tags"]:
        assert max(Counter(map(name_of, ehr.held("Provenance"))).values(), default=1) == 1
    proposed = {code_of(one).rstrip(".") for one in ehr.held("Condition") if verification(one) == "unconfirmed"}
    kept = {code_of(one).rstrip(".") for one in confirmed.values()}
    # Without tags a retirement is known by its receipt only, and a fault may eat that: the code then stays retired rather than overrule anybody.
    if not (habit["drops_tags"] and any(event == "code" and details[2] for event, *details in history)):
        assert proposed | kept >= set(last)
    assert proposed <= set(last)
