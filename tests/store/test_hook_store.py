"""What CDS Hooks ask of the store: counts of the newest coding of an encounter, and tokens that count once, between processes too."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fhir_coder.cds_hooks.tally import Tally
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.hook_store import HookStore, UsedTokenRow
from fhir_coder.store.repository import Repository
from fhir_coder.store.start import open_stores
from tests.store.conftest import coding_result

NOW = 1_800_000_000.0


@contextmanager
def store_at(database_url: str, now: float) -> Iterator[HookStore]:
    with closing(open_stores(database_url, "").repository):  # the tables
        pass
    engine = open_engine(database_url)
    try:
        yield HookStore(engine, lambda: now)
    finally:
        engine.dispose()


def test_a_token_counts_once(database_url: str) -> None:
    with store_at(database_url, NOW) as store:
        assert store.first_use("north", "https://ehr.example", "j1", NOW + 300)
        assert not store.first_use("north", "https://ehr.example", "j1", NOW + 300)
        assert store.first_use("north", "https://ehr.example", "j2", NOW + 300)
        assert store.first_use("north", "https://other.example", "j1", NOW + 300)
        assert store.first_use("south", "https://ehr.example", "j1", NOW + 300)
        assert store.first_use("north", "https://ehr.example j", "1", NOW + 300)


def test_a_token_is_remembered_as_long_as_it_is_good_and_no_longer(database_url: str) -> None:
    with store_at(database_url, NOW) as store:
        assert store.first_use("north", "i", "j1", NOW + 300.9)
    with store_at(database_url, NOW + 300) as store:
        assert not store.first_use("north", "i", "j1", NOW + 300.9)
    with store_at(database_url, NOW + 302) as store:
        assert store.first_use("north", "i", "j2", NOW + 600)
        with Session(store._engine) as session:
            assert session.scalar(select(func.count()).select_from(UsedTokenRow)) == 1


def test_of_many_at_the_same_moment_one_is_first(database_url: str) -> None:
    with store_at(database_url, NOW) as store, store_at(database_url, NOW) as other, ThreadPoolExecutor(8) as pool:
        stores = [store, other] * 8
        firsts = list(pool.map(lambda one: one.first_use("north", "i", "j1", NOW + 300), stores))
    assert firsts.count(True) == 1


def test_the_newest_coding_of_the_tenants_encounter_is_counted(database_url: str) -> None:
    with store_at(database_url, NOW) as store, closing(Repository(open_engine(database_url), Cipher(""))) as repository:
        repository.save("north", "main", coding_result())
        newest = repository.save("north", "main", coding_result())
        repository.save("north", "main", coding_result("Encounter/e2"))
        assert store.tally("north", "main", "Encounter/e1") == Tally(newest, "Patient/p1", 2, 1, 0)
        for tenant, ehr, encounter in (
            ("south", "main", "Encounter/e1"),
            ("north", "other", "Encounter/e1"),
            ("north", "main", "Encounter/e3"),
        ):
            assert store.tally(tenant, ehr, encounter) is None
