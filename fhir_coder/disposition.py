"""Pass or review, and why: the last stage of the straight line, and the one that fails closed.

An encounter passes only when nothing speaks against it and the site allows passing. Every objection is a reason with a code and a sentence. A
reason that names codes concerns these; one that names none concerns the whole encounter and every code in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from fhir_coder.always_review import always_review
from fhir_coder.confidence import Curve
from fhir_coder.model import Authority, CodedEncounter, Disposition, EditReport, Finding, Note, Outcome, Reason, Sensitivity, Severity

POLICY_REVIEW_ALL = "policy-review-all"
AUDIT_SAMPLE = "audit-sample"
SUSPENDED = "suspended"
CONFIDENT = "confident"

NEVER_PASS = frozenset(
    {
        "unreadable-note",
        "identity-conflict",
        "note-not-english",
        "uncoded-problem",
        "release-later",
        "release-gap",
        "author-unknown",
        "signature-unknown",
    }
)
"""Names of edits whose findings prevent a pass whatever severity a site gives them."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a site lets pass: ``passing`` is "none" (everything is reviewed, the default), "confident", or "suspended": the site lets confident ones
    pass, and second reviews of what passed agreed too little with it.

    ``pass_probability`` is the lowest probability (0..1) that every code of a confident encounter must have, read by ``curve``. ``calibration`` names
    what both come from, and is empty for the site's settings.
    """

    passing: str = "none"
    pass_probability: float = 0.96
    curve: Curve = field(default_factory=Curve)
    calibration: str = ""

    def __post_init__(self) -> None:
        if self.passing not in {"none", "confident", SUSPENDED}:
            raise ValueError("passing is none, confident or suspended")
        if not 0.0 <= self.pass_probability <= 1.0:
            raise ValueError("pass_probability is a number from 0 to 1")

    def suspended(self) -> Policy:
        """The same while nothing may pass. Where nothing passes anyway it stays as it is."""
        return replace(self, passing=SUSPENDED) if self.passing == "confident" else self


def decide(report: EditReport, policy: Policy) -> Disposition:
    """Route a checked encounter. ``is_confident`` is what the outcome would turn on if passing were allowed."""
    objections = tuple(dict.fromkeys(_objections(report, policy)))
    reasons = objections + (() if policy.passing == "confident" else _policy_reasons(policy, is_confident=not objections))
    return Disposition(
        report=report,
        outcome=Outcome.REVIEW if reasons else Outcome.PASS,
        reasons=reasons,
        by_code=tuple(_outcome(assignment.code, reasons) for assignment in report.coded.assignments),
        is_confident=not objections,
    )


def _policy_reasons(policy: Policy, *, is_confident: bool) -> tuple[Reason, ...]:
    """Everything is reviewed; a confident encounter is marked, so that a worklist can show it as such."""
    mark = (Reason(CONFIDENT, "Nothing speaks against passing this encounter."),) if is_confident else ()
    if policy.passing == SUSPENDED:
        return (
            *mark,
            Reason(
                AUDIT_SAMPLE,
                "Second reviews of encounters that passed agreed too little: every encounter is reviewed until a manager lifts this.",
            ),
        )
    return (*mark, Reason(POLICY_REVIEW_ALL, "This site has every encounter reviewed."))


def _outcome(code: str, reasons: tuple[Reason, ...]) -> Outcome:
    concerned = any(not reason.codes or code in reason.codes for reason in reasons)
    return Outcome.REVIEW if concerned else Outcome.PASS


def _objections(report: EditReport, policy: Policy) -> Iterator[Reason]:
    preventing = [finding for finding in report.findings if _prevents_pass(finding)]
    reported = {finding.name for finding in preventing}
    yield from (reason for reason in _encounter_objections(report.coded) if reason.code not in reported)
    yield from (Reason(finding.name, finding.detail, finding.codes) for finding in preventing)
    yield from _low_probability(report.coded, policy)
    for rule, codes in always_review([assignment.code for assignment in report.coded.assignments]):
        yield Reason(f"always-review-{rule.category}", rule.reason, codes)


def _encounter_objections(coded: CodedEncounter) -> Iterator[Reason]:
    """Facts that do not wait for an edit to report them: a switched-off or crashed edit must not open the gate."""
    if not coded.assignments:
        yield Reason("no-codes", "No code could be assigned.")
    if coded.uncoded:
        yield Reason("uncoded-problem", f"{len(coded.uncoded)} documented problem(s) found no code.")
    if coded.encounter.unreadable:
        yield Reason("unreadable-note", f"{len(coded.encounter.unreadable)} note(s) could not be read.")
    if coded.encounter.conflicts:
        yield Reason("identity-conflict", "The resources of this encounter disagree about whom or what they concern.")
    if coded.encounter.sensitive:
        yield Reason("sensitive-document", f"Marked sensitive, for a person to look at: {_told(coded.encounter.sensitive)}.")
    if (coded.encounter.is_claimed or coded.encounter.self_pay) and coded.encounter.service_date is None:
        yield Reason("service-date-unknown", "Without a date of service it is not known which release of the code set holds.")
    yield from _unattributed(coded.encounter.notes)


def _told(sensitive: Iterable[Sensitivity]) -> str:
    """What is marked, by its address and our words for the mark."""
    return "; ".join(f"{one.reference}: {one.what}" for one in sensitive)


def _unattributed(notes: Iterable[Note]) -> Iterator[Reason]:
    """Documentation of unknown hand, or not known to be signed, is a person's to accept (guideline I.B.14)."""
    coded = [note for note in notes if note.authority is not Authority.RESULTS]
    if unknown := sum(note.authority is Authority.UNKNOWN for note in coded):
        yield Reason("author-unknown", f"Of {unknown} note(s) it is unknown who answers for them.")
    if unsigned := sum(not note.is_signed for note in coded):
        yield Reason("signature-unknown", f"{unsigned} note(s) are not known to be signed.")


def _prevents_pass(finding: Finding) -> bool:
    return finding.severity is Severity.BLOCKING or finding.name in NEVER_PASS


def _low_probability(coded: CodedEncounter, policy: Policy) -> Iterator[Reason]:
    codes = tuple(one.code for one in coded.assignments if not policy.curve.of(one.probability) >= policy.pass_probability)
    if codes:
        yield Reason(
            "low-probability",
            f"{'Calibrated probability' if policy.calibration else 'Probability'} below {policy.pass_probability:g}.",
            codes,
        )
