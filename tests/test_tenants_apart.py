"""A tenant never sees, lists or guesses what is another's: in the statements of the store, over HTTP, on the command line, in what is shared.

Timing: what is another's and what does not exist take the same way. The store asks one query with both the tenant and the id, and an EHR of
the other tenant is never asked; there is no earlier end for either, which the tests show by what was asked and by equal answers.
"""

from __future__ import annotations

import argparse
import ast
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from fhir_coder.cli import parser
from fhir_coder.commands.coding import find_coding
from fhir_coder.connections import EhrConnections
from fhir_coder.ehr.backend_token import SharedTokens
from fhir_coder.errors import ResourceUnknown
from fhir_coder.exchange import Artifacts
from fhir_coder.pipeline import Coder
from fhir_coder.record.archive import Archive
from fhir_coder.record.artifacts import ArtifactKeeper
from fhir_coder.settings import Settings
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.repository import Repository
from fhir_coder.store.start import open_stores
from fhir_coder.store.tables import Table
from fhir_coder.store.upgrade import upgrade
from fhir_coder.tenant_settings import EhrSettings
from tests.api.conftest import parameters
from tests.practices import Practices, ehr_with
from tests.store.conftest import KEY, MARKER, coding_result
from tests.stores import store_in

ROOT = Path(__file__).resolve().parents[1]
STORE = ROOT / "fhir_coder" / "store"

# ------------------------------------------------------------------------------------------------------------ the statements

WITHOUT_TENANT = {
    "audit.py::AuditLog.tenants": "names of tenants only, for the operator's commands",
    "database_clock.py::DatabaseClock._asked": "the time, and no row",
    "deletion.py::Deletion.tenants": "names of tenants only, for the operator's commands",
    "deletion.py::Deletion._forget_pages": "pages of the file, not rows",
    "merging.py::Merging.undo": "the row that is changed was just found by tenant, in the same transaction",
    "hook_store.py::HookStore.first_use": "tokens whose time is over go, whoever's they were; what is added carries the tenant",
    "rotation.py::Rotation._replace": "one key seals all tenants: the operator changes it for all",
    "rotation.py::Rotation._rows": "one key seals all tenants: the operator changes it for all",
    "job_claims.py::JobClaims.claim": "a message names a job by its id alone; the tenant comes out of the row, and everything after names it",
    "job_claims.py::JobClaims._tenant_next": "whose job is next, over all tenants: the name of a tenant only",
    "job_sweeping.py::JobSweeping.take_back": "jobs whose claims are over, whoever's they are; each is then taken back by the tenant in its row, and nothing of it is told",
    "job_sweeping.py::JobSweeping.hand_out": "names of tenants only, and what was handed out long ago, whoever's it was; jobs are read tenant by tenant",
    "job_sweeping.py::JobSweeping.not_handed_out": "the jobs were just handed out; nothing is read",
    "job_sweeping.py::JobSweeping.prune": "what is beyond its time goes, whoever's it was",
    "job_sweeping.py::JobSweeping.backlog": "counts for the operator's metrics, over all tenants",
    "sessions.py::SessionStore.remember": "what is over goes; one's own beginnings are found by the hash of 256 random bits that only that browser holds",
    "sessions.py::SessionStore.take": "found by the hashes of state and browser, random and of one tenant; the tenant comes out of the row",
    "sessions.py::SessionStore.open": "sessions that are over go, whoever's they were",
    "sessions.py::SessionStore.find": "a session is found by the hash of 256 random bits, and says which tenant it is of",
    "sessions.py::SessionStore.remnant": "as above",
    "sessions.py::SessionStore.close": "as above",
    "sessions.py::SessionStore.close_all": "the hash of the person holds the tenant",
    "sessions.py::SessionStore._change": "as above",
    "engine.py::_set_pragmas": "settings of the connection",
    "engine.py::_set_wal": "a setting of the file",
    "engine.py::_begin": "the beginning of a transaction",
    "exclusive.py::_advisory_lock": "the lock's name, a hash, begins with the tenant",
    "exclusive.py::_unlock": "the lock's name, a hash, begins with the tenant",
    "repository.py::Repository.ping": "no table is read",
    "repository.py::Repository.artifacts_in_use": "counts of digests for the operator's prune: over all tenants, or what another needs would be lost",
    "turns.py::take_turns": "the names of the locks, hashes, hold the tenant",
    "upgrade.py::upgrade": "tables, not rows",
    "upgrade.py::_is_current": "the number of the newest migration",
}
"""Functions of the store whose statements name no tenant, each with its reason."""
QUERYING = {"select", "update", "delete", "text", "exec_driver_sql", "execute_driver_sql"}
FETCHING_BY_KEY = {"get", "get_one", "query"}
"""Methods of a session that find rows without a condition of ours."""


def functions(tree: ast.AST, name: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Outermost functions and methods by qualified name; functions inside one are part of it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield f"{name}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{name}{node.name}.")


def statements(function: ast.AST) -> int:
    """How many statements a function makes: calls of the builders, raw SQL, and sessions asked by primary key."""
    found = 0
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name):
            found += call.func.id in QUERYING
        elif isinstance(call.func, ast.Attribute):
            owner = call.func.value.id if isinstance(call.func.value, ast.Name) else ""
            found += call.func.attr == "exec_driver_sql" or (owner == "session" and call.func.attr in FETCHING_BY_KEY)
            found += call.func.attr == "execute" and bool(call.args) and isinstance(call.args[0], ast.Constant | ast.JoinedStr)
    return found


def tenants_compared(function: ast.AST) -> int:
    """How many comparisons with the column ``tenant`` of a table a function makes."""
    compared = [node.left for node in ast.walk(function) if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq)]
    return sum(isinstance(one, ast.Attribute) and one.attr == "tenant" for one in compared)


STATEMENTS = {
    f"{path.relative_to(STORE).as_posix()}::{name}": function
    for path in sorted(STORE.glob("*.py"))
    for name, function in functions(ast.parse(path.read_text(encoding="utf-8")))
    if statements(function)
}


@pytest.mark.parametrize("name", sorted(set(STATEMENTS) - set(WITHOUT_TENANT)))
def test_every_statement_names_the_tenant(name: str) -> None:
    assert tenants_compared(STATEMENTS[name]) >= statements(STATEMENTS[name]), f"{name}: .where(<table>.tenant == tenant)"


def test_what_names_no_tenant_is_there_and_has_a_reason() -> None:
    assert [name for name in WITHOUT_TENANT if name not in STATEMENTS] == []
    assert [name for name in WITHOUT_TENANT if tenants_compared(STATEMENTS[name]) >= statements(STATEMENTS[name])] == []


@pytest.mark.parametrize(
    "source",
    [
        "def f(session, id): return session.scalar(select(Row).where(Row.id == id))",
        "def f(session, id): return session.get(Row, id)",
        "def f(session, tenant): return select(A).where(A.tenant == tenant), select(B)",
        "def f(session, ids): session.execute(delete(Row).where(Row.id.in_(ids)))",
        "def f(connection): connection.exec_driver_sql('DELETE FROM note')",
        "def f(connection, name): connection.execute(f'DELETE FROM {name}')",
    ],
)
def test_a_statement_without_the_tenant_would_be_found(source: str) -> None:
    ((_, function),) = functions(ast.parse(source))
    assert statements(function) > tenants_compared(function)


USES: dict[str, Callable[[Repository, str], Any]] = {
    "get": lambda store, coding: store.get("north", coding),
    "latest": lambda store, _: store.latest("north", "Encounter/e1"),
    "line": lambda store, coding: store.line("north", coding),
    "recent": lambda store, _: store.recent("north", 9),
    "written": lambda store, _: store.written("north", "main", "Encounter/e1"),
    "settle": lambda store, coding: store.settle("north", coding, coding_result()),
}
APART = {"save", "save_all", "artifacts_in_use", "ping", "exclusively", "keeps_text", "forget_connections", "close", "close_connections"}
"""Methods of the repository that find no row, or are for the operator (above)."""
BY_ITS_ROW = {"proposal"}
"""Tables that may be joined by their coded encounter alone, which the statement compares."""


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_what_reaches_the_database_names_the_tenant(use: Callable[[Repository, str], Any], database_url: str) -> None:
    """Each table of each statement, as the database gets it: with the tenant's own id as the value."""
    engine = open_engine(database_url)
    upgrade(engine)
    store = Repository(engine, Cipher(KEY))
    coding = store.save("north", "main", coding_result())
    seen: list[tuple[str, str]] = []
    event.listen(engine, "before_cursor_execute", lambda c, cursor, sql, values, *_: seen.append((sql, repr(values))))
    use(store, coding)
    engine.dispose()
    asked = [(sql, values) for sql, values in seen if re.match(r"\s*(?:SELECT|UPDATE|DELETE)", sql) and re.search(r"\sFROM\s", sql)]
    tables = {table.name for table in Table.metadata.sorted_tables}
    for sql, values in asked:
        where = sql.split("WHERE", 1)[-1]
        named = set(re.findall(r"(?:FROM|JOIN)\s+(\w+)", sql)) & tables
        lacking = {table for table in named if not re.search(rf"\b{table}\.tenant = ", where)}
        assert named and (not lacking or ("LEFT OUTER JOIN" in sql and lacking == BY_ITS_ROW)), sql
        assert "'north'" in values, sql
    assert asked


def test_every_method_of_the_repository_is_looked_at() -> None:
    public = {name for name in vars(Repository) if not name.startswith("_")}
    assert public - APART <= set(USES), "add its use above"


# ------------------------------------------------------------------------------------------------------------------ over HTTP


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return store_in(tmp_path)


@pytest.fixture
def practices(coder: Coder, tmp_path: Path) -> Iterator[Practices]:
    found = Practices(coder, tmp_path)
    yield found
    found.store.close()


def without_ids(answer: Any) -> str:
    """An answer with what is new in each (request ids, moments) and the id that was asked for taken out."""
    return re.sub(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b(?:e1|nowhere)\b", "-", answer.get_data(as_text=True))


def test_a_token_of_one_tenant_opens_nothing_at_another(practices: Practices) -> None:
    answers = [practices.code("north", encounter, of="south") for encounter in ("e1", "nowhere")]
    assert [one.status_code for one in answers] == [401, 401]
    assert without_ids(answers[0]) == without_ids(answers[1])
    assert (practices.asked, practices.touched("north"), practices.store.recent("north", 9)) == ([], ([], []), ())


def test_an_encounter_of_another_tenant_is_as_unknown_as_one_that_does_not_exist(practices: Practices) -> None:
    assert practices.code("north", "e1", parameters({"name": "writeBack", "valueBoolean": True})).status_code == 200
    before = practices.touched("north")
    answers = [practices.code("south", encounter) for encounter in ("e1", "nowhere")]
    assert answers[0].status_code == answers[1].status_code >= 400
    assert without_ids(answers[0]) == without_ids(answers[1])
    assert practices.touched("north") == before
    assert practices.store.recent("south", 9) == () and len(practices.store.recent("north", 9)) == 1


def test_the_ehr_of_another_tenant_is_as_unknown_as_one_that_does_not_exist(practices: Practices) -> None:
    bodies = [parameters({"name": "ehr", "valueString": name}) for name in ("archive", "nowhere")]
    answers = [practices.code("south", "e2", body) for body in bodies]
    assert [one.status_code for one in answers] == [403, 403]
    assert without_ids(answers[0]) == without_ids(answers[1])
    assert practices.asked == []


def test_equal_ids_at_two_tenants_are_two_encounters(practices: Practices) -> None:
    practices.ehrs["https://south.invalid/fhir"] = ehr_with("p-south")
    write = parameters({"name": "writeBack", "valueBoolean": True})
    first, second = practices.code("north", "e1", write), practices.code("south", "e1", write)
    assert (first.status_code, second.status_code) == (200, 200)
    north, south = (practices.store.recent(name, 9) for name in ("north", "south"))
    assert (len(north), len(south)) == (1, 1) and north[0].id != south[0].id
    held = {name: practices.ehrs[f"https://{name}.invalid/fhir"].held("Condition") for name in ("north", "south")}
    assert {name: {one["subject"]["reference"] for one in rows} for name, rows in held.items()} == {
        "north": {"Patient/p-north"},
        "south": {"Patient/p-south"},
    }
    assert {one.status for one in practices.store.written("south", "main", "Encounter/e1")} == {"201 Created"}


# ----------------------------------------------------------------------------------------------------------- the command line


@pytest.mark.parametrize("name", ["the id", "Encounter/e1"])
def test_a_command_finds_the_coding_of_its_tenant_only(tmp_path: Path, name: str) -> None:
    store = open_stores(store_in(tmp_path), KEY).repository
    coding = store.save("north", "main", coding_result())
    wanted = coding if name == "the id" else name
    assert find_coding(store, argparse.Namespace(tenant="north", coding=wanted)).id == coding
    said = []
    for one in (wanted, wanted.replace(wanted[-3:], "zzz")):
        with pytest.raises(ResourceUnknown) as refused:
            find_coding(store, argparse.Namespace(tenant="south", coding=one))
        said.append(str(refused.value).replace(one, "-"))
    store.close()
    assert said[0] == said[1]


@pytest.mark.parametrize("command", ["trail", "replay"])
def test_a_command_about_codings_names_a_tenant(command: str) -> None:
    assert parser().parse_args([command, "c0ffee", "--tenant", "north"]).tenant == "north"
    assert parser().parse_args([command, "c0ffee"]).tenant == "default"


# ------------------------------------------------------------------------------------------------------------ what is shared

PAIRS = {
    "address": {"base_url": "https://south.invalid/fhir"},
    "token": {"token": "south"},
    "time": {"timeout_s": 7.0},
    "foreign addresses": {"foreign_urls": ("https://files.invalid/",)},
}


@pytest.mark.parametrize("change", PAIRS.values(), ids=PAIRS.keys())
def test_ehrs_of_equal_ids_share_no_client(change: dict[str, Any]) -> None:
    """Clients are found by all that is configured of an EHR, not by its id: two that share one have the same address and credentials."""
    given = {"id": "main", "base_url": "https://north.invalid/fhir", "token": "north"}
    connections = EhrConnections(None)
    north, south = EhrSettings(**given), EhrSettings(**given | change)
    assert connections(north) is connections(north)
    assert connections(north) is not connections(south)


@pytest.mark.parametrize("change", [PAIRS["address"], PAIRS["token"]], ids=["address", "token"])
def test_ehrs_of_equal_ids_share_no_token(change: dict[str, Any]) -> None:
    given = {"id": "main", "base_url": "https://north.invalid/fhir", "token": "north"}
    tokens = SharedTokens()
    assert tokens(EhrSettings(**given)) is not tokens(EhrSettings(**given | change))


def test_locks_of_equal_encounters_differ_by_tenant(database_url: str) -> None:
    """Held by north, the encounter of that id is free for south; held twice by north it would wait."""
    store = open_stores(database_url, KEY).repository
    with store.exclusively("north", "main", "e1"), store.exclusively("south", "main", "e1"):
        pass
    store.close()


def test_what_lies_outside_the_store_holds_nothing_of_a_patient(coder: Coder, tmp_path: Path) -> None:
    """Artifacts, which tenants share, are made of releases and knowledge: the coding of a note adds nothing of it, another tenant's no file at all."""
    shelf, folder = tmp_path / "artifacts", tmp_path / "practice"
    folder.mkdir()
    keeper = ArtifactKeeper(Settings.from_environment().data, Archive(shelf))
    practices = Practices(replace(coder, keep=keeper.keep), folder)
    practices.ehrs["https://north.invalid/fhir"] = ehr_with("p-north", b64encode(f"Assessment: {MARKER}, hypertension.".encode()).decode())
    assert practices.code("north", "e1").status_code == 200
    kept = {path for path in shelf.rglob("*") if path.is_file()}
    own = [path for path in kept if path.stat().st_nlink == 1]  # the others are the very files of the release and its index
    assert own and not [path for path in own if MARKER.encode() in path.read_bytes() or b"p-north" in path.read_bytes()]
    assert practices.code("south", "e2").status_code == 200
    assert {path for path in shelf.rglob("*") if path.is_file()} == kept
    assert {path.name.split(".")[0] for path in folder.iterdir()} == {"store", "keys"}
    practices.store.close()


def test_artifacts_are_named_by_what_they_hold_and_carry_no_tenant() -> None:
    assert set(Artifacts.__dataclass_fields__) == {"release", "index", "ranker", "knowledge"}


def test_the_files_of_a_store_hold_a_tenants_words_sealed(database_url: str, tmp_path: Path) -> None:
    store = open_stores(database_url, KEY).repository
    store.save("north", "main", coding_result())
    store.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and not [path for path in files if MARKER.encode() in path.read_bytes()]
