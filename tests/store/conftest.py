"""Databases of a test's own, and a coding result that holds words of a note everywhere a result can."""

import os
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from fhir_coder.exchange import CodingResult, Intake, ReleaseUse
from fhir_coder.model import (
    Assertions,
    CodeAssignment,
    CodedEncounter,
    Disposition,
    EditReport,
    Encounter,
    Evidence,
    Finding,
    Mentions,
    Note,
    Outcome,
    Patient,
    ProviderQuery,
    QueryOption,
    Reason,
    RecordedDiagnosis,
    Rejection,
    RejectionReason,
    SectionHint,
    SectionKind,
    Sections,
    Severity,
    UnreadableNote,
)
from fhir_coder.store.start import open_stores
from tests.stores import store_in

KEY = urlsafe_b64encode(bytes(range(32))).decode()
"""One key for all processes of a test run: it names tests, and these must be the same in each."""
MARKER = "Zwiebelkuchen"
NOTE = Note(
    "n1",
    f"Assessment: {MARKER} syndrome with cough. No fever.",
    "DocumentReference/n1",
    type_code="11506-3",
    hints=(SectionHint(0, 11, 40, f"Assessment of {MARKER}"),),
    version="3",
    author="Practitioner/dr",
)
POSTGRESQL = os.environ.get("FHIR_CODER_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


def evidence(words: str) -> Evidence:
    start = NOTE.text.index(words)
    return Evidence(NOTE.id, start, start + len(words), words, NOTE.sha256, SectionKind.ASSESSMENT)


QUERY = ProviderQuery(
    "How long has the cough lasted?",
    (evidence(f"{MARKER} syndrome with cough"),),
    (QueryOption("less than 3 weeks", ("R05.1",)), QueryOption("more than 8 weeks", ("R05.3",)), QueryOption("unable to determine")),
)


def coding_result(reference: str = "Encounter/e1") -> CodingResult:
    quote = evidence(f"{MARKER} syndrome")
    encounter = Encounter(
        "e1",
        (NOTE,),
        Patient("p1", date(1980, 6, 2), "female"),
        date(2026, 5, 1),
        (UnreadableNote("n2", "empty"),),
        reference=reference,
        conflicts=("birth date",),
        recorded=(RecordedDiagnosis("R05.9", "Condition/7", "confirmed"),),
    )
    coded = CodedEncounter(
        Assertions(Mentions(Sections(encounter, ()), ()), ()),
        "2026-04-01",
        (
            CodeAssignment("R05.9", "Cough, unspecified", 0.8125, 1, (quote, evidence("cough")), f'From "{quote.text}".', {"lexical": 1.0}),
            CodeAssignment("Q87.89", "Other malformations", 0.5, 2, (quote,)),
        ),
        (Rejection("R50.9", "Fever, unspecified", RejectionReason.NEGATED, (evidence("fever"),), 0.25, "R05.9"),),
        (quote,),
        {"software": "0.1.0"},
    )
    finding = Finding("FCE120", "duplicate-code", Severity.ADVISORY, ("R05.9",), "Twice.", "IV", (quote,), QUERY)
    disposition = Disposition(
        EditReport(coded, (finding,), ("FCE301",)),
        Outcome.REVIEW,
        (Reason("low-probability", "A code is below the threshold.", ("Q87.89",)),),
        (Outcome.PASS, Outcome.REVIEW),
    )
    condition = {
        "resourceType": "Condition",
        "text": {"status": "generated", "div": f"<div>{MARKER}</div>"},
        "extension": [
            {"url": "p", "valueDecimal": Decimal("0.8120")},
            {"url": "q", "valueString": MARKER},
            {"url": "h", "valueString": NOTE.sha256},
        ],
        "code": {"coding": [{"code": "R05.9", "display": "Cough, unspecified"}], "text": "Cough, unspecified"},
        "subject": {"reference": "Patient/p1"},
        "note": [{"text": MARKER}],
    }
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid", "diagnostics": MARKER}]}
    return CodingResult(
        Intake(encounter, {}, ("DocumentReference/n2 is empty",)),
        disposition,
        ReleaseUse("2026-04-01", date(2026, 4, 1), date(2026, 9, 30), "covered"),
        {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": "urn:uuid:1", "resource": condition}]},
        {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": {"status": "422 Refused", "outcome": outcome}}]},
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database of each kind, without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.sqlite'}"
        return
    with _database_of_postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database of each kind with the tables of today and no row: a copy of one that was made once, as making them takes most of a test."""
    if request.param == "sqlite":
        yield store_in(tmp_path)
        return
    yield from request.getfixturevalue("shelf_of_postgresql").lent()


@pytest.fixture(scope="session")
def shelf_of_postgresql() -> Iterator["EmptiedDatabases"]:
    """Databases with the tables."""
    with _database_of_postgresql() as url:
        open_stores(url, "").repository.close()
        with ExitStack() as stack:
            yield EmptiedDatabases(str(make_url(url).database), stack)


class EmptiedDatabases:
    """One database for test after test, emptied between them: to make one anew takes the server longer than most tests take. One whose tables,
    triggers or migrations a test has changed is not used again."""

    def __init__(self, template: str, stack: ExitStack) -> None:
        self._template = template
        self._stack = stack
        self._url = ""
        self._made = ""

    def lent(self) -> Iterator[str]:
        """A database with the tables of today and no row, for one test."""
        if not self._url:
            self._url = self._stack.enter_context(_database_of_postgresql(self._template))
            self._made = self._on_it(_SHAPE)
        yield self._url
        self._on_it(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if self._on_it(_SHAPE) == self._made:
            self._on_it(_EMPTY)
        else:
            self._url = ""

    def _on_it(self, statement: str) -> str:
        engine = create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            done = connection.execute(text(statement))
            return str(done.scalar()) if done.returns_rows else ""


_SHAPE = """SELECT concat(
    (SELECT string_agg(format('%s %s', oid, relname), ',' ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
    (SELECT string_agg(format('%s %s', oid, tgenabled), ',' ORDER BY oid) FROM pg_trigger),
    (SELECT string_agg(format('%s %s %s %s', attrelid, attname, atttypid, attnotnull), ',' ORDER BY attrelid, attnum)
     FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace),
    (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_constraint),
    (SELECT string_agg(format('%s %s', oid, md5(prosrc)), ',' ORDER BY oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
    (SELECT string_agg(version_num, ',') FROM alembic_version))"""
"""What a database is made of, but its rows."""
_EMPTY = """DO $$ DECLARE one record; found boolean; BEGIN
    SET LOCAL session_replication_role = replica;  -- no trigger refuses, and no order matters
    FOR one IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', one.relname) INTO found;
        IF found THEN EXECUTE format('DELETE FROM %I', one.relname); END IF;
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, start_value, false) FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$"""
"""Every row goes, and numbers begin anew."""


@contextmanager
def _database_of_postgresql(template: str = "template1") -> Iterator[str]:
    """A database of its own, dropped at the end; skips where no server answers."""
    server = create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})
    name = f"fhir_coder_{uuid4().hex}"
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    except OperationalError:
        server.dispose()
        pytest.skip("no PostgreSQL answers (FHIR_CODER_TEST_POSTGRESQL)")
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()
