"""Many encounters at once: processes forked from one that has everything loaded, each with its own part of the output.

The parent hands out ids, enough of them that nobody waits, and takes back how each ended. A process takes of what it has at hand as many as it keeps
together. One that is lost is replaced, and what it had in hand is handed out again, now each to be done alone, so that it is told whose fault it was if
another process is lost: the store knows what had ended. When the parent is lost the pipes close, and the others end after the encounter in hand.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

from fhir_coder.api.log import FIELDS, kind_of, places
from fhir_coder.bulk.ended import Did, End
from fhir_coder.bulk.work import TOGETHER
from fhir_coder.errors import WorkerLost

_LOG = logging.getLogger("fhir_coder.bulk")
AHEAD = 2 * TOGETHER
"""Encounters in the hands of one process: those it keeps together, and the next."""
LOST_AT_MOST = 2
"""How often whoever codes an encounter alone is lost before the encounter is put aside until the run is resumed."""
LOST_IN_A_ROW = 8
"""How many processes may be lost without an encounter ended between them, before the run stops."""
FIRST_PAUSE_S = 0.5
"""How long is waited before the second of them is replaced, and twice as long before each one more, a minute in all: the database may be away, or the disk full, for a while."""

Do = Callable[[Iterable[str]], list[Did]]
"""Does of the encounters at hand as many as it keeps together, at least the first."""
_Handed = tuple[str, bool]
"""An encounter's id, and whether it is to be done alone."""


@dataclass
class _Process:
    """One forked process, as its parent sees it. ``in_hand`` are ids in the order in which they are done."""

    pid: int
    pipe: Connection
    in_hand: deque[str] = field(default_factory=deque)


@dataclass
class Processes:
    """``before`` is called before each fork, ``begin`` in the new process, and gives what does encounters; ``lose`` puts one aside."""

    count: int
    begin: Callable[[], Do]
    lose: Callable[[str, WorkerLost], None]
    before: Callable[[], object]
    pause: Callable[[float], None] = time.sleep
    _running: list[_Process] = field(default_factory=list)
    _alone: set[str] = field(default_factory=set)
    _losses: dict[str, int] = field(default_factory=dict)
    _in_a_row: int = 0

    def each(self, encounters: Iterator[str]) -> Generator[Did]:
        """What becomes of each encounter, as it is told. Raises WorkerLost when processes are lost one after the other."""
        waiting: deque[str] = deque()
        try:
            while self._hand_out(waiting, encounters):
                for pipe in wait([one.pipe for one in self._running]):
                    process = next(one for one in self._running if one.pipe is pipe)
                    try:
                        done: list[Did] = process.pipe.recv()
                    except (EOFError, OSError):
                        yield from self._replace(process, waiting)
                        continue
                    for encounter, _, _ in done:
                        process.in_hand.remove(encounter)
                    self._in_a_row = 0
                    yield from done
        finally:
            self._dismiss()

    def _hand_out(self, waiting: deque[str], encounters: Iterator[str]) -> bool:
        """Give every process enough to do, and start those that are not there; whether anything is being done."""
        for ahead in range(1, AHEAD + 1):
            for process in self._running:
                if len(process.in_hand) < ahead and (encounter := _next(waiting, encounters)):
                    self._give(process, encounter)
        while len(self._running) < self.count and (encounter := _next(waiting, encounters)):
            process = self._start()
            self._running.append(process)
            self._give(process, encounter)
        return any(one.in_hand for one in self._running)

    def _give(self, process: _Process, encounter: str) -> None:
        process.in_hand.append(encounter)
        with suppress(OSError):  # it is lost: its pipe says so when it is next read
            process.pipe.send((encounter, encounter in self._alone))

    def _replace(self, process: _Process, waiting: deque[str]) -> Iterator[Did]:
        """A process was lost. What it had in hand is handed out again; an encounter that it did alone counts as its loss."""
        self._running.remove(process)
        process.pipe.close()
        os.waitpid(process.pid, 0)
        self._in_a_row += 1
        if self._in_a_row > LOST_IN_A_ROW:
            raise WorkerLost("processes are lost one after the other; the run was stopped and can be resumed")
        if self._in_a_row > 1:
            self.pause(FIRST_PAUSE_S * 2 ** (self._in_a_row - 2))
        if not process.in_hand:
            return
        is_alone = process.in_hand[0] in self._alone
        self._alone.update(process.in_hand)
        if is_alone:
            yield from self._count_loss(process.in_hand.popleft(), waiting)
        waiting.extendleft(reversed(process.in_hand))

    def _count_loss(self, encounter: str, waiting: deque[str]) -> Iterator[Did]:
        self._losses[encounter] = self._losses.get(encounter, 0) + 1
        if self._losses[encounter] < LOST_AT_MOST:
            waiting.append(encounter)
            return
        error = WorkerLost(f"the process that coded the encounter was lost {LOST_AT_MOST} times")
        try:
            self.lose(encounter, error)
        except Exception as failed:  # what took the processes along may keep the store away from this one too
            _tell_of("an encounter could not be put aside", failed)
            waiting.append(encounter)
            return
        yield encounter, End.AGAIN, error.code

    def _start(self) -> _Process:
        self.before()
        ours, theirs = Pipe()
        pid = os.fork()
        if pid == 0:
            try:
                for other in (ours, *(one.pipe for one in self._running)):
                    other.close()
                _serve(theirs, self.begin)
            finally:
                os._exit(1)
        theirs.close()
        return _Process(pid, ours)

    def _dismiss(self) -> None:
        """Let every process end after the encounter that it has begun."""
        for process in self._running:
            process.pipe.close()
        for process in self._running:
            os.waitpid(process.pid, 0)
        self._running.clear()


def _serve(pipe: Connection, begin: Callable[[], Do]) -> None:
    """Do what is handed out until the parent has no more, or is gone. Whatever else goes wrong ends the process, which is then lost."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard interrupts all: the parent says when to end
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        do, kept_back = begin(), list[_Handed]()
        while True:
            pipe.send(do(_at_hand(pipe, kept_back)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(0)
    except Exception as error:
        _tell_of("a process ends", error)


def _tell_of(what: str, error: Exception) -> None:
    _LOG.error(what, extra={FIELDS: {"exception": kind_of(error), "places": list(places(error.__traceback__))}})


def _at_hand(pipe: Connection, kept_back: list[_Handed]) -> Iterator[str]:
    """What may be done together: the next encounter, which is waited for, and then those that are there already. One that is to be done alone comes alone;
    where it was taken too early it is kept back for the next time. Nothing more is begun when the parent is gone."""
    encounter, is_alone = kept_back.pop() if kept_back else pipe.recv()
    yield encounter
    while not is_alone and pipe.poll() and not _is_left(pipe):
        encounter, is_alone = handed = pipe.recv()
        if is_alone:
            kept_back.append(handed)
        else:
            yield encounter


def _is_left(pipe: Connection) -> bool:
    """Whether the other side is closed, though there may be something to read still."""
    poll = select.poll()
    poll.register(pipe, 0)  # closing is always told
    return bool(poll.poll(0))


def _next(waiting: deque[str], encounters: Iterator[str]) -> str:
    """What was handed out before comes first; empty when there is nothing more."""
    return waiting.popleft() if waiting else next(encounters, "")
