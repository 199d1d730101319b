"""What comes of it when the EHR fails while a proposal is written: the receipt says what happened, nothing is lost, nothing is doubled.

What our server documents is ``docs/writing-back.md``. A failure there is no error of the call: the answer comes, with the receipt.
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.bench import DONE, HELD, NOT_OFFERED, PLAIN, SINGLE, Bench, Json, Line, fault, lines_of
from conformance.check import check
from conformance.target import Target
from conformance.verdict import Skipped, expect

WRITING = ("create", "transaction")
BOTH = (PLAIN, SINGLE)


@check
def fails_before_it_acts(target: Target) -> None:
    """An EHR that answers 500 without having acted gets everything in the end, once."""
    _completes(target, BOTH, fault("status", *WRITING, times=1, status=500))


@check
def fails_after_it_acted(target: Target) -> None:
    """An EHR that acted and answers 500 all the same is not made to act twice."""
    _completes(target, BOTH, fault("status", *WRITING, times=1, status=500, acts=True))


@check
def fails_in_the_middle(target: Target) -> None:
    """An EHR that fails after the first of several writes keeps that one and gets the others."""
    _completes(target, (SINGLE,), fault("status", *WRITING, after=1, times=1, status=500))
    _completes(target, (SINGLE,), fault("drop", *WRITING, after=1))


@check
def hangs_up_before_it_acts(target: Target) -> None:
    """A connection that is lost before the EHR acted loses nothing for good."""
    _completes(target, BOTH, fault("drop", *WRITING, times=1))


@check
def hangs_up_after_it_acted(target: Target) -> None:
    """A connection that is lost after the EHR acted doubles nothing."""
    _completes(target, BOTH, fault("drop", *WRITING, times=1, acts=True))


@check
def answers_too_late(target: Target) -> None:
    """A write whose answer comes too late doubles nothing."""
    _completes(target, BOTH, fault("slow", *WRITING, times=1))


@check
def answers_break_off(target: Target) -> None:
    """Answers to writes that break off double nothing."""
    _completes(target, BOTH, fault("cut", *WRITING))


@check
def unclear_create_is_not_repeated(target: Target) -> None:
    """A plain create without an answer is not sent again in the same call: the EHR may still be at it."""
    bench, lines = _written(target, SINGLE, fault("drop", "create", type="Condition", times=1))
    sent = [one for one in bench.writes() if (one["interaction"], one["type"]) == ("create", "Condition")]
    proposed = [one for one in lines if one.kind == "Condition"]
    expect(len(sent) <= len(proposed), f"at most {len(proposed)} creates of a Condition", f"{len(sent)}")
    _expect_told([one for one in proposed if one.status not in DONE])


@check
def busy_once(target: Target) -> None:
    """A write that the EHR was too busy for (429) is sent again in the same call."""
    for profile in BOTH:
        order = fault("status", *WRITING, times=1, status=429, code="throttled", headers={"Retry-After": "0"})
        bench, lines = _written(target, profile, order)
        bench.expect_once(lines)


@check
def busy_for_good(target: Target) -> None:
    """An EHR that stays busy or away is left alone for the rest of the call, and gets everything in the next."""
    _completes(target, (PLAIN,), fault("status", *WRITING, status=503, headers={"Retry-After": "0"}))
    _completes(target, (SINGLE,), fault("status", *WRITING, status=429, code="throttled", headers={"Retry-After": "0"}))


@check
def down_while_writing(target: Target) -> None:
    """An EHR that goes down after it was read ends in a receipt, and gets everything in the next call."""
    _completes(target, BOTH, fault("drop", *WRITING))


@check
def refuses_one_kind(target: Target) -> None:
    """What the EHR refuses (422) is named with its own words; the rest is written."""
    for profile in BOTH:
        orders = fault("status", "create", type="Claim", status=422, code="business-rule"), fault("status", "transaction", status=422)
        bench, lines = _written(target, profile, *(orders if profile == PLAIN else orders[:1]))
        claims = [one for one in lines if one.kind == "Claim"]
        _expect_own_words(claims, "fault to order")
        others = [f"{one.kind} {one.status}" for one in lines if one.kind != "Claim" and one.status not in DONE | HELD]
        expect(not others, "everything but the Claim written", ", ".join(others))
        bench.recover()
        bench.expect_complete()


@check
def refuses_everything(target: Target) -> None:
    """An EHR that refuses every write leaves an answer with the whole proposal and a receipt of refusals."""
    for profile in BOTH:
        bench, lines = _written(target, profile, fault("status", *WRITING, status=403, code="forbidden"))
        expect(not bench.held(), "nothing written", f"{len(bench.held())} resources")
        _expect_told([one for one in lines if one.status not in HELD])
        bench.recover()
        bench.expect_complete()


@check
def transaction_refused_though_listed(target: Target) -> None:
    """An EHR that lists transactions and refuses them gets the resources one by one."""
    bench, lines = _written(target, PLAIN, fault("status", "transaction", status=405, code="not-supported"))
    bench.expect_once(lines)


@check
def nothing_created_blindly(target: Target) -> None:
    """What cannot be looked for is not created: it may be there."""
    bench = _changed(target, SINGLE)
    before = len(bench.held("Condition"))
    bench.order(fault("status", "search-type", type="Condition", status=500), fault("status", "read", type="Condition", status=500))
    bench.code()
    bench.require_struck_any()
    after = len(bench.held("Condition"))
    expect(after == before, f"still {before} Conditions", f"{after}")
    bench.recover()
    bench.expect_complete()


@check
def changed_meanwhile(target: Target) -> None:
    """An update that comes too late (412) is judged again on the new version and tried once more; the change in between is not overwritten unseen."""
    for profile in BOTH:
        bench = _changed(target, profile)
        bench.order(fault("changed-meanwhile", "update", times=1), fault("status", "transaction", status=412, code="conflict"))
        lines = lines_of(bench.code())
        updates = [one for one in bench.writes() if one["interaction"] == "update"]
        if not updates:
            raise Skipped("the server updates nothing when a note changes")
        expect(
            any(one["status"] == 412 for one in updates), "a version in If-Match, so that a late update is refused", "no update was refused"
        )
        bench.expect_once(lines)


@check
def version_conflict_for_good(target: Target) -> None:
    """Updates that are refused again and again (412) end in the receipt; the next call brings the EHR up to date."""
    for profile in BOTH:
        bench = _changed(target, profile)
        bench.order(fault("status", "update", "transaction", status=412, code="conflict"))
        _expect_told([one for one in lines_of(bench.code()) if one.status not in DONE | HELD])
        tries = [one["path"] for one in bench.writes() if one["interaction"] == "update" and one["status"] == 412]
        often = max((tries.count(path) for path in tries), default=0)
        expect(often <= 2, "an update tried twice at most", f"{often} times")
        bench.recover()
        bench.expect_complete()


def _completes(target: Target, profiles: Sequence[str], *orders: Json) -> None:
    """The failure stands in the receipt, nothing is doubled at once, and a second call completes it."""
    for profile in profiles:
        bench, lines = _written(target, profile, *orders)
        _expect_told([one for one in lines if one.status not in DONE | HELD])
        bench.recover()
        bench.expect_complete()


def _written(target: Target, profile: str, *orders: Json) -> tuple[Bench, list[Line]]:
    """The bench and the receipt after a call that met the faults while it wrote."""
    bench = Bench(target, profile)
    bench.order(*orders)
    lines = lines_of(bench.code())
    bench.require_struck()
    return bench, lines


def _changed(target: Target, profile: str) -> Bench:
    """A bench whose note changed after it was coded, so that what was written is to be updated."""
    bench = Bench(target, profile)
    bench.expect_complete()
    bench.rewrite_note("ASSESSMENT AND PLAN\nEssential hypertension, improved. Continue lisinopril.\n")
    return bench


def _expect_told(lines: Sequence[Line]) -> None:
    """Each line that is not done says so by its status and says why."""
    for one in lines:
        expect(one.status[:1] in {"4", "5"}, f"the status of a failure for the {one.kind}", one.response.get("status"))
        expect(one.issues or one.status in NOT_OFFERED, f"an OperationOutcome that says what became of the {one.kind}", one.response)


def _expect_own_words(lines: Sequence[Line], words: str) -> None:
    for one in lines:
        said = " ".join(issue.get("diagnostics", "") for issue in one.issues)
        expect(one.status == "422" and words in said, f"422 with the EHR's own OperationOutcome for the {one.kind}", one.response)
