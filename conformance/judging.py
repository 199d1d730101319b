"""Whether an answer is what a fixture expects: one function for each kind of expectation."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from conformance.coded import Coded, address, value_of
from conformance.exchange import Answer
from conformance.expectation import Expectation
from conformance.outcomes import expect_outcome
from conformance.verdict import expect

Judge = Callable[[Coded, Expectation], None]
_OF_THE_STATUS = frozenset({"answered", "refused", "refused-with", "answered-or-refused"})
MOST_TOLD = 20


def judge(answer: Answer, expectation: Expectation) -> None:
    """Raises Unsatisfied when the answer is not as expected. What is expected of a coding holds of a refusal: it assigned nothing."""
    if expectation.kind in _OF_THE_STATUS:
        _judge_status(answer, expectation)
    elif not is_refusal(answer):
        expect(answer.status == 200, "200, or a refusal with 4xx", answer)
        _JUDGES[expectation.kind](Coded(answer.resource), expectation)


def is_refusal(answer: Answer) -> bool:
    """Whether the server says that the caller must change something. That the address or the method is not there says nothing of a visit that was
    sent along."""
    return 400 <= answer.status < 500 and answer.status not in {404, 405}


def stands_for(wanted: str, code: str) -> bool:
    """Whether a code is the one wanted, or stands below it: ``J18`` stands for ``J18.9``."""
    return code.startswith(wanted)


def _judge_status(answer: Answer, expectation: Expectation) -> None:
    if expectation.kind == "answered":
        expect(answer.status == 200, f"200 ({expectation.why})", answer)
    elif expectation.kind == "refused-with":
        expect_outcome(answer, expectation["status"], *expectation["issue"])
    elif expectation.kind == "refused" or answer.status != 200:
        expect(is_refusal(answer), f"a refusal with 4xx ({expectation.why})", answer)
        expect_outcome(answer, answer.status)


def _codes_below(coded: Coded, wanted: Iterable[str]) -> list[str]:
    return [code for code in coded.codes if any(stands_for(one, code) for one in wanted)]


def _told(codes: Iterable[str]) -> str:
    return ", ".join(list(codes)[:MOST_TOLD]) or "no code"


def _disposition(coded: Coded, expectation: Expectation) -> None:
    wanted = " or ".join(expectation["anyOf"])
    expect(coded.disposition in expectation["anyOf"], f"the disposition {wanted} ({expectation.why})", coded.disposition)


def _reason(coded: Coded, expectation: Expectation) -> None:
    wanted = (expectation["system"], expectation["code"])
    expect(wanted in coded.reasons, f"the reason {wanted[1]} ({expectation.why})", _told(sorted(code for _, code in coded.reasons)))


def _assigned(coded: Coded, expectation: Expectation) -> None:
    wanted = expectation["anyOf"]
    expect(_codes_below(coded, wanted), f"{' or '.join(wanted)} among the codes assigned ({expectation.why})", _told(coded.codes))


def _not_assigned(coded: Coded, expectation: Expectation) -> None:
    found = _codes_below(coded, expectation["codes"])
    expect(not found, f"none of {', '.join(expectation['codes'])} assigned ({expectation.why})", _told(found))


def _not_passed(coded: Coded, expectation: Expectation) -> None:
    wanted = expectation["codes"]
    exact = expectation.given.get("exact", False)
    found = [one for one in _codes_below(coded, wanted) if not exact or one in wanted]
    expect(not found or coded.disposition == "review", f"{', '.join(wanted)} not assigned, or review ({expectation.why})", _told(found))


def _first_listed(coded: Coded, expectation: Expectation) -> None:
    wanted = expectation["anyOf"]
    is_first = any(stands_for(one, code) for one in wanted for code in coded.codes[:1])
    expect(is_first, f"{' or '.join(wanted)} first ({expectation.why})", _told(coded.codes))


def _not_first_listed(coded: Coded, expectation: Expectation) -> None:
    is_first = any(stands_for(one, code) for one in expectation["codes"] for code in coded.codes[:1])
    expect(not is_first, f"none of {', '.join(expectation['codes'])} first ({expectation.why})", _told(coded.codes))


def _sequence(coded: Coded, expectation: Expectation) -> None:
    """Where both are assigned."""
    before, after = _codes_below(coded, expectation["before"]), _codes_below(coded, expectation["after"])
    in_order = not before or not after or coded.codes.index(before[0]) < coded.codes.index(after[0])
    expect(in_order, f"{', '.join(before)} before {', '.join(after)} ({expectation.why})", _told(coded.codes))


def _read(coded: Coded, expectation: Expectation) -> None:
    known = [document for document, _ in coded.texts]
    for wanted in expectation["documents"]:
        expect(wanted in known, f"the text of {wanted} among those read ({expectation.why})", _told(known))


def _read_or_review(coded: Coded, expectation: Expectation) -> None:
    is_read = expectation["document"] in [document for document, _ in coded.texts]
    expect(
        is_read or coded.disposition == "review", f"the text of {expectation['document']}, or review ({expectation.why})", coded.disposition
    )


def _not_read(coded: Coded, expectation: Expectation) -> None:
    spans = (span.document for one in (*coded.assignments, *coded.rejections) for span in one.evidence)
    named = {*(document for document, _ in coded.texts), *spans} & set(expectation["documents"])
    expect(not named, f"neither text nor evidence of {', '.join(expectation['documents'])} ({expectation.why})", _told(sorted(named)))


def _read_once(coded: Coded, expectation: Expectation) -> None:
    count = sum(document == expectation["document"] for document, _ in coded.texts)
    expect(count == 1, f"one text of {expectation['document']} ({expectation.why})", count)


def _text(coded: Coded, expectation: Expectation) -> None:
    """Where it is read at all."""
    found = [text for document, text in coded.texts if document == expectation["document"]]
    holds = all(expectation["contains"] in text for text in found)
    expect(holds, f"“{expectation['contains']}” in the text of {expectation['document']} ({expectation.why})", f"{len(found)} texts of it")


def _evidence(coded: Coded, expectation: Expectation) -> None:
    wanted = expectation["codes"]
    rests = [one for one in coded.assignments if any(stands_for(code, one.code) for code in wanted)]
    named = {span.document for one in rests for span in one.evidence}
    expect(
        expectation["document"] in named,
        f"{' or '.join(wanted)} with evidence in {expectation['document']} ({expectation.why})",
        _told(sorted(named)),
    )


def _reconciled(coded: Coded, expectation: Expectation) -> None:
    lines = [((value_of(one, "recorded") or {}).get("code"), value_of(one, "status")) for one in coded.named("reconciliation")]
    wanted = (expectation["recorded"], expectation["status"])
    expect(
        wanted in lines, f"{wanted[0]} reconciled as {wanted[1]} ({expectation.why})", _told(f"{code}: {status}" for code, status in lines)
    )


def _conditions(coded: Coded, expectation: Expectation) -> None:
    proposed = {coding.get("code") for one in coded.resources("Condition") for coding in one.get("code", {}).get("coding", ())}
    recorded = {
        (value_of(one, "assigned") or {}).get("code") for one in coded.named("reconciliation") if value_of(one, "status") == "agreed"
    }
    missing = set(coded.codes) - proposed - recorded
    expect(not missing, f"a Condition for every code assigned ({expectation.why})", f"none for {_told(sorted(missing))}")


def _claim_coverage(coded: Coded, expectation: Expectation) -> None:
    for claim in coded.resources("Claim"):
        named = [address(one.get("coverage", {}).get("reference", "")) for one in claim.get("insurance", ())]
        expect(named, f"Claim.insurance ({expectation.why})", "none")
        expect(any(named) == expectation["supplied"], f"no Coverage that nobody supplied ({expectation.why})", ", ".join(named))


def _claim_diagnoses(coded: Coded, expectation: Expectation) -> None:
    for claim in coded.resources("Claim"):
        count = len(claim.get("diagnosis", ()))
        expect(count <= expectation["most"], f"at most {expectation['most']} diagnoses on the Claim ({expectation.why})", count)


_JUDGES: dict[str, Judge] = {
    "disposition": _disposition,
    "reason": _reason,
    "assigned": _assigned,
    "not-assigned": _not_assigned,
    "not-passed": _not_passed,
    "first-listed": _first_listed,
    "not-first-listed": _not_first_listed,
    "sequence": _sequence,
    "read": _read,
    "read-or-review": _read_or_review,
    "not-read": _not_read,
    "read-once": _read_once,
    "text": _text,
    "evidence": _evidence,
    "reconciled": _reconciled,
    "conditions": _conditions,
    "claim-coverage": _claim_coverage,
    "claim-diagnoses": _claim_diagnoses,
}
