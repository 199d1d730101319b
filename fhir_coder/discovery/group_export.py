"""Way export: what is new or changed in a Group, by Bulk Data ``$export`` with ``_since``. A round takes one step and waits for nothing.

How far the export is stands in a folder (:mod:`fhir_coder.bulk.export_steps`), so that it goes on after a restart. Up to when the Group has been searched is the
``transactionTime`` of the last export of which everything was taken in; it stands in the store and moves then and only then. Source:
https://hl7.org/fhir/uv/bulkdata/export.html.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.bulk.export_steps import EXPORT, FIRST_WAIT_S, STATE, ExportSteps, Server, State, read_state
from fhir_coder.bulk.folder import held, make_folder
from fhir_coder.discovery.exported import Exported, read_exported
from fhir_coder.discovery.watched import Found, Mark
from fhir_coder.discovery_settings import Way, WayName
from fhir_coder.ehr.bulk_server import GONE, INSTANT, ExportAsked
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.encounter_search import KIND, first_day, is_of_now, last_day
from fhir_coder.ehr.encounter_version import hash_of
from fhir_coder.ehr.moments import moment
from fhir_coder.ehr.retry import seconds_asked
from fhir_coder.errors import Conflict, EhrError, EhrRefused, InvalidContent, ResourceDeleted, ResourceUnknown
from fhir_coder.exchange import Resource

TYPES = (KIND, "DocumentReference")
"""What tells that an encounter is new or changed. Notes are read when it is coded, from the EHR as it is then."""
LONGEST_WAIT_S, LONGEST_ASKED_S = 3600, 24 * 3600
"""Longest pause of our own, and longest that an EHR may ask for."""
GIVEN_UP_S = 2 * 24 * 3600
"""An export that is not here after so many seconds is asked for anew."""
CLOCKS_DIFFER_BY = timedelta(hours=1)
AT_ONCE = 100
"""Encounters that are put down, or read, before it is written down how far it is."""
MOST_READS = 500
"""Encounters that are read in one round: the other ways and what is due have their turn."""
_LOG = logging.getLogger("fhir_coder.discovery")


class Watches(Protocol):
    """What this needs of :class:`fhir_coder.store.discovery.DiscoveryStore`."""

    def mark(self, tenant: str, ehr: str, way: str) -> Mark:
        """How far a way has come."""

    def note(self, tenant: str, ehr: str, found: list[Found], way: str = "", mark: Mark | None = None) -> int:
        """Watch what was found."""

    def awaited(self, tenant: str, ehr: str, encounters: Sequence[str]) -> frozenset[str]:
        """Those of which something is expected."""


@dataclass(frozen=True, slots=True)
class Step:
    """``found``: encounters that are new or changed; ``problem``: what was wrong with the export, in a sentence or empty; ``is_failed``: it kept the export from
    going on."""

    found: int = 0
    problem: str = ""
    is_failed: bool = False


@dataclass(frozen=True, slots=True)
class GroupExport:
    """The exports of one EHR. ``folder`` is theirs alone; ``record`` writes into the audit what leaves the EHR; ``wait_days``: an encounter that ended longer ago
    is not taken up; ``now`` tells the time (aware)."""

    tenant: str
    ehr: str
    way: Way
    wait_days: int
    store: Watches
    server: Callable[[], Server]
    folder: Path
    record: Callable[[AuditEntry], object]
    now: Callable[[], datetime]

    def advance(self, client: EhrClient, over: threading.Event) -> Step:
        """One step. Raises an EhrError where an encounter that is to be read cannot be: what was read until then is not read again."""
        try:
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_folder(self.folder)
            with held(self.folder, 0):
                return self._advance(client, over)
        except Conflict:
            return Step()  # another process is at it
        except OSError as error:
            return Step(problem=f"the folder of exports cannot be used ({type(error).__name__})", is_failed=True)
        except InvalidContent as error:
            return Step(problem=error.message, is_failed=True)

    def _advance(self, client: EhrClient, over: threading.Event) -> Step:
        state = self._state()
        if state is None or state.ask_at_s > self._seconds():
            return Step()
        steps = ExportSteps(self.server(), self.folder, _tell, self.now)
        try:
            if not state.is_here and not self._fetch(steps, state):
                return Step()
        except EhrError as error:
            return Step(problem=self._put_off(steps, state, error), is_failed=True)
        return self._take_in(steps, state, client, over)

    # ------------------------------------------------------------------------------------------------------------- the export

    def _state(self) -> State | None:
        """The export that is under way, or the one that is due now; None where none is."""
        try:
            state = read_state(self.folder)
        except InvalidContent:
            state = None
            self._clear()
        if state is not None and state.asked.group == self.way.group:
            return state
        mark = self.store.mark(self.tenant, self.ehr, WayName.EXPORT)
        last = moment(mark.place)
        if last <= self.now() < last + timedelta(minutes=self.way.every_minutes):
            return None
        since = mark.mark or (self.now() - timedelta(days=self.way.back_days)).astimezone(UTC).isoformat(timespec="seconds")
        self._clear()
        return State(self.ehr, ExportAsked(self.way.group, since, TYPES), begun_s=self._seconds())

    def _fetch(self, steps: ExportSteps, state: State) -> bool:
        """Whether all files are here. Raises an EhrError."""
        if state.job and self._seconds() - state.begun_s > GIVEN_UP_S:
            steps.forget(state)
            raise EhrRefused("the EHR did not come to the end of an export in two days; another is asked for", ehr_status=min(GONE))
        if not state.job:
            steps.save(state)  # what could not be written down would be asked for again in each round
            detail = {"ehr": self.ehr, "group": self.way.group, "since": state.asked.since}
            agent = Agent(AgentKind.SOFTWARE)
            self.record(AuditEntry(self.tenant, "bulk-export", Action.EXECUTE, Success.DONE, agent, detail=detail))
            steps.kick_off(state)
            state.waits = 0
            self._pause(steps, state, None, FIRST_WAIT_S)
            return False
        if not state.has_manifest:
            progress = steps.ask(state)
            if not progress.is_here:
                self._pause(steps, state, progress.wait_s, LONGEST_WAIT_S)
                return False
        steps.download(state)
        return True

    def _put_off(self, steps: ExportSteps, state: State, error: EhrError) -> str:
        """Go on later; from the beginning where the EHR knows the export no more."""
        if state.job and error.ehr_status in GONE:
            self._clear()
            state = State(self.ehr, state.asked, begun_s=self._seconds(), waits=state.waits)
        self._pause(steps, state, seconds_asked(error.retry_after, self.now), LONGEST_WAIT_S)
        return f"{error.message}; the export goes on in {state.ask_at_s - self._seconds()} s"

    def _pause(self, steps: ExportSteps, state: State, asked_s: float | None, longest_s: float) -> None:
        """As long as the EHR asks for, a day at most; else longer each time."""
        own = min(longest_s, FIRST_WAIT_S * 2 ** min(state.waits, 20))
        state.ask_at_s = self._seconds() + int(own if asked_s is None else min(max(asked_s, 1.0), LONGEST_ASKED_S))
        state.waits += 1
        steps.save(state)

    def _clear(self) -> None:
        (self.folder / STATE).unlink(missing_ok=True)
        shutil.rmtree(self.folder / EXPORT, ignore_errors=True)

    # ------------------------------------------------------------------------------------------------------ what stands in it

    def _take_in(self, steps: ExportSteps, state: State, client: EhrClient, over: threading.Event) -> Step:
        """Watch what the export tells of, a part in each round; with the last the mark moves and the files go."""
        read = read_exported([self.folder / EXPORT / name for name in sorted(state.done)])
        count, today = 0, self.now().date()
        if not state.taken:
            found = [one.found for one in read.encounters.values() if is_of_now(one.first, one.last, today, self.wait_days)]
            count += self.store.note(self.tenant, self.ehr, found)
        named = sorted(read.documented - set(read.encounters))
        until = min(len(named), state.taken + MOST_READS)
        while state.taken < until and not over.is_set():
            part = named[state.taken : min(state.taken + AT_ONCE, until)]
            count += self.store.note(self.tenant, self.ehr, self._of_documents(part, client))
            state.taken += len(part)
            steps.save(state)
        if state.taken >= len(named):
            began = datetime.fromtimestamp(state.begun_s, UTC).isoformat()
            self.store.note(self.tenant, self.ehr, [], WayName.EXPORT, Mark(self._reached(state), began))
            self._clear()
            return Step(count, _problem(read, state))
        return Step(count)

    def _of_documents(self, named: Sequence[str], client: EhrClient) -> list[Found]:
        """Encounters that documents name and that are not in the export themselves: they are read, unless they are watched, to know of what day they are."""
        watched = self.store.awaited(self.tenant, self.ehr, named)
        found = [Found(one) for one in named if one in watched]
        for one in named:
            if one not in watched:
                try:
                    encounter = client.read(KIND, one)
                except (ResourceUnknown, ResourceDeleted, EhrRefused):
                    continue
                if is_of_now(*_days(encounter), self.now().date(), self.wait_days):
                    found.append(Found(one, hash_of(encounter)))
        return found

    def _reached(self, state: State) -> str:
        """The ``transactionTime``, by the EHR's own clock. One that is none, or far from now, is not believed: the moment at which we asked stands for it, with
        what clocks may differ by."""
        began = datetime.fromtimestamp(state.begun_s, UTC)
        if INSTANT.fullmatch(state.time) and moment(state.time) <= self.now() + CLOCKS_DIFFER_BY:
            return state.time
        return (began - CLOCKS_DIFFER_BY).isoformat(timespec="seconds")

    def _seconds(self) -> int:
        return int(self.now().timestamp())


def _days(encounter: Resource) -> tuple[date | None, date | None]:
    return first_day(encounter), last_day(encounter)


def _problem(read: Exported, state: State) -> str:
    told = [f"{read.bad} lines could not be read"] if read.bad else []
    told += [f"the EHR says that it could not export everything ({state.errors} files of errors)"] if state.errors else []
    return f"an export was taken in, but {' and '.join(told)}" if told else ""


def _tell(sentence: str) -> None:
    _LOG.info("export: %s", sentence)
