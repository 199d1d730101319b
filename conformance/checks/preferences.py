"""The Prefer header (RFC 7240; http://hl7.org/fhir/R4/search.html#errors for ``handling``)."""

from __future__ import annotations

from conformance.check import check
from conformance.deferred import take_back
from conformance.outcomes import expect_outcome
from conformance.target import Target, expect_success
from conformance.verdict import expect
from conformance.visit import inline

UNKNOWN = {"name": "noSuchParameter", "valueBoolean": True}


@check
def lenient_ignores(target: Target) -> None:
    """By default a parameter of an unknown name is ignored, and the answer says so."""
    found = expect_success(target.code(inline(UNKNOWN)))
    _expect_told(found)


@check
def lenient_when_asked(target: Target) -> None:
    """So it is when lenient handling is asked for."""
    answer = target.code(inline(UNKNOWN), headers={"Prefer": "handling=lenient"})
    _expect_told(expect_success(answer))
    _expect_applied(answer.headers.get("preference-applied", ""), "handling=lenient")


@check
def strict_refuses(target: Target) -> None:
    """Strict handling refuses it with 400."""
    answer = target.code(inline(UNKNOWN), headers={"Prefer": "handling=strict"})
    expect_outcome(answer, 400, "invalid", "not-supported", "structure")


@check
def strict_takes_what_is_known(target: Target) -> None:
    """Strict handling refuses nothing else, and the answer names the preference that was applied."""
    answer = target.code(inline(), headers={"Prefer": "handling=strict"})
    expect_success(answer)
    _expect_applied(answer.headers.get("preference-applied", ""), "handling=strict")


@check
def several_preferences(target: Target) -> None:
    """Several preferences may stand in one header, with blanks and parameters."""
    answer = target.code(inline(UNKNOWN), headers={"Prefer": "return=representation;foo=bar , handling=strict"})
    expect_outcome(answer, 400, "invalid", "not-supported", "structure")


@check
def unknown_preferences_are_ignored(target: Target) -> None:
    """A preference that nobody knows changes nothing."""
    answer = target.code(inline(), headers={"Prefer": "no-such-preference, handling=perhaps"})
    expect_success(answer)
    applied = answer.headers.get("preference-applied", "")
    expect("no-such" not in applied and "perhaps" not in applied, "no Preference-Applied for what was not", applied)


@check
def asynchronous_is_advisory(target: Target) -> None:
    """Where it is done asynchronously, 202 has an absolute Content-Location; else the answer comes at once."""
    answer = target.code(inline(), headers={"Prefer": "respond-async"})
    if answer.status == 202:
        place = answer.headers.get("content-location", "")
        expect("://" in place, "an absolute Content-Location", place or "none")
        take_back(target, place)
        return
    expect_success(answer)
    expect("respond-async" not in answer.headers.get("preference-applied", ""), "no claim to have applied it", answer.headers)


def _expect_told(found: dict[str, object]) -> None:
    given = [one for one in found["parameter"] if one.get("name") == "issues"]  # type: ignore[attr-defined]
    expect(given, "the out parameter issues", "none")
    issues = given[0]["resource"]["issue"]
    said = [
        one for one in issues if one["severity"] in {"warning", "information"} and "noSuchParameter" not in str(one.get("expression", ""))
    ]
    named = [one for one in said if any("parameter" in path for path in one.get("expression", ())) or one["code"] == "not-supported"]
    expect(named, "a warning or information in issues about the parameter that was ignored", [one["code"] for one in issues])


def _expect_applied(header: str, preference: str) -> None:
    applied = {one.strip().replace('"', "") for one in header.split(",")}
    expect(preference in applied, f"Preference-Applied: {preference}", header or "none")
