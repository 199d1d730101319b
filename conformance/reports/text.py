"""For a terminal: what holds in a line each, what was not tried by the reason, and last, where one reads, what needs attention, whole."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

from conformance.reports.words import TOLD_WHOLE, by_reason, deciding, summary, together, upshot, word_of
from conformance.running import Judged, Run
from conformance.verdict import Verdict

WIDTH = 120
_INDENT = " " * 11


def as_text(run: Run) -> str:
    """The report."""
    software = f" ({run.software})" if run.software else ""
    ends = [f"{run.base}{software}: {summary(run)} of {len(run.judged)} requirements, {run.seconds:.1f} s", upshot(run)]
    return "\n".join(
        [*_untested(run), *_whole(run, Verdict.PASS), *_untried(run), *_whole(run, Verdict.ERROR), *_whole(run, Verdict.FAIL), "", *ends]
    )


def _untested(run: Run) -> Iterator[str]:
    untested = [one.requirement for one in run.judged if one.verdict is None]
    if untested:
        yield _line(word_of(None), "nothing tries these; why stands in requirements.csv and in the other formats")
        yield _indented(together(untested))


def _untried(run: Run) -> Iterator[str]:
    for verdict in (Verdict.OMIT, Verdict.SKIP):
        for why, requirements in by_reason(run, verdict):
            yield _line(word_of(verdict), why)
            yield _indented(together(requirements))


def _whole(run: Run, verdict: Verdict) -> Iterator[str]:
    for one in run.judged:
        if one.verdict is verdict:
            yield from _lines(one)


def _lines(judged: Judged) -> Iterator[str]:
    requirement = judged.requirement
    yield _line(word_of(judged.verdict), f"{requirement.id:8} {requirement.level.value:6} {requirement.text}")
    for one in deciding(judged) if judged.verdict in TOLD_WHOLE else ():
        yield f"{_INDENT}{one.check}: {one.exchange}"
        yield f"{_INDENT}  expected  {one.expected}"
        yield f"{_INDENT}  received  {one.received}"


def _line(word: str, text: str) -> str:
    return f"{word:10} {text}"


def _indented(text: str) -> str:
    return fill(text, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False)
