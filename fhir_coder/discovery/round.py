"""One round at one EHR: its ways find, what is due is looked at, and an EHR that wants to be left alone is left alone, it and no other."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Protocol

from fhir_coder.discovery.drop_folder import DropFolder
from fhir_coder.discovery.finding import Finder
from fhir_coder.discovery.group_export import GroupExport
from fhir_coder.discovery.looking import Cause, Looker
from fhir_coder.discovery.watched import Watched
from fhir_coder.discovery_settings import Discovery, Way, WayName
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.retry import NOT_ACTED, RetryPolicy, seconds_asked
from fhir_coder.errors import Busy, EhrError, EhrRefused, EhrTimeout, EhrUnavailable, FhirCoderError

AT_ONCE = 20
"""Encounters that are claimed together."""
FIRST_HOLD_S, LONGEST_HOLD_S = 30.0, 3600.0
MOST_FAILURES = 3
"""Looks in a row after which the EHR is left alone for a while."""
PATIENCE = RetryPolicy(attempts=5, longest_wait_s=5.0, if_asked=True)
"""Of the client of a round. An EHR that counts the requests of each second asks for a second or two; were it left alone for longer, and a search begun anew
after that, no search of several pages would come to its end."""
OF_THE_ID = frozenset({400, 422})
"""Refusals that are of what was asked for: the EHR is well, and wrong ids do not keep the others waiting."""


class Store(Protocol):
    """What this needs of :class:`fhir_coder.store.discovery.DiscoveryStore`."""

    def held_until_s(self, tenant: str, ehr: str) -> int:
        """Until when the EHR is to be left alone."""

    def hold(self, tenant: str, ehr: str, wait_s: Callable[[int], float]) -> int:
        """Leave it alone."""

    def answered(self, tenant: str, ehr: str) -> None:
        """It works."""

    def adopt_codings(self, tenant: str, ehr: str, since: datetime, look_at_s: int) -> int:
        """Watch what others had coded."""

    def claim_due(self, tenant: str, ehr: str, most: int) -> tuple[Watched, ...]:
        """What is due."""

    def give_back(self, tenant: str, rest: Sequence[Watched]) -> None:
        """What was not looked at."""

    def forget(self, tenant: str, ehr: str) -> int:
        """What is long over."""


class End(StrEnum):
    """How a way's turn ended: ``unusable``: the EHR does not offer it, or its list cannot be read; ``throttled``: the EHR is left alone for now."""

    DONE = "done"
    UNUSABLE = "unusable"
    FAILED = "failed"
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class Tried:
    """A way in one round, and how many encounters it found."""

    way: WayName
    end: End
    found: int = 0


@dataclass(slots=True)
class Report:
    """What a round did. ``taken`` are jobs, ``reopened`` those of them for encounters that were coded before; of ``withdrawn`` encounters reviews were held; ``failed`` looks came to nothing. ``problems`` are
    sentences of ours; ``held_s``: the EHR is left alone for so many seconds, ``is_throttled``: since this round; ``is_full``: no more jobs may wait."""

    found: int = 0
    looked: int = 0
    failed: int = 0
    taken: int = 0
    reopened: int = 0
    withdrawn: int = 0
    files: int = 0
    files_refused: int = 0
    held_s: int = 0
    is_throttled: bool = False
    is_full: bool = False
    ways: list[Tried] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every way was tried and none failed, and all that was due could be looked at."""
        return not (self.held_s or self.is_full) and all(one.end is End.DONE for one in self.ways)

    @property
    def end(self) -> str:
        """In a word: ``held``: the EHR was or is left alone; ``full``; ``amiss``: there are problems; ``done``."""
        if self.held_s:
            return "held"
        return "full" if self.is_full else "amiss" if self.problems else "done"


@dataclass(frozen=True, slots=True)
class Round:
    """The rounds at one EHR; ``connect`` gives its client, which has :data:`PATIENCE`; ``now`` tells the time (aware); ``export`` is of way export."""

    tenant: str
    ehr: str
    discovery: Discovery
    store: Store
    finder: Finder
    looker: Looker
    folders: Sequence[DropFolder]
    connect: Callable[[], EhrClient]
    now: Callable[[], datetime]
    export: GroupExport | None = None
    chance: random.Random = field(default_factory=random.Random)

    def run(self, over: threading.Event) -> Report:
        """One round, to its end or until ``over``. Whatever the EHR does is told in the report."""
        report = Report()
        for folder in self.folders:
            swept = folder.sweep()
            report.found += swept.encounters
            report.files += swept.files
            report.files_refused += swept.refused
            report.problems += swept.problems
            report.ways.append(Tried(WayName.DROP, End.DONE if swept.is_swept else End.UNUSABLE, swept.encounters))
        held = self.store.held_until_s(self.tenant, self.ehr) - int(self.now().timestamp())
        if held > 0:
            report.held_s = held
            return report
        try:
            self._ask(self.connect(), report, over)
        except EhrError as error:
            until = self.store.hold(self.tenant, self.ehr, partial(self._wait_s, error))
            report.is_throttled = True
            report.held_s = max(0, until - int(self.now().timestamp()))
            report.problems.append(f"{error.message}; it is left alone for {report.held_s} s")
        return report

    def _ask(self, client: EhrClient, report: Report, over: threading.Event) -> None:
        """What is due is looked at before the ways have their turn, and what they found after: a search that always fails keeps nothing else waiting."""
        self._look(client, report, over)
        answered = False
        for way in self.discovery.ways:
            if over.is_set():
                return
            if way.name is WayName.DROP:
                continue
            try:
                tried = self._try(way, client, report, over)
                answered = answered or way.name is not WayName.EXPORT
            except FhirCoderError as error:
                is_throttling = _is_throttling(error)
                end = End.FAILED if isinstance(error, EhrError) else End.UNUSABLE
                report.ways.append(Tried(way.name, End.THROTTLED if is_throttling else end))
                if is_throttling:
                    raise
                report.problems.append(f"way {way.name}: {error.message}")
                continue
            report.ways.append(tried)
            report.found += tried.found
        if self.discovery.reread_days:
            since = self.now() - timedelta(days=self.discovery.reread_days)
            due = int(self.now().timestamp()) + self.discovery.reread_minutes * 60
            self.store.adopt_codings(self.tenant, self.ehr, since, due)
        if not report.is_full:
            self._look(client, report, over)
        if answered or report.looked:
            self.store.answered(self.tenant, self.ehr)
        self.store.forget(self.tenant, self.ehr)

    def _try(self, way: Way, client: EhrClient, report: Report, over: threading.Event) -> Tried:
        """A way's turn. That the EHR wants no export now, or has none yet, is of the export alone: what else it is asked goes on."""
        if way.name is not WayName.EXPORT or self.export is None:
            found = self.finder.find(way, client, over.is_set, lambda sentence: report.problems.append(f"way {way.name}: {sentence}"))
            return Tried(way.name, End.DONE, found)
        step = self.export.advance(client, over)
        if step.problem:
            report.problems.append(f"way {way.name}: {step.problem}")
        return Tried(way.name, End.FAILED if step.is_failed else End.DONE, step.found)

    def _look(self, client: EhrClient, report: Report, over: threading.Event) -> None:
        """Look at what is due until nothing is, or no more jobs may wait. What was claimed and not looked at is due again at once."""
        failures = 0
        while not over.is_set() and (rest := list(self.store.claim_due(self.tenant, self.ehr, AT_ONCE))):
            try:
                while rest and not over.is_set():
                    failures = self._look_at(client, rest[0], report, failures)
                    rest.pop(0)
            except Busy as error:
                report.is_full = True
                report.problems.append(f"{error.message}; discovery goes on from there later")
                return
            finally:
                if rest:
                    self.store.give_back(self.tenant, rest)

    def _look_at(self, client: EhrClient, one: Watched, report: Report, failures: int) -> int:
        """How many looks in a row the EHR has failed. It is given up for now when it asks for that, or failed so often; an encounter that it fails on is not
        the first again. Raises that EhrError, and Busy."""
        try:
            cause = self.looker.look(client, one)
            report.taken += cause in {Cause.NEW, Cause.CHANGED}
            report.reopened += cause is Cause.CHANGED
            report.withdrawn += cause is Cause.WITHDRAWN
            report.looked += 1
            return 0
        except EhrError as error:
            self.looker.failed(one, isinstance(error, EhrRefused))
            report.failed += 1
            if isinstance(error, EhrRefused) and error.ehr_status in OF_THE_ID:
                return failures
            if error.ehr_status in NOT_ACTED or failures + 1 >= MOST_FAILURES:
                raise
            report.problems.append(f"an encounter could not be looked at: {error.message}")
            return failures + 1
        except FhirCoderError:
            raise
        except Exception as error:  # an answer that nobody thought of is of this encounter alone
            self.looker.failed(one)
            report.failed += 1
            report.problems.append(f"an encounter could not be looked at ({type(error).__name__})")
            return failures

    def _wait_s(self, error: EhrError, failures: int) -> float:
        """As long as the EHR asks for, and at least longer with each failure in a row; an hour at most. Refusals do not make it longer: they may be of a few
        encounters that somebody named."""
        failures = 1 if isinstance(error, EhrRefused) else failures
        least = min(LONGEST_HOLD_S, FIRST_HOLD_S * 2 ** (min(failures, 20) - 1))
        asked = seconds_asked(error.retry_after, self.now) or 0.0
        return min(LONGEST_HOLD_S, max(asked, self.chance.uniform(least / 2, least)))


def _is_throttling(error: FhirCoderError) -> bool:
    """Whether the EHR as a whole is to be left alone: it says so, fails, or does not answer."""
    if isinstance(error, EhrTimeout):
        return True
    return isinstance(error, EhrUnavailable) and (error.ehr_status in NOT_ACTED or error.ehr_status == 0 or error.ehr_status >= 500)
