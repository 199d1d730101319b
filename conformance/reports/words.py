"""What all reports say in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.requirement import Level, Requirement
from conformance.running import Judged, Run
from conformance.verdict import Finding, Verdict

NOT_TESTED = "not tested"
ORDER: tuple[Verdict | None, ...] = (Verdict.FAIL, Verdict.ERROR, Verdict.SKIP, Verdict.OMIT, Verdict.PASS, None)
"""What needs attention first."""
TOLD_WHOLE = frozenset({Verdict.FAIL, Verdict.ERROR})
MEANINGS: dict[Verdict | None, str] = {
    Verdict.PASS: "the server does what it should",
    Verdict.FAIL: "it does not; expected and received say how",
    Verdict.ERROR: "the connection or the kit failed: nothing is known",
    Verdict.SKIP: "it could not be tried; the reason says what would help",
    Verdict.OMIT: "the server does not claim it, and need not",
    None: "the kit has no check for it; the reason says why",
}


def word_of(verdict: Verdict | None) -> str:
    """One word, or two."""
    return verdict.value if verdict else NOT_TESTED


def summary(run: Run) -> str:
    """The counts in one line."""
    counts = ((run.count(one), word_of(one)) for one in (Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.SKIP, Verdict.OMIT, None))
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def upshot(run: Run) -> str:
    """What it comes to, by how binding it is, in a sentence."""
    tried = [one for one in run.judged if one.verdict in {Verdict.PASS, Verdict.FAIL}]
    failed = [one for one in tried if one.verdict is Verdict.FAIL]
    unknown = run.count(Verdict.ERROR)
    left = f" Of {unknown} nothing is known: the connection or the kit failed." if unknown else ""
    if not tried:
        return f"Nothing was tried.{left}"
    if not failed:
        return f"All of the {len(tried)} requirements that were tried hold.{left}"
    by_level = ", ".join(f"{sum(one.requirement.level is level for one in failed)} {level.value}" for level in Level)
    return f"Of {len(tried)} requirements that were tried {len(failed)} {'does' if len(failed) == 1 else 'do'} not hold: {by_level}.{left}"


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


def by_reason(run: Run, verdict: Verdict) -> Iterator[tuple[str, list[Requirement]]]:
    """What was not tried, by why; the reason of most first."""
    found: dict[str, list[Requirement]] = {}
    for one in run.judged:
        if one.verdict is verdict:
            found.setdefault(reason(one), []).append(one.requirement)
    yield from sorted(found.items(), key=lambda pair: -len(pair[1]))


def together(requirements: Iterable[Requirement]) -> str:
    """Their ids, those that follow each other as a range."""
    ranges: list[tuple[str, str]] = []
    for one in requirements:
        begun, last = ranges[-1] if ranges else ("", "")
        if _follows(last, one.id):
            ranges[-1] = begun, one.id
        else:
            ranges.append((one.id, one.id))
    return ", ".join(first if first == last else f"{first} to {last}" for first, last in ranges)


def _follows(one: str, other: str) -> bool:
    """Whether an id is the next of the same group."""
    (group, _, number), (other_group, _, other_number) = one.partition("-"), other.partition("-")
    return group == other_group and number.isdigit() and other_number.isdigit() and int(number) + 1 == int(other_number)
