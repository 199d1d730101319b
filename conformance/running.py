"""Checks tried on a server one after the other, and what follows for the requirements."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import requests

from conformance.check import Check, all_checks
from conformance.requirement import Requirement
from conformance.target import Target
from conformance.verdict import Finding, Omitted, Skipped, Unsatisfied, Verdict, plain

Progress = Callable[[Finding], None]
MOST_UNANSWERED = 5
"""Hundreds of checks would wait for a server that has gone silent: after so many the rest is not tried."""
_WORST = (Verdict.FAIL, Verdict.ERROR, Verdict.PASS, Verdict.SKIP, Verdict.OMIT)
"""Of several checks of a requirement the first of these decides: what was tried counts before what was not."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A requirement with the findings of its checks; without any it is not tested."""

    requirement: Requirement
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict | None:
        """What holds, or None where nothing tries it."""
        found = {one.verdict for one in self.findings}
        return next((one for one in _WORST if one in found), None)


@dataclass(frozen=True, slots=True)
class Run:
    """All that was found of a server."""

    base: str
    begun: datetime
    seconds: float
    software: str
    judged: tuple[Judged, ...]

    def count(self, verdict: Verdict | None) -> int:
        """How many requirements came out so."""
        return sum(one.verdict is verdict for one in self.judged)

    @property
    def has_failed(self) -> bool:
        """Whether the server is not what the requirements say, or it could not be found out."""
        return any(one.verdict in {Verdict.FAIL, Verdict.ERROR} for one in self.judged)

    @property
    def is_empty(self) -> bool:
        """Whether nothing passed: such a run proves nothing."""
        return self.count(Verdict.PASS) == 0


def run(target: Target, requirements: Sequence[Requirement], progress: Progress = lambda finding: None) -> Run:
    """Try every check that the requirements name, each once."""
    begun, clock = datetime.now(UTC), time.perf_counter()
    found = tried(target, _named(requirements), progress)
    judged = tuple(Judged(one, tuple(found[name] for name in one.checks)) for one in requirements)
    return Run(target.base, begun, time.perf_counter() - clock, _software(target), judged)


def tried(target: Target, checks: Mapping[str, Check], progress: Progress = lambda finding: None) -> dict[str, Finding]:
    """The findings by id of the check."""
    found = {}
    for name, check in checks.items():
        found[name] = _try(target, name, check) if target.unanswered < MOST_UNANSWERED else _given_up(target, name)
        progress(found[name])
    return found


def _given_up(target: Target, name: str) -> Finding:
    why = f"the server left {target.unanswered} requests without an answer within {target.timeout_s:g} s; --timeout waits longer"
    return Finding(name, Verdict.SKIP, received=why)


def _named(requirements: Iterable[Requirement]) -> dict[str, Check]:
    names = {name for one in requirements for name in one.checks}
    return {name: check for name, check in all_checks().items() if name in names}


def _try(target: Target, name: str, check: Check) -> Finding:
    begun = time.perf_counter()
    verdict, expected, received = _outcome(target, check)
    return Finding(name, verdict, expected, received, target.last, time.perf_counter() - begun)


def _outcome(target: Target, check: Check) -> tuple[Verdict, str, str]:
    target.last = ""
    try:
        check(target)
    except Unsatisfied as error:
        return Verdict.FAIL, error.expected, error.received
    except Skipped as reason:
        return Verdict.SKIP, "", str(reason)
    except Omitted as reason:
        return Verdict.OMIT, "", str(reason)
    except requests.Timeout:
        return Verdict.ERROR, f"an answer within {target.timeout_s:g} s", "none"
    except requests.RequestException as error:
        return Verdict.ERROR, "an answer", type(error).__name__
    except Exception as error:  # an answer of a shape that nobody thought of ends this check alone
        return Verdict.ERROR, "an answer that the check can read", plain(f"{type(error).__name__}: {error}")
    return Verdict.PASS, "", ""


def _software(target: Target) -> str:
    try:
        told = target.capability.get("software", {})
    except Exception:  # only a name for the report; the checks of metadata say what is wrong
        return ""
    return f"{told.get('name', '')} {told.get('version', '')}".strip() if isinstance(told, dict) else ""
