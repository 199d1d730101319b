"""EHRs that offer less than everything, shaped as their vendors publish them: what is not listed is not asked for, and the receipt says so."""

from __future__ import annotations

from conformance.bench import DONE, HELD, NOT_OFFERED, Bench, Json, Line, lines_of, result_of
from conformance.check import check
from conformance.target import Target, expect_success
from conformance.verdict import expect

VENDORS = ("epic", "oracle", "athena")
FOR_EVERYBODY = frozenset({"capabilities", "discovery", "token"})


@check
def only_what_is_listed(target: Target) -> None:
    """Nothing is asked of an EHR that its CapabilityStatement does not list."""
    for profile in ("single", *VENDORS):
        told = _coded(target, profile)[0].look()
        beyond = {f"{one['interaction']} {one['type']}" for one in told["seen"] if not _is_listed(one, told["offers"])}
        expect(not beyond, f"no interaction that the metadata of {profile} does not list", ", ".join(sorted(beyond)))
        conditions = {one["type"] for one in told["seen"] if one["has_condition"]}
        expect(not conditions, f"no If-None-Exist at {profile}", ", ".join(sorted(conditions)))


@check
def not_offered_is_told(target: Target) -> None:
    """What an EHR does not offer to take stands in the receipt as such, and the answer holds the proposal all the same."""
    for profile, kinds in (
        ("epic", {"Claim", "Task", "Provenance"}),
        ("oracle", {"Claim", "Task"}),
        ("athena", {"Condition", "Claim", "Task"}),
    ):
        _, lines = _coded(target, profile)
        wrong = [f"{one.kind} {one.response.get('status')}" for one in lines if one.kind in kinds and one.status not in NOT_OFFERED]
        expect(not wrong, f"501 for what {profile} does not offer", ", ".join(wrong))


@check
def epic(target: Target) -> None:
    """Conditions at an EHR without updates, which loses their identifiers, wait for a person or are written once."""
    bench, lines = _coded(target, "epic")
    conditions = [one for one in lines if one.kind == "Condition"]
    wrong = [one.response.get("status") for one in conditions if one.status not in DONE | HELD]
    expect(conditions and not wrong, "each Condition written, or held until a person signs it off", wrong)
    first = bench.held()
    again = [one for one in lines_of(bench.code()) if one.kind == "Condition"]
    expect(bench.held() == first, f"the {len(first)} Conditions as they were", f"{len(bench.held())} after coding again")
    expect(not [one for one in again if one.status == "201"], "nothing created by coding again", "201")
    expect(
        len(again) == len(conditions), "the same Conditions proposed again: they are no clinician's", f"{len(again)} of {len(conditions)}"
    )


@check
def oracle(target: Target) -> None:
    """A rule of the EHR that the metadata does not tell is told in its own words, and no line is passed over."""
    bench, lines = _coded(target, "oracle")
    for one in lines:
        if one.kind != "Condition" or one.status in DONE | HELD:
            continue
        said = " ".join(issue.get("diagnostics", "") for issue in one.issues)
        expect(one.status == "422" and "userSelected" in said, "422 with the EHR's own words", one.response)
    written = [one for one in lines if one.status in DONE]
    expect(len(bench.held()) == len(written), f"the {len(written)} resources that the receipt calls written", f"{len(bench.held())}")


@check
def athena(target: Target) -> None:
    """An EHR that takes nothing is asked to take nothing, and the proposal is in the answer."""
    bench = Bench(target, "athena")
    parameters = expect_success(bench.code())
    bench.expect_untouched()
    expect(any(one["resourceType"] == "Condition" for one in result_of(parameters)), "the proposed Conditions in result", "none")


def _is_listed(request: Json, offers: Json) -> bool:
    return request["interaction"] in FOR_EVERYBODY or request["interaction"] in offers.get(request["type"], ())


def _coded(target: Target, profile: str) -> tuple[Bench, list[Line]]:
    bench = Bench(target, profile)
    return bench, lines_of(bench.code())
