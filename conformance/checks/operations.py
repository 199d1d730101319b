"""The operations framework: where the operation is, by which method, and what its answer is."""

from __future__ import annotations

from conformance.check import check
from conformance.exchange import FHIR_JSON
from conformance.outcomes import expect_outcome
from conformance.target import NO_ANSWER, OPERATION, Target, expect_success
from conformance.verdict import Omitted, expect
from conformance.visit import VISIT_ID, encounter, inline, note, parameters, patient

AT_TYPE, ON_AN_INSTANCE = f"Encounter/${OPERATION}", f"Encounter/{VISIT_ID}/${OPERATION}"


@check
def type_level(target: Target) -> None:
    """POST on the type codes the visit that is sent along."""
    expect_success(target.code(inline()))


@check
def instance_level(target: Target) -> None:
    """POST on an instance codes the visit of that id."""
    expect_success(target.code(inline(), VISIT_ID))


@check
def escaped_dollar(target: Target) -> None:
    """``%24`` is the same address as ``$`` (RFC 3986 section 2.3 and 6.2.2.2 leave both to be sent by clients)."""
    answer = target.post(f"Encounter/%24{OPERATION}", inline())
    expect(answer.status == 200, "200 for an address with %24", answer)


@check
def get_is_refused(target: Target) -> None:
    """What changes state is not done by GET: 405."""
    expect_outcome(target.get(AT_TYPE), 405, "not-supported")


@check
def get_on_an_instance_is_refused(target: Target) -> None:
    """Nor on an instance."""
    expect_outcome(target.get(ON_AN_INSTANCE), 405, "not-supported")


@check
def refusals_of_get_allow_post(target: Target) -> None:
    """Who is refused with 405 is told in Allow what would do: POST."""
    for path in (AT_TYPE, ON_AN_INSTANCE):
        answer = target.get(path)
        expect(answer.status == 405, "405", answer)
        allowed = {one.strip() for one in answer.headers.get("allow", "").split(",")}
        expect("POST" in allowed and "GET" not in allowed, "Allow: POST", f"Allow: {answer.headers.get('allow', 'none')}")


@check
def put_and_delete_are_refused(target: Target) -> None:
    """Nor by PUT, PATCH or DELETE."""
    for method in ("PUT", "PATCH", "DELETE"):
        answer = target.send(method, f"Encounter/${OPERATION}", body=inline())
        expect(answer.status in {404, 405}, f"405 (or 404) for {method}", answer)
        expect_outcome(answer, answer.status, "not-supported")


@check
def empty_instance_body(target: Target) -> None:
    """Without parameters a call on an instance may have no body: it is not refused for that."""
    answer = target.post(f"Encounter/no-such-visit/${OPERATION}", headers={"Content-Type": None})
    expect(answer.status not in {400, 411, 415, *NO_ANSWER}, "an answer about the encounter, not about the body", answer)


@check
def empty_parameters_on_an_instance(target: Target) -> None:
    """Nor is a Parameters resource without any parameter."""
    answer = target.post(f"Encounter/no-such-visit/${OPERATION}", {"resourceType": "Parameters"})
    expect(answer.status not in {400, *NO_ANSWER}, "an answer about the encounter, not about the parameters", answer)


@check
def answer_is_parameters(target: Target) -> None:
    """With several out parameters the answer is a Parameters resource as FHIR JSON."""
    answer = target.code(inline())
    expect_success(answer)
    expect(answer.media_type == FHIR_JSON, FHIR_JSON, answer)


@check
def one_content_each(target: Target) -> None:
    """Each out parameter has one of a value, a resource and parts (invariant inv-1)."""
    for one in _every(expect_success(target.code(inline()))["parameter"]):
        content = [name for name in one if name.startswith("value") or name in {"resource", "part"}]
        expect(len(content) == 1, f"one of value[x], resource and part in {one.get('name')}", content)


@check
def unknown_operation(target: Target) -> None:
    """An operation that the server does not have is 404 with an OperationOutcome."""
    expect_outcome(target.post("Encounter/$no-such-operation", parameters()), 404, "not-supported", "not-found")


@check
def unknown_type(target: Target) -> None:
    """The operation on a type that it is not defined for is 404 with an OperationOutcome."""
    expect_outcome(target.post(f"NoSuchType/${OPERATION}", parameters()), 404, "not-supported", "not-found")


@check
def not_at_system_level(target: Target) -> None:
    """It is no operation of the whole system, as its definition says."""
    if target.definition.get("system") is True:
        raise Omitted("the definition puts it at system level too")
    expect_outcome(target.post(f"${OPERATION}", inline()), 404, "not-supported", "not-found")


@check
def no_state_between_calls(target: Target) -> None:
    """Two visits sent one after the other are coded apart: the second holds nothing of the first."""
    expect_success(target.code(inline()))
    other = parameters(
        {"name": "encounter", "resource": encounter(id="conformance-other")},
        {"name": "patient", "resource": patient()},
        {"name": "note", "resource": note("Assessment: Plantar wart, left foot. Cryotherapy.\n", id="other-note", context=None)},
    )
    answer = target.code(other)
    expect_success(answer)
    expect(b"bronchitis" not in answer.body.lower(), "nothing of the visit before", "words of the visit before")


def _every(given: list[dict[str, object]]) -> list[dict[str, object]]:
    inner = [part for one in given for part in one.get("part", ())]  # type: ignore[attr-defined]
    return [*given, *(_every(inner) if inner else ())]
