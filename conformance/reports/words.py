"""What all reports say in the same words."""

from __future__ import annotations

from conformance.running import Judged, Run
from conformance.verdict import Finding, Verdict

NOT_TESTED = "not tested"
ORDER: tuple[Verdict | None, ...] = (Verdict.FAIL, Verdict.ERROR, Verdict.SKIP, Verdict.OMIT, Verdict.PASS, None)
"""What needs attention first."""


def word_of(verdict: Verdict | None) -> str:
    """One word, or two."""
    return verdict.value if verdict else NOT_TESTED


def summary(run: Run) -> str:
    """The counts in one line."""
    counts = ((run.count(one), word_of(one)) for one in (Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.SKIP, Verdict.OMIT, None))
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def deciding(judged: Judged) -> tuple[Finding, ...]:
    """The findings that made the verdict what it is."""
    return tuple(one for one in judged.findings if one.verdict is judged.verdict)


def reason(judged: Judged) -> str:
    """Why it was not tried, or empty."""
    if judged.verdict is None:
        return judged.requirement.untested
    if judged.verdict in {Verdict.SKIP, Verdict.OMIT}:
        return "; ".join(dict.fromkeys(one.received for one in deciding(judged)))
    return ""
