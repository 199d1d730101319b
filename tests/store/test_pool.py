"""As many connections as threads: all of them at the database at once, and none waits for one that another holds."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import QueuePool, make_url

from fhir_coder.app import open_all_stores
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.pooling import request_threads, server_pool, session_pool, worker_pool
from fhir_coder.settings import Settings
from fhir_coder.store.engine import open_engine
from fhir_coder.store.pool import Pool
from tests.store.conftest import KEY

WAITS_S = 20.0


def settings_of(url: str, **values: str) -> Settings:
    variables = {"DATABASE_URL": url, "KEY": KEY} | {name.upper(): value for name, value in values.items()}
    return Settings.from_environment({f"FHIR_CODER_{name}": value for name, value in variables.items()})


@pytest.mark.parametrize(("threads", "waiting", "job_threads"), [(4, 8, 1), (1, 0, 0), (16, 32, 4)])
def test_every_thread_of_a_process_has_a_connection(threads: int, waiting: int, job_threads: int) -> None:
    values = {"threads": str(threads), "waiting": str(waiting), "job_threads": str(job_threads)}
    settings = settings_of("", **values)
    jobs_and_their_leases = 2 * job_threads
    assert server_pool(settings).most == request_threads(settings) + jobs_and_their_leases + 1
    assert session_pool(settings).most == request_threads(settings)
    assert worker_pool().most == 3


def entry(number: int) -> AuditEntry:
    return AuditEntry("default", "code-encounter", Action.EXECUTE, Success.DONE, Agent(AgentKind.CLIENT, f"client-{number}"))


def test_all_threads_of_a_server_at_once_do_not_starve_each_other(database_url: str) -> None:
    """Each holds a transaction, and the lock on an encounter as a call that writes does, until all of them do."""
    if make_url(database_url).get_backend_name() != "postgresql":
        pytest.skip("SQLite lets one writer in at a time; its readers are tried below")
    settings = settings_of(database_url)
    count = server_pool(settings).most
    holding = threading.Barrier(count)
    with closing(open_all_stores(settings, server_pool(settings))) as stores, ThreadPoolExecutor(count) as pool:

        def work(number: int) -> None:
            with stores.repository.exclusively("default", "main", f"e{number}"), stores.job_claims.writing() as connection:
                holding.wait(WAITS_S)
                stores.audit.append(connection, entry(number))

        list(pool.map(work, range(count)))
        assert stores.audit.head("default").sequence == count == 17


@pytest.mark.parametrize(("pool", "is_enough"), [(Pool(2, 3), True), (Pool(2, 2), False)], ids=["enough", "one too few"])
def test_connections_held_at_once_are_as_many_as_the_pool_says(database_url: str, pool: Pool, is_enough: bool) -> None:
    engine, holding = open_engine(database_url, pool=pool), threading.Barrier(5)

    def hold(_: int) -> bool:
        with engine.connect():
            try:
                holding.wait(WAITS_S if is_enough else 0.5)
            except threading.BrokenBarrierError:
                return False
            return True

    with closing(engine.raw_connection()):
        pass  # the first connection sets the file up
    with ThreadPoolExecutor(5) as threads:
        assert set(threads.map(hold, range(5))) == {is_enough}
    engine.dispose()


def test_a_database_in_memory_has_no_pool_of_this_kind() -> None:
    engine = open_engine("sqlite://", pool=Pool(1, 1))
    assert not isinstance(engine.pool, QueuePool)
    engine.dispose()


def test_the_sum_of_the_documentation_is_that_of_the_pools() -> None:
    """docs/deploying.md, for one serving process and for one worker's process with its parent."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "deploying.md").read_text(encoding="utf-8")
    said = next(line.strip() for line in text.splitlines() if line.strip().startswith("W × ("))
    assert said == "W × (3 × threads + 2 × waiting + 3 × job_threads + 5) + 4 × P + 3 × M"
    settings = settings_of("", threads="5", waiting="7", job_threads="2")
    locks = settings.threads + settings.job_threads
    assert server_pool(settings).most + session_pool(settings).most + locks == 3 * 5 + 2 * 7 + 3 * 2 + 5
    assert worker_pool().most + 1 == 4
    default = settings_of("")
    assert f"that is {2 * (3 * default.threads + 2 * default.waiting + 3 * default.job_threads + 5)}" in text
