"""Opening the store when a process starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fhir_coder.audit.fhir_event import Observer
from fhir_coder.jobs.job import JobLimits
from fhir_coder.settings import Settings
from fhir_coder.store.affected import AffectedEncounters
from fhir_coder.store.aftermath import Aftermaths
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.bringing_up import AT_ONCE, Patience, bring_up
from fhir_coder.store.bulk_ends import BulkEnds
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.database_clock import DatabaseClock
from fhir_coder.store.deletion import Deletion
from fhir_coder.store.deliveries import Deliveries
from fhir_coder.store.discovery import DiscoveryStore
from fhir_coder.store.drafts import Drafts
from fhir_coder.store.earlier import EarlierCodings
from fhir_coder.store.engine import open_engine
from fhir_coder.store.follow_ups import FollowUps
from fhir_coder.store.holds import Holds
from fhir_coder.store.hook_store import HookStore
from fhir_coder.store.job_claims import JobClaims
from fhir_coder.store.job_sweeping import JobSweeping
from fhir_coder.store.jobs import Jobs
from fhir_coder.store.merging import Merging
from fhir_coder.store.outbox import Outbox
from fhir_coder.store.outbox_actions import OutboxActions
from fhir_coder.store.outbox_states import OutboxStates
from fhir_coder.store.outcomes import Outcomes
from fhir_coder.store.passing import Passing
from fhir_coder.store.pool import Pool
from fhir_coder.store.providers import Providers
from fhir_coder.store.pruning import Pruning
from fhir_coder.store.repository import Repository, draws_none
from fhir_coder.store.reviews import Reviews
from fhir_coder.store.rotation import Rotation
from fhir_coder.store.run_jobs import RunJobs
from fhir_coder.store.second_reviews import SecondReviews
from fhir_coder.store.sent_forms import SentForms
from fhir_coder.store.session_ending import SessionEnding
from fhir_coder.store.sessions import Lifetimes, SessionStore, require_key
from fhir_coder.store.signed_lines import SignedLines
from fhir_coder.store.standing import StandingCodings
from fhir_coder.store.tls import DatabaseTls
from fhir_coder.store.worklist import Worklist
from fhir_coder.store.worklist_choices import WorklistChoices
from fhir_coder.store.worklist_views import WorklistViews


def tls_of(settings: Settings) -> DatabaseTls:
    """How PostgreSQL is spoken to, by the settings."""
    return DatabaseTls(settings.database_tls, settings.database_tls_ca, settings.database_tls_cert, settings.database_tls_key)


@dataclass(frozen=True, slots=True)
class Stores:
    """The doors of one database, which share its connections."""

    repository: Repository
    audit: AuditLog
    holds: Holds
    deletion: Deletion
    pruning: Pruning
    merging: Merging
    hooks: HookStore
    sessions: SessionEnding
    reviews: Reviews
    worklist: Worklist
    outbox: Outbox
    outbox_actions: OutboxActions
    follow_ups: FollowUps
    deliveries: Deliveries
    outbox_states: OutboxStates
    views: WorklistViews
    choices: WorklistChoices
    aftermaths: Aftermaths
    second_reviews: SecondReviews
    passing: Passing
    affected: AffectedEncounters
    outcomes: Outcomes
    signed_lines: SignedLines
    drafts: Drafts
    sent_forms: SentForms
    providers: Providers
    jobs: Jobs
    job_claims: JobClaims
    job_sweeping: JobSweeping
    run_jobs: RunJobs
    bulk_ends: BulkEnds
    discovery: DiscoveryStore
    earlier: EarlierCodings
    standing: StandingCodings

    def close(self) -> None:
        """Close all connections."""
        self.repository.close()


def open_stores(
    database_url: str,
    key: str,
    observer: Observer | None = None,
    tls: DatabaseTls | None = None,
    is_drawn: Callable[[str], bool] = draws_none,
    jobs: JobLimits = JobLimits(),  # noqa: B008 (a constant)
    pool: Pool = Pool(),  # noqa: B008 (a constant)
    patience: Patience = AT_ONCE,
) -> Stores:
    """Everything over an up-to-date database; ``is_drawn`` draws from what passes (:class:`Repository`), ``jobs`` are the limits of jobs, ``pool`` says how
    many connections there may be, ``patience`` how long a database is waited for. Raises ConfigurationError for an unusable URL, key or database."""
    cipher = Cipher(key)
    engine = open_engine(database_url, tls, pool)
    clock = DatabaseClock(engine)
    bring_up(engine, patience)
    audit = AuditLog(engine, observer or Observer())
    return Stores(
        Repository(engine, cipher, is_drawn=is_drawn),
        audit,
        Holds(engine, audit),
        Deletion(engine, audit),
        Pruning(engine, audit),
        Merging(engine, audit),
        HookStore(engine),
        SessionEnding(engine),
        Reviews(engine, cipher, audit),
        Worklist(engine, cipher),
        Outbox(engine, cipher),
        OutboxActions(engine, audit),
        FollowUps(engine),
        Deliveries(engine, cipher),
        OutboxStates(engine),
        WorklistViews(engine, cipher),
        WorklistChoices(engine, cipher),
        Aftermaths(engine),
        SecondReviews(engine, cipher, audit),
        Passing(engine, cipher, audit),
        AffectedEncounters(engine),
        Outcomes(engine, cipher),
        SignedLines(engine, cipher),
        Drafts(engine, cipher),
        SentForms(engine),
        Providers(engine, cipher),
        Jobs(engine, cipher, jobs, clock),
        JobClaims(engine, cipher, jobs, clock),
        JobSweeping(engine, cipher, audit, jobs, clock),
        RunJobs(engine, cipher, jobs, clock),
        BulkEnds(engine),
        DiscoveryStore(engine),
        EarlierCodings(engine),
        StandingCodings(engine),
    )


def open_rotation(database_url: str, key: str, tls: DatabaseTls | None = None) -> Rotation:
    """What changes the key of an up-to-date database. Raises ConfigurationError as :func:`open_stores` does, and without a key."""
    cipher = Cipher(key)
    engine = open_engine(database_url, tls)
    rotation = Rotation(engine, cipher)
    bring_up(engine)
    return rotation


def open_sessions(
    database_url: str,
    key: str,
    lifetimes: Lifetimes,
    tls: DatabaseTls | None = None,
    pool: Pool = Pool(),  # noqa: B008 (a constant)
    patience: Patience = AT_ONCE,
) -> SessionStore:
    """The sessions of people over an up-to-date database, with connections of their own. Raises ConfigurationError as :func:`open_stores` does, and
    without a key."""
    cipher = Cipher(key)
    require_key(cipher)
    engine = open_engine(database_url, tls, pool)
    bring_up(engine, patience)
    return SessionStore(engine, cipher, lifetimes)
