"""One encounter of a run: its coding, its end, its audit and its lines are kept together or not at all, and by one of two alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.bulk.ended import End
from fhir_coder.bulk.gathering import Gathered
from fhir_coder.bulk.parts import Part, cut, missing, next_part
from fhir_coder.bulk.work import Named, Work
from fhir_coder.errors import Conflict, EhrUnavailable, FhirCoderError, Uncodable, WorkerLost
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.store.repository import BesideAll
from fhir_coder.store.start import Stores, open_stores
from tests.bulk.crashing import TENANT, Instant
from tests.bulk.exports import lines_of
from tests.store.conftest import KEY, MARKER

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


@pytest.fixture
def site(tables_of_sqlite: Path, tmp_path: Path) -> Iterator[Site]:
    stores = open_stores(f"sqlite:///{copyfile(tables_of_sqlite, tmp_path / 'store.sqlite')}", KEY)
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
