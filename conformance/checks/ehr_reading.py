"""What comes of it when the EHR fails while a visit is read: a clear error, nothing written, and a second call that finds everything.

What our server documents is ``docs/ehr.md``.
"""

from __future__ import annotations

from conformance.bench import Bench, Json, fault, lines_of, named
from conformance.check import check
from conformance.exchange import Answer, Resource
from conformance.outcomes import expect_outcome
from conformance.target import Target, expect_success
from conformance.verdict import Skipped, expect

NOTES = "DocumentReference"
TRANSIENT, FOR_GOOD = ("transient",), ("processing",)
PROCESSES = 8
ACCOUNT = "token"
"""The server reaches the plain EHR under this suffix with tokens of SMART Backend Services."""


@check
def busy_once(target: Target) -> None:
    """An EHR that is busy for a moment (429) is asked again, and the caller sees nothing of it."""
    _recovers(target, fault("status", "search-type", type=NOTES, times=1, status=429, code="throttled", headers={"Retry-After": "0"}))


@check
def busy_as_long_as_it_says(target: Target) -> None:
    """An EHR that names a time in Retry-After is not asked again before it."""
    bench = _recovers(
        target, fault("status", "search-type", type=NOTES, times=1, status=429, code="throttled", headers={"Retry-After": "1"})
    )
    moments = [one["at_s"] for one in bench.look()["seen"] if (one["interaction"], one["type"]) == ("search-type", NOTES)]
    expect(moments[1] - moments[0] >= 0.95, "the next search a second later", f"after {moments[1] - moments[0]:.2f} s")


@check
def busy_for_good(target: Target) -> None:
    """An EHR that stays busy ends the call as a fault that passes."""
    _fails(target, 502, TRANSIENT, fault("status", "search-type", type=NOTES, status=429, code="throttled", headers={"Retry-After": "0"}))


@check
def busy_for_an_hour(target: Target) -> None:
    """An EHR that wants to be left alone for an hour is: the call ends at once, as a fault that passes."""
    order = fault("status", "search-type", type=NOTES, status=429, code="throttled", headers={"Retry-After": "3600"})
    bench = Bench(target)
    expect_outcome(_failed(bench, order), 502, *TRANSIENT)
    asked = bench.look()["faults"][0]["met"]
    expect(asked == 1, "no second search before the hour is over", f"{asked} searches")


@check
def broken_once(target: Target) -> None:
    """An EHR that is away for a moment (503) is asked again."""
    _recovers(target, fault("status", "read", type="Encounter", times=1, status=503))


@check
def broken_for_good(target: Target) -> None:
    """An EHR with an inner fault (500) ends the call as a fault that passes."""
    parts = (("Encounter", "read"), (NOTES, "search-type"), ("Binary", "read"))
    _fails(target, 502, TRANSIENT, *(fault("status", interaction, type=kind, status=500) for kind, interaction in parts))


@check
def hangs_up_once(target: Target) -> None:
    """A read whose connection is lost is made again: it changes nothing."""
    _recovers(target, fault("drop", "read", type="Patient", times=1))


@check
def hangs_up(target: Target) -> None:
    """An EHR that closes every connection ends the call as a fault that passes."""
    _fails(target, 502, TRANSIENT, fault("drop"))


@check
def slow(target: Target) -> None:
    """An EHR that does not answer in time ends the call with 504."""
    _fails(target, 504, ("timeout",), fault("slow", "read", type="Encounter"))


@check
def cut_off(target: Target) -> None:
    """An answer that breaks off ends the call: half a list of notes is never coded."""
    _fails(target, 502, TRANSIENT, fault("cut", "read", type="Encounter"), fault("cut", "search-type", type=NOTES))


@check
def web_page_instead(target: Target) -> None:
    """A web page where FHIR was asked for ends the call as a fault that stays, although its status is 200."""
    _fails(target, 502, FOR_GOOD, fault("login-page", "read", type="Encounter"), fault("login-page", "search-type", type=NOTES))


@check
def wrong_content_type(target: Target) -> None:
    """FHIR under a wrong Content-Type is read all the same, or refused as a fault of the EHR; it is no fault of the caller or of the server."""
    bench = Bench(target)
    bench.order(fault("wrong-content-type", "read", "search-type"))
    answer = bench.code()
    bench.require_struck()
    if answer.is_success:
        bench.expect_once(lines_of(answer))
    else:
        expect_outcome(answer, 502, *FOR_GOOD)
        bench.expect_untouched()


@check
def redirect(target: Target) -> None:
    """A redirect is not followed: tokens and ids stay with the EHR."""
    _expect_nothing_outside(_fails(target, 502, FOR_GOOD, fault("redirect", "search-type", type=NOTES)))


@check
def page_link_expired(target: Target) -> None:
    """A page link that has expired ends the call as a fault that passes: the search can be made again."""
    _fails(target, 502, TRANSIENT, fault("stale-page-link", "search-type", type=NOTES))


@check
def pages_without_end(target: Target) -> None:
    """Pages that lead in a circle, or never end, end the call as a fault that stays."""
    _fails(target, 502, FOR_GOOD, *(fault(does, "search-type", type=NOTES) for does in ("paging-loop", "endless-pages")))


@check
def page_outside(target: Target) -> None:
    """A page link that leads away from the EHR is not followed, and a part of the notes is not coded."""
    _expect_nothing_outside(_fails(target, 502, FOR_GOOD, fault("page-outside", "search-type", type=NOTES)))


@check
def search_that_ignores_parameters(target: Target) -> None:
    """Notes of other encounters that a search gives are not coded: it may have ignored its parameters."""
    _expect_own_notes(target, fault("ignores-parameters", "search-type"))


@check
def search_that_leaks(target: Target) -> None:
    """Notes of other patients that a search gives beside the right ones are not coded."""
    _expect_own_notes(target, fault("leaks-others", "search-type", type=NOTES))


@check
def patients_mixed_up(target: Target) -> None:
    """A note that joins this encounter with another patient refuses the call."""
    _fails(target, 422, ("business-rule",), fault("mixes-up-patients", "search-type", type=NOTES))


@check
def another_resource(target: Target) -> None:
    """A read that gives another resource than was asked for, by type or by id, ends the call as a fault of the EHR."""
    _fails(target, 502, FOR_GOOD, *(fault(does, "read", type="Encounter") for does in ("wrong-type", "wrong-id")))


@check
def refused(target: Target) -> None:
    """An EHR that refuses us ends the call as a fault that stays: it is not our caller who was refused."""
    ways = ((401, "login"), (403, "forbidden"), (400, "invalid"))
    _fails(target, 502, FOR_GOOD, *(fault("status", "read", type="Encounter", status=status, code=code) for status, code in ways))


@check
def token_expired(target: Target) -> None:
    """A token that the EHR takes no longer is replaced, and the request made again with the new one."""
    bench = Bench(target, account=ACCOUNT)
    for _ in range(PROCESSES):  # each may have a token of its own
        bench.order(fault("token-expired"))
        answer = bench.code(writes=False)
        expect_success(answer)
        if any(one["status"] == 401 for one in bench.look()["seen"]):
            break
    seen = [(one["interaction"], one["status"]) for one in bench.look()["seen"]]
    if not any(status == 401 for _, status in seen):
        raise Skipped("the server never came with the token that had expired")
    refused_at = next(place for place, (_, status) in enumerate(seen) if status == 401)
    expect(("token", 200) in seen[refused_at:], "a new token asked for after the refusal", "none")
    bench.expect_complete()


@check
def encounter_unknown_or_gone(target: Target) -> None:
    """An encounter that the EHR does not know is 404 for the caller, and one that it deleted 410."""
    for status, code in ((404, "not-found"), (410, "deleted")):
        _fails(target, status, (code,), fault("status", "read", type="Encounter", status=status, code=code))


@check
def fewer_than_counted(target: Target) -> None:
    """A search that counts more matches than it gives is told to the caller."""
    _tells(target, fault("wrong-total", "search-type", type=NOTES))


@check
def entry_that_is_no_fhir(target: Target) -> None:
    """A note of the encounter that is no valid FHIR is told to the caller, and the encounter goes to a person."""
    _expect_review(_tells(target, fault("malformed-entry", "search-type", type=NOTES)))


@check
def attachment_missing(target: Target) -> None:
    """A note whose attachment is not to be had is told to the caller, and the encounter goes to a person."""
    for status, code in ((404, "not-found"), (403, "forbidden")):
        _expect_review(_tells(target, fault("status", "read", type="Binary", status=status, code=code)))


def _failed(bench: Bench, order: Json) -> Answer:
    """The answer to a call that met the fault: no success, and nothing was written."""
    bench.order(order)
    answer = bench.code()
    bench.require_struck()
    expect(not answer.is_success, "an error: the record could not be read", answer)
    bench.expect_untouched()
    return answer


def _fails(target: Target, status: int, codes: tuple[str, ...], *orders: Json) -> Bench:
    """With each fault in its turn the call ends so and writes nothing; once the EHR works again a call does it all."""
    bench = Bench(target)
    for order in orders:
        expect_outcome(_failed(bench, order), status, *codes)
    bench.recover()
    bench.expect_complete()
    return bench


def _recovers(target: Target, order: Json) -> Bench:
    """The call succeeds in spite of the fault; the bench."""
    bench = Bench(target)
    bench.order(order)
    answer = bench.code()
    bench.require_struck()
    bench.expect_once(lines_of(answer))
    return bench


def _tells(target: Target, order: Json) -> Resource:
    """The answer, which names more issues than without the fault."""
    bench = Bench(target)
    before = _issues(expect_success(bench.code(writes=False)))
    bench.order(order)
    parameters = expect_success(bench.code(writes=False))
    bench.require_struck()
    more = [one for one in _issues(parameters) if one not in before]
    expect(more, "an issue that tells of it", f"the {len(before)} issues that there are without it")
    return parameters


def _issues(parameters: Resource) -> list[Resource]:
    return [one for found in named(parameters, "issues") for one in found["resource"]["issue"]]


def _expect_review(parameters: Resource) -> None:
    disposition = [one.get("valueCoding", {}).get("code") for one in named(parameters, "disposition")]
    expect(disposition == ["review"], "disposition review", disposition)


def _expect_own_notes(target: Target, order: Json) -> None:
    bench = Bench(target)
    bench.order(order)
    answer = bench.code(includeText={"valueBoolean": True})
    bench.require_struck()
    texts = [part for one in named(expect_success(answer), "noteText") for part in named(one, "document")]
    read = sorted(one["valueReference"].get("reference", "").partition("/_history")[0] for one in texts)
    own = sorted(f"{NOTES}/{one['id']}" for one in bench.of_visit(NOTES))
    expect(read == own, f"the encounter's {len(own)} notes read, and no others", f"{len(read)} notes")
    bench.expect_once(lines_of(answer))


def _expect_nothing_outside(bench: Bench) -> None:
    asked = bench.outside()
    expect(not asked, "no request outside the EHR", ", ".join(asked))
