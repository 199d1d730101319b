"""For a terminal: what needs attention, whole, and everything else in a line."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.reports.words import ORDER, deciding, reason, summary, word_of
from conformance.running import Judged, Run
from conformance.verdict import Verdict

_TOLD_WHOLE = {Verdict.FAIL, Verdict.ERROR}


def as_text(run: Run) -> str:
    """The report."""
    ordered = sorted(run.judged, key=lambda one: ORDER.index(one.verdict), reverse=True)  # what counts stands last, where one reads
    lines = [line for one in ordered for line in _lines(one)]
    software = f" ({run.software})" if run.software else ""
    return "\n".join([*lines, "", f"{run.base}{software}: {summary(run)} of {len(run.judged)} requirements, {run.seconds:.1f} s"])


def _lines(judged: Judged) -> Iterator[str]:
    requirement, why = judged.requirement, reason(judged)
    yield f"{word_of(judged.verdict):10} {requirement.id:8} {requirement.level.value:6} {requirement.text}" + (f" [{why}]" if why else "")
    for one in deciding(judged) if judged.verdict in _TOLD_WHOLE else ():
        yield f"{'':10} {one.check}: {one.exchange}"
        yield f"{'':12} expected  {one.expected}"
        yield f"{'':12} received  {one.received}"
