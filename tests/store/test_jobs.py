"""The table of jobs: who may ask after one, who does it, what is kept of it and for how long, on each kind of database."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, inspect, text

from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.errors import Busy, ConfigurationError, Conflict, ResourceUnknown
from fhir_coder.jobs.job import Answer, Caller, Claimed, Job, JobLimits, Priority, State
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.deletion import Deletion
from fhir_coder.store.engine import open_engine
from fhir_coder.store.job_claims import JobClaims
from fhir_coder.store.job_sweeping import ARRIVES_S, JobSweeping
from fhir_coder.store.jobs import RETRY_AFTER_S, Jobs
from fhir_coder.store.repository import Repository
from fhir_coder.store.rotation import Rotation
from tests.store.conftest import KEY, MARKER, coding_result
from tests.store.test_upgrade import move

ASKED = f'{{"note": "{MARKER} syndrome"}}'
ANSWER = Answer(200, f'{{"resourceType": "Parameters", "id": "{MARKER}"}}')
LIMITS = JobLimits(waiting=30, at_once=8, attempts=3, lease_s=60, kept_s=3600, dead_s=7200)
START_S = 1_800_000_000


def caller(address: str = "a", name: str = "engine") -> Caller:
    return Caller(name, address)


@dataclass
class Desk:
    """The three sides of the table over one database, and the time that a test moves."""

    engine: Engine
    limits: JobLimits = LIMITS
    key: str = KEY
    at: float = START_S
    made: int = field(default=0)

    def __post_init__(self) -> None:
        cipher = Cipher(self.key)
        self.jobs = Jobs(self.engine, cipher, self.limits, self.now)
        self.claims = JobClaims(self.engine, cipher, self.limits, self.now)
        self.audit = AuditLog(self.engine, Observer("coder.example"))
        self.sweeping = JobSweeping(self.engine, cipher, self.audit, self.limits, self.now)
        self.repository = Repository(self.engine, cipher)

    def now(self) -> float:
        return self.at

    def with_limits(self, **changes: int) -> Desk:
        return Desk(self.engine, replace(self.limits, **changes), self.key, self.at)

    def add(self, tenant: str = "north", address: str = "", priority: Priority = Priority.INTERACTIVE) -> Job:
        self.made += 1
        return self.jobs.add(tenant, caller(address or f"made {self.made}"), ASKED, "Encounter/e1", priority)

    def claimed(self, job: Job) -> Claimed:
        found = self.claims.claim(job.id)
        assert found is not None
        return found

    def finish(self, claimed: Claimed, coding: str = "c1") -> None:
        with self.claims.writing() as connection:
            self.claims.finish(connection, claimed, ANSWER, coding)

    def fail(self, claimed: Claimed) -> None:
        with self.claims.writing() as connection:
            self.claims.fail(connection, claimed, Answer(422, "{}"), "FC113")

    def give_up(self, claimed: Claimed, error: str = "FC201") -> None:
        with self.claims.writing() as connection:
            self.claims.give_up(connection, claimed, error)

    def take_back(self) -> list[tuple[State, str]]:
        """What was taken back, as it stands now, and what of the asked was to be read for the audit of a dead one."""
        read: dict[str, str] = {}

        def entry_of(job: Job, asked: str) -> AuditEntry:
            read[job.id] = asked
            return AuditEntry(
                job.tenant, "code-encounter", Action.EXECUTE, Success.FAILED, Agent(AgentKind.SOFTWARE), detail={"job": job.id}
            )

        return [(job.state, read.get(job.id, "")) for job in self.sweeping.take_back(entry_of)]

    def told(self, tenant: str = "north") -> list[str]:
        """The jobs of the entries in a tenant's audit."""
        events = [json.loads(line.content) for line in self.audit.lines(tenant)]
        details = [detail for event in events for entity in event["entity"] for detail in entity.get("detail", ())]
        return [one["valueString"] for one in details if one["type"] == "job"]

    def row(self, job: Job) -> dict[str, Any]:
        with self.engine.connect() as connection:
            return dict(connection.execute(text("SELECT * FROM job WHERE id = :id"), {"id": job.id}).mappings().one())

    def state(self, job: Job) -> State:
        return State(self.row(job)["state"])


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    engine = open_engine(database_url)
    yield Desk(engine)
    engine.dispose()


# ------------------------------------------------------------------------------------------------------------- the caller's side


def test_a_job_waits_until_it_has_an_answer(desk: Desk) -> None:
    job = desk.add(address="a")
    assert (job.state, job.attempts, job.encounter, job.created_s, job.expires_s) == (State.WAITING, 0, "Encounter/e1", START_S, 0)
    waiting = desk.jobs.find("north", caller("a"))
    assert waiting is not None and (waiting.job, waiting.answer, waiting.before) == (job, None, 0)
    desk.at += 5
    desk.finish(desk.claimed(job))
    done = desk.jobs.find("north", caller("a"))
    assert done is not None and done.answer == ANSWER
    assert (done.job.state, done.job.coding, done.job.started_s, done.job.expires_s) == (State.DONE, "c1", START_S + 5, START_S + 3605)


@pytest.mark.parametrize(
    ("tenant", "who"),
    [("south", caller("a")), ("north", caller("b")), ("north", caller("a", "another")), ("north", caller("A"))],
    ids=["another tenant", "another address", "another caller", "an address in capitals"],
)
@pytest.mark.parametrize("is_done", [False, True], ids=["waiting", "done"])
def test_nobody_else_finds_or_cancels_it(desk: Desk, tenant: str, who: Caller, is_done: bool) -> None:
    job = desk.add(address="a")
    if is_done:
        desk.finish(desk.claimed(job))
    assert desk.jobs.find(tenant, who) is None and desk.jobs.cancel(tenant, who) is False
    assert desk.jobs.find("north", caller("a")) is not None


def test_neither_address_nor_caller_stands_in_the_table(desk: Desk) -> None:
    row = desk.row(desk.jobs.add("north", caller("secret-address", "secret-client"), ASKED, "Encounter/e1"))
    assert "secret" not in repr(row) and MARKER not in repr(row)


def test_how_many_go_before_a_job(desk: Desk) -> None:
    desk.add(priority=Priority.BULK)
    desk.add()
    desk.add("south")
    desk.add(address="mine")
    desk.add()
    standing = desk.jobs.find("north", caller("mine"))
    assert standing is not None and standing.before == 1


def test_an_answer_is_gone_when_its_time_is_over(desk: Desk) -> None:
    desk.finish(desk.claimed(desk.add(address="a")))
    desk.at += 3599
    assert desk.jobs.find("north", caller("a")) is not None
    desk.at += 1
    assert desk.jobs.find("north", caller("a")) is None
    assert desk.sweeping.prune() == 1 and desk.jobs.entries("north") == ()


@pytest.mark.parametrize("is_done", [False, True], ids=["waiting", "done"])
def test_a_cancelled_job_holds_nothing_and_is_found_no_more(desk: Desk, is_done: bool) -> None:
    job = desk.add(address="a")
    if is_done:
        desk.finish(desk.claimed(job))
    assert desk.jobs.cancel("north", caller("a"))
    row = desk.row(job)
    assert (row["state"], row["asked"], row["answer"], row["status"]) == ("cancelled", None, None, 0)
    assert desk.jobs.find("north", caller("a")) is None and not desk.jobs.cancel("north", caller("a"))
    assert desk.claims.claim(job.id) is None
    desk.at += 3600
    assert desk.sweeping.prune() == 1


def test_as_many_jobs_of_a_tenant_wait_as_may(desk: Desk) -> None:
    few = desk.with_limits(waiting=2)
    first = few.add()
    few.add()
    with pytest.raises(Busy) as refused:
        few.add()
    assert refused.value.headers == {"Retry-After": str(RETRY_AFTER_S)}
    few.add("south")
    few.finish(few.claimed(first))
    few.add()


def test_without_a_key_nothing_is_taken_on(database_url: str) -> None:
    engine = open_engine(database_url)
    desk = Desk(engine, key="")
    assert not desk.jobs.can_keep
    with pytest.raises(ConfigurationError, match="FHIR_CODER_KEY"):
        desk.add()
    engine.dispose()


def test_a_job_that_was_sealed_needs_its_key(desk: Desk) -> None:
    job = desk.add()
    with pytest.raises(ConfigurationError, match="FHIR_CODER_KEY"):
        Desk(desk.engine, key="").claims.claim(job.id)
    assert desk.state(job) is State.WAITING and desk.row(job)["attempts"] == 0
    other = Desk(desk.engine, key=urlsafe_b64encode(bytes(range(32, 64))).decode()).claimed(job)
    assert (other.asked, other.job.attempts) == ("", 1)


# -------------------------------------------------------------------------------------------------------------- the worker's side


def test_a_claim_brings_what_is_asked_once(desk: Desk) -> None:
    job = desk.add()
    claimed = desk.claimed(job)
    assert (claimed.asked, claimed.job.state, claimed.job.attempts) == (ASKED, State.RUNNING, 1)
    assert desk.claims.claim(job.id) is None and desk.claims.claim_next() is None and desk.claims.claim("nowhere") is None


def test_what_is_asked_goes_with_the_end_of_a_job(desk: Desk) -> None:
    for end in (desk.finish, desk.fail):
        claimed = desk.claimed(desk.add())
        end(claimed)
        row = desk.row(claimed.job)
        assert row["asked"] is None and row["answer"] is not None and row["lease_until_s"] == 0


def test_jobs_go_by_priority_then_by_age(desk: Desk) -> None:
    bulk = desk.add(priority=Priority.BULK)
    first = desk.add()
    desk.at += 1
    other, second = desk.add("south"), desk.add()
    taken = [desk.claims.claim_next() for _ in range(4)]
    assert [one.job.id if one else "" for one in taken] == [first.id, other.id, second.id, bulk.id]


def test_one_tenant_has_so_many_at_once_and_another_goes_on(desk: Desk) -> None:
    few = desk.with_limits(at_once=2)
    first = few.add()
    for _ in range(3):
        few.add()
    south = few.add("south", priority=Priority.BULK)
    claimed = [few.claims.claim_next() for _ in range(4)]
    assert Counter(one.job.tenant for one in claimed if one) == {"north": 2, "south": 1} and claimed[3] is None
    assert claimed[2] is not None and claimed[2].job.id == south.id
    assert claimed[0] is not None and claimed[0].job.id == first.id
    few.finish(claimed[0])
    assert few.claims.claim_next() is not None and few.claims.claim_next() is None


def test_each_job_is_claimed_once_by_many_threads(desk: Desk) -> None:
    """And never more of a tenant at once than may be."""
    few = desk.with_limits(at_once=3)
    jobs = [few.add(tenant) for tenant in ("north", "south") for _ in range(12)]
    seen: list[str] = []
    running: Counter[str] = Counter()
    most: Counter[str] = Counter()
    lock, together = threading.Lock(), threading.Barrier(6)

    def work() -> None:
        together.wait()
        missed = 0
        while missed < 20:
            claimed = few.claims.claim_next()
            if claimed is None:
                missed += 1
                continue
            with lock:
                seen.append(claimed.job.id)
                running[claimed.job.tenant] += 1
                most[claimed.job.tenant] = max(most[claimed.job.tenant], running[claimed.job.tenant])
            with lock:
                running[claimed.job.tenant] -= 1
            few.finish(claimed)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert sorted(seen) == sorted(job.id for job in jobs)
    assert max(most.values()) <= 3
    assert {few.state(job) for job in jobs} == {State.DONE}


CLAIM_ALL = """
import sys
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.job_claims import JobClaims
from fhir_coder.jobs.job import JobLimits
claims = JobClaims(open_engine(sys.argv[1]), Cipher(sys.argv[2]), JobLimits(at_once=100))
print("ready", flush=True)
sys.stdin.readline()
while claimed := claims.claim_next():
    print(claimed.job.id, flush=True)
"""


def test_each_job_is_claimed_once_by_many_processes(desk: Desk, database_url: str) -> None:
    desk.at = int(time.time())
    jobs = [desk.add() for _ in range(30)]
    command_line = [sys.executable, "-c", CLAIM_ALL, database_url, KEY]
    processes = [subprocess.Popen(command_line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for one in processes:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    said = []
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    for one in processes:
        said += one.communicate(timeout=60)[0].split()
    assert sorted(said) == sorted(job.id for job in jobs)


def test_a_lease_that_is_renewed_lasts(desk: Desk) -> None:
    claimed = desk.claimed(desk.add())
    for _ in range(5):
        desk.at += 50
        assert desk.claims.renew(claimed) and desk.take_back() == []
    desk.finish(claimed)
    assert not desk.claims.renew(claimed)


def test_who_stalls_loses_the_job_and_keeps_no_coding(desk: Desk) -> None:
    """The coding and the end of the job are one transaction, which the loser's is refused with."""
    job = desk.add(address="a")
    stalled = desk.claimed(job)
    desk.at += 61
    assert desk.take_back() == [(State.WAITING, "")]
    assert desk.row(job)["error"] == "FC503" and desk.told() == [], "it is not at its end"
    second = desk.claimed(job)
    assert second.job.attempts == 2 and second.lease != stalled.lease and second.asked == ASKED
    assert not desk.claims.renew(stalled)
    with pytest.raises(Conflict):
        desk.repository.save(
            "north", "main", coding_result(), lambda connection, result: desk.claims.finish(connection, stalled, ANSWER, result.coding_id)
        )
    desk.fail(stalled)
    desk.claims.postpone(stalled, 5, "FC201")
    assert desk.state(job) is State.RUNNING and desk.repository.recent("north", 9) == ()
    coding = desk.repository.save(
        "north", "main", coding_result(), lambda connection, result: desk.claims.finish(connection, second, ANSWER, result.coding_id)
    )
    assert [one.id for one in desk.repository.recent("north", 9)] == [coding]
    found = desk.jobs.find("north", caller("a"))
    assert found is not None and found.job.coding == coding and found.answer == ANSWER


def test_who_stalled_keeps_nothing_while_the_job_waits_for_another(desk: Desk) -> None:
    stalled = desk.claimed(desk.add())
    desk.at += 61
    desk.take_back()
    with pytest.raises(Conflict):
        desk.finish(stalled)


def test_a_job_that_was_cancelled_while_it_was_done_keeps_its_coding_and_no_answer(desk: Desk) -> None:
    job = desk.add(address="a")
    claimed = desk.claimed(job)
    assert desk.jobs.cancel("north", caller("a")) and not desk.claims.renew(claimed)
    desk.finish(claimed)
    row = desk.row(job)
    assert (row["state"], row["answer"], row["coding"]) == ("cancelled", None, "")


def test_a_job_is_tried_so_often_and_is_dead_then(desk: Desk) -> None:
    job = desk.add(address="a")
    for attempt in (1, 2):
        assert desk.claims.postpone(desk.claimed(job), 10.2, "FC201")
        row = desk.row(job)
        assert (row["state"], row["attempts"], row["error"], row["next_attempt_s"]) == ("waiting", attempt, "FC201", int(desk.at) + 11)
        assert desk.claims.claim(job.id) is None and desk.claims.claim_next() is None
        desk.at += 11
    last = desk.claimed(job)
    assert not desk.claims.postpone(last, 10, "FC201")
    desk.give_up(last)
    dead = desk.jobs.find("north", caller("a"))
    assert dead is not None and (dead.job.state, dead.job.error, dead.answer) == (State.DEAD, "FC201", None)
    assert desk.row(job)["asked"] is not None, "a person may try it again"
    desk.at += 7200
    assert desk.sweeping.prune() == 1


def test_a_worker_that_is_lost_each_time_leaves_a_dead_job(desk: Desk) -> None:
    job = desk.add()
    for _ in range(3):
        last = desk.claimed(job)
        desk.at += 61
        taken = desk.take_back()
    assert taken == [(State.DEAD, ASKED)] and desk.told() == [job.id]
    row = desk.row(job)
    assert (row["state"], row["error"], row["expires_s"]) == ("dead", "FC503", int(desk.at) + 7200)
    assert row["asked"] is not None, "a person may try it again"
    assert desk.claims.claim(job.id) is None and desk.take_back() == []
    with pytest.raises(Conflict):
        desk.give_up(last)


def test_what_the_audit_does_not_take_is_not_dead(desk: Desk) -> None:
    one = desk.with_limits(attempts=1)
    job = one.add()
    one.claimed(job)
    one.at += 61

    def fail(job: Job, asked: str) -> AuditEntry:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        one.sweeping.take_back(fail)
    assert one.state(job) is State.RUNNING and one.told() == []
    assert one.take_back() == [(State.DEAD, ASKED)] and one.told() == [job.id]


@pytest.mark.parametrize("key", ["", urlsafe_b64encode(bytes(range(32, 64))).decode()], ids=["no key", "another key"])
def test_what_cannot_be_opened_is_dead_all_the_same(desk: Desk, key: str) -> None:
    one = desk.with_limits(attempts=1)
    job = one.add()
    one.claimed(job)
    assert Desk(desk.engine, one.limits, key, one.at + 61).take_back() == [(State.DEAD, "")] and one.told() == [job.id]


def test_each_lost_job_is_taken_back_and_told_once_by_many_threads(desk: Desk) -> None:
    """While workers that were thought lost give up what they have, in transactions that hold the audit as well."""
    one = desk.with_limits(attempts=1)
    jobs = [one.add(tenant) for tenant in ("north", "south") for _ in range(8)]
    claimed = [one.claimed(job) for job in jobs]
    one.at += 61
    together, seen = threading.Barrier(3), []

    def sweep() -> None:
        together.wait()
        seen.extend(one.take_back())

    def give_up() -> None:
        together.wait()
        for each in claimed:
            with suppress(Conflict), one.claims.writing() as connection:
                job = each.job
                one.audit.append(
                    connection,
                    AuditEntry(job.tenant, "x", Action.EXECUTE, Success.FAILED, Agent(AgentKind.SOFTWARE), detail={"job": job.id}),
                )
                one.claims.give_up(connection, each, "FC201")

    threads = [threading.Thread(target=target) for target in (sweep, sweep, give_up)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {one.state(job) for job in jobs} == {State.DEAD}
    assert sorted(one.told() + one.told("south")) == sorted(job.id for job in jobs)
    assert len(seen) == sum(one.row(job)["error"] == "FC503" for job in jobs)


def test_a_dead_job_is_tried_again_as_if_it_were_new(desk: Desk) -> None:
    one = desk.with_limits(attempts=1)
    job = one.add(address="a")
    with pytest.raises(ResourceUnknown):
        one.jobs.try_again("north", job.id)
    one.give_up(one.claimed(job))
    with pytest.raises(ResourceUnknown):
        one.jobs.try_again("south", job.id)
    again = one.jobs.try_again("north", job.id)
    assert (again.state, again.attempts, again.expires_s) == (State.WAITING, 0, 0)
    claimed = one.claimed(job)
    assert claimed.asked == ASKED
    one.finish(claimed)
    found = one.jobs.find("north", caller("a"))
    assert found is not None and found.answer == ANSWER and found.job.error == ""


def test_the_operator_lists_and_drops_by_tenant(desk: Desk) -> None:
    first, second = desk.add(), desk.add()
    desk.add("south")
    desk.fail(desk.claimed(first))
    assert [one.id for one in desk.jobs.entries("north")] == [second.id, first.id]
    assert [one.id for one in desk.jobs.entries("north", (State.FAILED,))] == [first.id]
    assert not desk.jobs.drop("south", first.id) and desk.state(first) is State.FAILED
    assert desk.jobs.drop("north", first.id) and not desk.jobs.drop("north", first.id)


# ----------------------------------------------------------------------------------------------------------------- the broker's side


def ids(jobs: Sequence[Job]) -> list[str]:
    return [job.id for job in jobs]


def test_a_broker_is_told_of_each_job_once_and_of_no_more_than_are_done_at_once(desk: Desk) -> None:
    few = desk.with_limits(at_once=2)
    bulk = few.add(priority=Priority.BULK)
    first, second = few.add(), few.add()
    south = few.add("south")
    assert ids(few.sweeping.hand_out()) == [first.id, second.id, south.id]
    assert few.sweeping.hand_out() == ()
    claimed = few.claimed(first)
    assert few.sweeping.hand_out() == (), "one that is being done is out as well"
    few.finish(claimed)
    assert ids(few.sweeping.hand_out()) == [bulk.id]


def test_what_the_broker_did_not_take_is_handed_out_again(desk: Desk) -> None:
    job = desk.add()
    desk.sweeping.not_handed_out(desk.sweeping.hand_out())
    assert ids(desk.sweeping.hand_out()) == [job.id]


def test_a_message_that_is_lost_is_sent_again(desk: Desk) -> None:
    job = desk.add()
    desk.sweeping.hand_out()
    desk.at += ARRIVES_S
    assert desk.sweeping.hand_out() == ()
    desk.at += 1
    assert ids(desk.sweeping.hand_out()) == [job.id]


def test_a_message_that_no_worker_takes_is_not_sent_again(desk: Desk) -> None:
    jobs = [desk.add() for _ in range(2)]
    desk.sweeping.hand_out(lambda: pytest.fail("the broker is asked only where a message may be lost"))
    desk.at += ARRIVES_S + 1
    assert desk.sweeping.hand_out(lambda: 2) == ()
    assert ids(desk.sweeping.hand_out(lambda: 1)) == ids(jobs), "one of two is lost: nobody knows which"


def test_a_message_that_finds_no_room_is_sent_again_when_there_is(desk: Desk) -> None:
    jobs = [desk.add() for _ in range(2)]
    desk.sweeping.hand_out()
    few = desk.with_limits(at_once=1)
    claimed = few.claimed(jobs[0])
    assert few.claims.claim(jobs[1].id) is None
    assert few.sweeping.hand_out() == ()
    few.finish(claimed)
    assert ids(few.sweeping.hand_out()) == [jobs[1].id]


def test_a_job_that_is_put_off_is_handed_out_when_it_is_due(desk: Desk) -> None:
    job = desk.add()
    desk.sweeping.hand_out()
    desk.claims.postpone(desk.claimed(job), 30, "FC201")
    assert desk.sweeping.hand_out() == ()
    desk.at += 30
    assert ids(desk.sweeping.hand_out()) == [job.id]


def test_the_backlog_is_told_by_state(desk: Desk) -> None:
    desk.claimed(desk.add())
    desk.at += 7
    desk.add()
    desk.finish(desk.claimed(desk.add("south")))
    desk.at += 2
    told = {one.state: (one.count, one.oldest_s) for one in desk.sweeping.backlog()}
    assert told == {State.WAITING: (1, 2), State.RUNNING: (1, 9), State.DEAD: (0, 0)}


# ----------------------------------------------------------------------------------------------------------------- what is kept


def test_a_coding_that_is_deleted_takes_the_answer_of_its_job(desk: Desk) -> None:
    job, other = desk.add(address="a"), desk.add(address="b")
    claimed = desk.claimed(job)
    desk.repository.save(
        "north", "main", coding_result(), lambda connection, result: desk.claims.finish(connection, claimed, ANSWER, result.coding_id)
    )
    deletion = Deletion(desk.engine, AuditLog(desk.engine, Observer("coder.example")))
    assert deletion.expire("north", datetime.now(UTC), Agent(AgentKind.OPERATOR, "root")) == 1
    assert desk.jobs.find("north", caller("a")) is None and ids(desk.jobs.entries("north")) == [other.id]


def test_a_new_key_opens_what_waits_and_what_was_answered(desk: Desk) -> None:
    new = urlsafe_b64encode(bytes(range(32, 64))).decode()
    waiting, done = desk.add(address="a"), desk.add(address="b")
    desk.finish(desk.claimed(done))
    told: Counter[str] = Counter()
    Rotation(desk.engine, Cipher(f"{new},{KEY}")).rotate(lambda column, count: told.update({column: count}))
    assert told == {"job.asked": 1, "job.answer": 1}
    after = Desk(desk.engine, key=new)
    found = after.jobs.find("north", caller("b"))
    assert found is not None and found.answer == ANSWER and after.claimed(waiting).asked == ASKED


def test_the_way_back_drops_the_table_and_the_way_forth_makes_it(desk: Desk) -> None:
    desk.add()
    move(desk.engine, "0018", command.downgrade)
    assert "job" not in inspect(desk.engine).get_table_names()
    move(desk.engine, "head", command.upgrade)
    assert desk.jobs.entries("north") == ()
    assert desk.add().state is State.WAITING


USES: dict[str, Callable[[Desk, Job], Any]] = {
    "find": lambda desk, _: desk.jobs.find("south", caller("a")),
    "cancel": lambda desk, _: desk.jobs.cancel("south", caller("a")),
    "drop": lambda desk, job: desk.jobs.drop("south", job.id),
    "entries": lambda desk, _: desk.jobs.entries("south"),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_what_is_done_for_one_tenant_leaves_the_jobs_of_another_as_they_are(desk: Desk, use: Callable[[Desk, Job], Any]) -> None:
    job = desk.add(address="a")
    before = desk.row(job)
    assert not use(desk, job)
    assert desk.row(job) == before
