"""Encounters of a run: codings, ends, audit and lines are kept together or not at all, and by one of two alone."""

from __future__ import annotations

import itertools
import json
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.audit.verification import verify
from fhir_coder.bulk.ended import End
from fhir_coder.bulk.gathering import Gathered
from fhir_coder.bulk.parts import Lines, Part, cut, missing, next_part
from fhir_coder.bulk.work import TOGETHER, TOGETHER_S, Named, Work
from fhir_coder.errors import Conflict, EhrUnavailable, FhirCoderError, Uncodable, WorkerLost
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.store.repository import BesideAll
from fhir_coder.store.start import Stores, open_stores
from tests.bulk.crashing import TENANT, Instant
from tests.bulk.exports import lines_of
from tests.store.conftest import KEY, MARKER
from tests.stores import store_in

RUN = "r" * 32
NAMED = Named(TENANT, RUN, "", Agent(AgentKind.OPERATOR, "test"))


@dataclass
class Failing:
    """An engine that raises, and counts how often it was asked."""

    error: Exception
    asked: int = 0

    def propose(self, request: CodingRequest) -> CodingResult:
        """Never comes to a coding."""
        self.asked += 1
        raise self.error


@dataclass
class Site:
    stores: Stores
    out: Path

    def work(self, number: int = 0, engine: Any = None, **changes: Any) -> Work:
        made = Work(
            NAMED,
            engine or Instant(self.stores.repository),
            lambda encounter: Gathered(CodingRequest(TENANT, encounter_id=encounter), "v1"),
            self.stores.bulk_ends,
            self.stores.audit.append,
            Part(self.out, number),
        )
        return replace(made, **changes)

    def kept(self) -> tuple[int, int, int]:
        """Codings, rows of the run, and entries of the audit."""
        ends = self.stores.bulk_ends.counts(TENANT, RUN).ends
        return len(self.stores.repository.recent(TENANT, 99)), sum(ends.values()), len(list(self.stores.audit.lines(TENANT)))

    def cut(self) -> None:
        cut(self.out, self.stores.bulk_ends.lengths(TENANT, RUN))


class Counting:
    """Counts what waits for a disk."""

    transactions = writes = 0

    def engine(self, site: Site) -> Instant:
        counting = self

        class Counted(Instant):
            def keep_all(self, tenant: str, ehr: str, results: Sequence[CodingResult], beside: BesideAll) -> None:
                counting.transactions += 1
                super().keep_all(tenant, ehr, results, beside)

        return Counted(site.stores.repository)

    def part(self, site: Site) -> Part:
        counting = self

        class Counted(Part):
            def write(self, lines: Iterable[Lines]) -> None:
                counting.writes += 1
                super().write(lines)

        return Counted(site.out, 0)


@dataclass(frozen=True)
class Dying:
    """A process that is killed when it comes to a ``moment``: while it codes the last of three, in the transaction before the lines are written, in the
    midst of them, or when they stand and the transaction has not ended."""

    site: Site
    moment: str

    def work(self) -> Work:
        dying = self

        class Coding(Instant):
            def propose(self, request: CodingRequest) -> CodingResult:
                if request.encounter_id == "e2":
                    dying.die_at("coding")
                return super().propose(request)

        class Written(Part):
            def write(self, lines: Iterable[Lines]) -> None:
                dying.die_at("recording")
                first, *rest = lines
                super().write([first])
                dying.die_at("writing")
                super().write(rest)
                dying.die_at("written")

        return self.site.work(engine=Coding(self.site.stores.repository), part=Written(self.site.out, 0))

    def die_at(self, moment: str) -> None:
        if moment == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)


def ids(count: int) -> list[str]:
    return [f"e{number}" for number in range(count)]


def told_of(site: Site) -> list[str]:
    """The encounters of the output, by what is said of each, in order."""
    return [one["issue"][0]["diagnostics"].partition(":")[0] for one in lines_of(site.out, "OperationOutcome")]


def is_whole(site: Site) -> bool:
    """Whether no event of the audit is missing or was changed."""
    return verify(site.stores.audit.lines(TENANT)).is_whole


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    stores = open_stores(store_in(tmp_path), KEY)
    (tmp_path / "out").mkdir()
    yield Site(stores, tmp_path / "out")
    stores.close()


def test_everything_of_an_encounter_is_kept(site: Site) -> None:
    assert site.work().do("e1") == (End.CODED, "")
    assert site.kept() == (1, 1, 1)
    assert [len(lines_of(site.out, kind)) for kind in ("Condition", "OperationOutcome")] == [1, 1]


def test_of_two_with_one_encounter_the_second_keeps_nothing(site: Site) -> None:
    first, second = site.work(0), site.work(1)
    assert first.do("e1") == (End.CODED, "")
    before = {path.name: path.read_bytes() for path in site.out.iterdir()}
    assert second.do("e1") == (None, "")
    assert site.work(2, Failing(Uncodable("no note"))).do("e1") == (None, "")
    assert site.kept() == (1, 1, 1)
    assert {path.name: path.read_bytes() for path in site.out.iterdir()} == before


@pytest.mark.parametrize(
    ("error", "end", "code"),
    [
        (Uncodable("no note"), End.FAILED, "FC113"),
        (EhrUnavailable("the EHR is away"), End.AGAIN, "FC201"),
        (Conflict("another holds it"), End.AGAIN, "FC109"),
        (ZeroDivisionError(MARKER), End.AGAIN, FhirCoderError.code),
    ],
    ids=lambda value: getattr(value, "code", ""),
)
def test_a_failure_is_told_once_or_tried_again(site: Site, error: Exception, end: End, code: str, caplog: pytest.LogCaptureFixture) -> None:
    engine = Failing(error)
    assert site.work(0, engine).do("e1") == (end, code)
    assert len(lines_of(site.out, "OperationOutcome")) == (end is End.FAILED)
    assert MARKER not in caplog.text and engine.asked == 1
    assert list(site.stores.bulk_ends.ended(TENANT, RUN)) == (["Encounter/e1"] if end is End.FAILED else [])
    again = site.work(1).do("e1")
    assert again == ((None, "") if end is End.FAILED else (End.CODED, ""))
    assert site.kept()[0] == (end is End.AGAIN)


class Broken(Instant):
    """A store whose transaction fails when it ends, as when the line to it is cut: nobody can tell whether it was kept."""

    def keep_all(self, tenant: str, ehr: str, results: Sequence[CodingResult], beside: BesideAll) -> None:
        """Write everything, then fail."""

        def fail(connection: Any, saved: Sequence[CodingResult]) -> None:
            beside(connection, saved)
            raise OSError("the line is cut")

        super().keep_all(tenant, ehr, results, fail)


def test_lines_of_which_nobody_knows_whether_they_count_stay_until_the_store_is_asked(site: Site) -> None:
    work = site.work(0, Broken(site.stores.repository))
    with pytest.raises(OSError, match="cut"):
        work.do("e1")
    assert len(lines_of(site.out, "Condition")) == 1
    assert site.kept() == (0, 0, 0)
    assert site.work(1).do("e1") == (End.CODED, "")
    site.cut()
    assert sorted(path.name for path in site.out.iterdir()) == ["Condition.1.ndjson", "OperationOutcome.1.ndjson"]


def test_those_that_are_kept_together_take_one_transaction_and_one_wait_for_each_file(site: Site) -> None:
    waits = Counting()
    work = site.work(engine=waits.engine(site), part=waits.part(site))
    assert [one for one, _, _ in work.do_all(iter(ids(TOGETHER + 3)))] == ids(TOGETHER)
    assert (waits.transactions, waits.writes) == (1, 1)
    assert site.kept() == (TOGETHER, TOGETHER, TOGETHER)
    assert told_of(site) == [f"Encounter/{one}" for one in ids(TOGETHER)] and is_whole(site)


def test_what_takes_long_is_kept_before_the_next_is_begun(site: Site) -> None:
    now = itertools.count(0.0, TOGETHER_S / 2)
    assert len(site.work(clock=lambda: next(now)).do_all(iter(ids(TOGETHER)))) == 2


def test_one_that_cannot_be_kept_spoils_no_other(site: Site) -> None:
    """Of three that would be kept together one has ended before, and of one the store takes nothing."""

    class Refusing(Instant):
        def keep_all(self, tenant: str, ehr: str, results: Sequence[CodingResult], beside: BesideAll) -> None:
            if any(one.intake.encounter.reference == "Encounter/e2" for one in results):
                raise Conflict("the database is busy")
            super().keep_all(tenant, ehr, results, beside)

    assert site.work().do("e1") == (End.CODED, "")
    did = site.work(1, Refusing(site.stores.repository)).do_all(ids(4))
    assert did == [("e0", End.CODED, ""), ("e1", None, ""), ("e2", End.AGAIN, "FC109"), ("e3", End.CODED, "")]
    assert site.kept() == (3, 4, 4)
    assert site.work(2).do("e2") == (End.CODED, "")
    assert sorted(told_of(site)) == [f"Encounter/{one}" for one in ids(4)] and is_whole(site)


def test_failures_are_kept_with_the_codings_beside_them(site: Site) -> None:
    class Choosing(Instant):
        def propose(self, request: CodingRequest) -> CodingResult:
            if request.encounter_id == "e1":
                raise Uncodable("no note")
            return super().propose(request)

    did = site.work(engine=Choosing(site.stores.repository)).do_all(ids(3))
    assert did == [("e0", End.CODED, ""), ("e1", End.FAILED, "FC113"), ("e2", End.CODED, "")]
    assert site.kept() == (2, 3, 3) and is_whole(site)
    assert told_of(site) == [f"Encounter/{one}" for one in ids(3)]


@pytest.mark.parametrize("moment", ["coding", "recording", "writing", "written"])
def test_killed_among_those_that_are_kept_together(site: Site, moment: str) -> None:
    """A process dies with three encounters in its hands, whatever it was at: each is coded once afterwards, and told once."""
    if (child := os.fork()) == 0:
        site.stores.repository.forget_connections()
        Dying(site, moment).work().do_all(ids(3))
        os._exit(1)  # it should have died
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert site.kept() == (0, 0, 0)
    assert [end for _, end, _ in site.work(1).do_all(ids(3))] == [End.CODED] * 3
    site.cut()
    assert site.kept() == (3, 3, 3) and is_whole(site)
    assert told_of(site) == [f"Encounter/{one}" for one in ids(3)]


def test_a_disk_that_is_full_keeps_nothing(site: Site) -> None:
    class Full(Part):
        def write(self, lines: Any) -> None:
            super().write({kind: content[:20] for kind, content in one.items()} for one in lines)
            raise OSError("No space left on device")

    assert site.work().do("e0") == (End.CODED, "")
    with pytest.raises(OSError, match="space"):
        site.work(part=Full(site.out, 1)).do("e1")
    assert site.kept() == (1, 1, 1)
    site.cut()
    assert [one["id"] for one in lines_of(site.out, "Condition")] and len(lines_of(site.out, "OperationOutcome")) == 1


def test_an_audit_that_cannot_be_written_keeps_nothing(site: Site) -> None:
    def refuse(connection: Any, entry: Any) -> None:
        raise RuntimeError("the chain is broken")

    with pytest.raises(RuntimeError, match="chain"):
        site.work(append=refuse).do("e1")
    assert site.kept() == (0, 0, 0)


def test_an_encounter_that_is_put_aside_is_tried_again(site: Site) -> None:
    site.work().lose("e1", WorkerLost("lost twice"))
    assert site.stores.bulk_ends.counts(TENANT, RUN).again == {"FC503": 1}
    assert site.work(1).do("e1") == (End.CODED, "")
    site.work(2).lose("e1", WorkerLost("lost twice"))
    assert site.stores.bulk_ends.counts(TENANT, RUN).ends == {"coded": 1}


def test_parts_are_cut_to_what_was_kept(tmp_path: Path) -> None:
    (tmp_path / "Task.0.ndjson").write_bytes(b"one\ntwo\nto")
    (tmp_path / "Task.1.ndjson").write_bytes(b"torn")
    (tmp_path / "notes.txt").write_bytes(b"mine")
    lengths = {(0, "Task"): 8, (2, "Claim"): 3}
    assert missing(tmp_path, lengths) == ["Claim.2.ndjson"]
    assert next_part(tmp_path, [4]) == 5 and next_part(tmp_path, []) == 2
    cut(tmp_path, lengths)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"Task.0.ndjson": b"one\ntwo\n", "notes.txt": b"mine"}


def test_a_part_is_never_taken_over(tmp_path: Path) -> None:
    Part(tmp_path, 3).write([{"Task": b"{}\n"}])
    with pytest.raises(FileExistsError):
        Part(tmp_path, 3).write([{"Task": b"{}\n"}])
    assert (tmp_path / "Task.3.ndjson").stat().st_mode & 0o077 == 0


def test_the_audit_names_the_run_and_no_words(site: Site) -> None:
    site.work().do("e1")
    site.work(1, Failing(Uncodable("no note"))).do("e2")
    written = [line.content for line in site.stores.audit.lines(TENANT)]
    assert len(written) == 2 and MARKER not in "".join(written)
    for one in map(json.loads, written):
        details = {detail["type"]: detail["valueString"] for entity in one["entity"] for detail in entity.get("detail", ())}
        assert details["run"] == RUN
