"""Composition root: settings in, a coder or the whole Flask application out.

Concrete parts are named here and in the composition files below it, and nowhere else: :mod:`fhir_coder.installed` (releases and indexes),
:mod:`fhir_coder.connections` (EHRs), :mod:`fhir_coder.reviewing` (pages), :mod:`fhir_coder.replayer` (past codings).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Flask

from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.api.cds_hooks import HookParts, create_cds_hooks
from fhir_coder.api.guards import Guards
from fhir_coder.api.log import configure_logging
from fhir_coder.api.metrics import Metrics
from fhir_coder.api.metrics_server import MetricsServer
from fhir_coder.api.terminology.service import Terminology
from fhir_coder.audit.entry import Agent
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.billing.delivery import Delivery
from fhir_coder.billing.destinations import open_destination
from fhir_coder.broker.messages import Publisher, make_celery, too_long
from fhir_coder.broker.worker import Parts
from fhir_coder.bulk.export import Export
from fhir_coder.bulk.export_client import OFFLINE, ExportClient
from fhir_coder.bulk.run import Workers
from fhir_coder.cds_hooks.tokens import hook_tokens
from fhir_coder.coding.policy import POLICIES, outpatient
from fhir_coder.coding.ranker import Ranker, shipped_ranker
from fhir_coder.connections import EhrConnections, intake_policy, open_builtin_ehr, public_keys, tenants_of
from fhir_coder.disposition import Policy
from fhir_coder.edits.registry import require_known
from fhir_coder.ehr.probe import EhrProbe
from fhir_coder.engine import Engine
from fhir_coder.errors import ConfigurationError
from fhir_coder.installed import ensure_index, open_indexes, open_lists, open_releases
from fhir_coder.jobs.sweeping import Sweeper
from fhir_coder.jobs.threads import JobThreads
from fhir_coder.long_lived import uncollected
from fhir_coder.model import Encounter, Note
from fhir_coder.outbound.addresses import Network
from fhir_coder.outbound.connecting import Connector
from fhir_coder.outbound.rule import AddressRule
from fhir_coder.outbound.session import open_session
from fhir_coder.pipeline import Coder, model_version
from fhir_coder.pooling import server_pool, worker_pool
from fhir_coder.recalibration.applied import calibrated
from fhir_coder.recalibration.evidence import MadeBy
from fhir_coder.record.archive import Archive
from fhir_coder.record.artifacts import ArtifactKeeper, archive_folder
from fhir_coder.review.blueprint import create_review
from fhir_coder.reviewing import open_reviewing
from fhir_coder.risk.report import RiskAssessor
from fhir_coder.sample_settings import AuditSample
from fhir_coder.sampling import Sampler
from fhir_coder.sandbox.installation import Sandbox
from fhir_coder.settings import Settings
from fhir_coder.smart.launch.flow import AuthorizationFlow
from fhir_coder.smart.launch.registration import Registration
from fhir_coder.store.away import AWAY
from fhir_coder.store.bringing_up import AT_ONCE, FOR_GOOD, Patience
from fhir_coder.store.hook_store import HookStore
from fhir_coder.store.passing import Passing
from fhir_coder.store.pool import Pool
from fhir_coder.store.repository import Repository
from fhir_coder.store.rotation import Rotation
from fhir_coder.store.sessions import SessionStore
from fhir_coder.store.start import Stores, open_rotation, open_stores, tls_of
from fhir_coder.tenant_settings import DEFAULT_TENANT, EhrSettings, Tenant
from fhir_coder.throttle.rates import open_counters
from fhir_coder.working import job_limits, open_work, open_working
from terminology.release import Catalogue

ENDING_S = 20.0
"""Seconds that a job may go on when the process is told to end: less than gunicorn's graceful timeout."""
AHEAD, FEWEST_AHEAD = 4, 64
"""Encounters of a bulk run that are with the workers, for each job of the tenant that is done at once, and at least: so that none waits for the next."""
_FIRST = Encounter("warm-up", (Note("warm-up", "HPI: fell off a ladder at work, on metformin.\nAssessment: essential hypertension.\n"),))


@uncollected()
def build_coder(settings: Settings, rankers: Mapping[str, Ranker] | None = None, records: bool = False) -> Coder:
    """The engine of the pipeline with everything loaded; where its codings are recorded, what it codes with is kept before the first."""
    catalogue = open_releases(settings)
    require_known(settings.severities)
    keeper = ArtifactKeeper(settings.data, Archive(archive_folder(settings.data)) if records else None)
    keeper.keep_releases(catalogue.releases)
    indexes = open_indexes(settings, catalogue)
    coder = Coder(
        catalogue=catalogue,
        index_for=indexes,
        rankers={name: shipped_ranker(name) for name in POLICIES} if rankers is None else rankers,
        review=Policy(passing=settings.passing, pass_probability=settings.pass_probability),
        severities=settings.severities,
        keep=keeper.keep,
        lists=open_lists(settings),
    )
    for release in catalogue.releases if records else ():
        if release.id in indexes.opened:  # before the fork; the others are kept by whoever opens them
            coder.artifacts(release, outpatient())
    _warm_up(coder)
    return coder


def _warm_up(coder: Coder) -> None:
    """Code a note now, before any fork: whatever is loaded when first needed is then shared, and the first request need not wait for it."""
    if outpatient().name in coder.rankers:
        coder.code_encounter(_FIRST, outpatient())


def create_app(settings: Settings) -> Flask:
    """The whole server. Raises ConfigurationError when something is missing; the message says what to do."""
    configure_logging(settings.log_level)
    keys, sandbox = public_keys(settings), open_builtin_ehr(settings)
    stores = open_all_stores(settings, server_pool(settings), FOR_GOOD)
    guards = Guards.of(settings, open_counters(settings.rate_store, settings.data), stores.audit.record)
    connections = EhrConnections(sandbox, settings.private_networks, guards.metrics.count_ehr_error)
    engine = open_engine_of(settings, stores, connections, sandbox, guards.metrics)
    app = Flask("fhir_coder", static_folder=None)
    risk = open_risk(settings, engine.coder.catalogue)
    broker = Publisher(make_celery(settings.broker_url, settings.job_seconds)) if settings.broker_url else None
    work = open_work(engine, stores, risk, guards.metrics, partial(engine_over, settings, engine, connections))
    working = open_working(settings, stores, work, broker, guards)
    terminology = Terminology(engine.coder.catalogue, utc_now)
    app.register_blueprint(create_api(engine, settings, risk, keys, guards, terminology, working.later))
    app.register_blueprint(create_cds_hooks(hook_parts(settings, engine.tenants, stores.hooks, guards), DEFAULT_TENANT))
    reviewing = open_reviewing(settings, engine, connections, guards, partial(open_flow, settings.private_networks), stores, risk)
    app.register_blueprint(create_review(reviewing.parts))
    if sandbox:
        app.register_blueprint(sandbox.blueprint)
    install_error_handlers(app, AWAY)
    app.before_request(working.threads.ensure)
    app.extensions["fhir_coder"] = Lifecycle(reviewing.prepare, working.threads, engine.repository, *filter(None, [reviewing.store]))
    return app


def open_engine_of(settings: Settings, stores: Stores, connections: EhrConnections, sandbox: Sandbox | None, metrics: Metrics) -> Engine:
    """The engine over everything that the settings name; its stages are timed, but for the encounter that warms it up."""
    coder = replace(build_coder(settings, records=True), observe=metrics.stage)
    return Engine(
        coder=coder,
        policy=outpatient(settings.assign_probability),
        tenants=tenants_of(settings, sandbox),
        repository=stores.repository,
        connect=connections,
        probe=EhrProbe(connections.once),
        now=utc_now,
        intake=intake_policy(settings),
        may_pass=partial(may_pass, stores.passing, samples_of(settings)),
        reviews=open_calibrations(settings, coder),
        observe=metrics.stage,
    )


def open_worker(settings: Settings) -> tuple[Any, Parts]:
    """A worker's Celery application, and what it does with a message."""
    configure_logging(settings.log_level)
    sandbox = open_builtin_ehr(settings)
    metrics = Metrics()
    listening = MetricsServer(metrics, settings.metrics_address) if settings.metrics_address else None
    stores = open_all_stores(settings, worker_pool(), FOR_GOOD)
    connections = EhrConnections(sandbox, settings.private_networks, metrics.count_ehr_error)
    with uncollected():
        engine = open_engine_of(settings, stores, connections, sandbox, metrics)
    celery = make_celery(settings.broker_url, settings.job_seconds)
    over = partial(engine_over, settings, engine, connections)
    work = open_work(engine, stores, open_risk(settings, engine.coder.catalogue), metrics, over, too_long())
    sweeper = Sweeper(stores.job_sweeping, Publisher(celery), metrics.count_job)

    def after_fork() -> None:
        stores.repository.forget_connections()
        if listening:
            listening.leave()

    return celery, Parts(work.do, sweeper.hand_out, sweeper.sweep, after_fork, listening.begin if listening else _nothing)


def _nothing() -> None:
    """Where a worker's metrics are asked for by nobody."""


def open_bulk(settings: Settings, stores: Stores, tenant: str, ehr: str) -> Callable[[Export], Callable[[], Engine]]:
    """What loads the engine for a run over an export, a missing index built first, and then gives each process its own over the same parts. Raises
    ConfigurationError."""
    connections = EhrConnections(None, settings.private_networks)

    def load(export: Export) -> Callable[[], Engine]:
        ensure_index(settings)
        engine = open_engine_of(settings, stores, connections, None, Metrics())
        return partial(engine_over, settings, engine, connections, export, tenant, ehr)

    return load


def engine_over(settings: Settings, engine: Engine, connections: EhrConnections, export: Export, tenant: str, ehr: str) -> Engine:
    """The engine over an export of a tenant, in the place of the EHR of that id, which is asked for attachments that the export lacks; empty: nobody is
    asked. Raises ConfigurationError."""
    online = ehr_of(settings, tenant, ehr) if ehr else None
    if tenant not in engine.tenants:
        raise ConfigurationError(f"there is no tenant {tenant} in FHIR_CODER_TENANTS")
    named = online or EhrSettings("", OFFLINE)
    client = ExportClient(named, export, connections(online) if online else None)
    tenants = {**engine.tenants, tenant: replace(engine.tenants[tenant], ehrs=(named,))}
    return replace(engine, tenants=tenants, connect=lambda _: client)


def open_bulk_workers(settings: Settings, stores: Stores, told: Callable[[str], None]) -> Workers:
    """Workers elsewhere, for a run to hand its encounters to. Raises ConfigurationError where Celery is not installed."""
    sweeper = Sweeper(stores.job_sweeping, Publisher(make_celery(settings.broker_url, settings.job_seconds)))
    return Workers(sweeper.hand_out, max(FEWEST_AHEAD, AHEAD * settings.jobs_at_once), told)


def ehr_of(settings: Settings, tenant: str, ehr: str) -> EhrSettings:
    """A tenant's EHR of that id. Raises ConfigurationError where there is none."""
    configured = tenants_of(settings, None)
    if tenant not in configured:
        raise ConfigurationError(f"there is no tenant {tenant} in FHIR_CODER_TENANTS")
    found = next((one for one in configured[tenant].ehrs if one.id == ehr), None)
    if found is None:
        raise ConfigurationError(f"tenant {tenant} has no EHR {ehr} in FHIR_CODER_TENANTS")
    return found


def utc_now() -> datetime:
    """The clock of the server."""
    return datetime.now(UTC)


def open_calibrations(settings: Settings, coder: Coder) -> dict[str, Policy]:
    """The review policy of each tenant that has a calibration. Raises ConfigurationError for one that is missing, changed, or of another model."""
    named = {tenant.id: tenant.calibration for tenant in settings.tenants if tenant.calibration}
    if not named:
        return {}
    installed = MadeBy(coder.rankers[outpatient().name].version, model_version(coder.index_for(coder.catalogue.newest).manifest))
    return {tenant: calibrated(coder.review, settings.data, name, tenant, installed) for tenant, name in named.items()}


def open_store(settings: Settings) -> Repository:
    """The store of codings."""
    return open_all_stores(settings).repository


def open_all_stores(settings: Settings, pool: Pool = Pool(), patience: Patience = AT_ONCE) -> Stores:  # noqa: B008 (a constant)
    """Codings, audit, holds, deletion and merges, over one database, which is waited for as long as ``patience`` lasts."""
    observer = Observer(settings.public_url or socket.gethostname())
    sampler = Sampler({tenant: sample.share for tenant, sample in samples_of(settings).items()})
    return open_stores(settings.database_url, settings.key, observer, tls_of(settings), sampler, job_limits(settings), pool, patience)


def samples_of(settings: Settings) -> dict[str, AuditSample]:
    """How much of what passes each tenant has coded a second time."""
    return {tenant.id: tenant.audit_sample for tenant in settings.tenants}


def may_pass(passing: Passing, samples: Mapping[str, AuditSample], tenant: str) -> bool:
    """Whether a tenant's encounters may pass now, asked of the store each time: another process may have found that they may not."""
    return not passing.judge(tenant, samples.get(tenant, AuditSample())).is_suspended


def open_store_rotation(settings: Settings) -> Rotation:
    """What changes the key of the store."""
    return open_rotation(settings.database_url, settings.key, tls_of(settings))


def open_billing(settings: Settings, stores: Stores, tenant: str, agent: Agent) -> Delivery:
    """What delivers a tenant's signed encounters. Raises ConfigurationError for a tenant without a destination, and for one that cannot be used."""
    configured = next((one.billing for one in settings.tenants if one.id == tenant), ())
    if not configured:
        raise ConfigurationError(f"tenant {tenant} has no billing in FHIR_CODER_TENANTS: there is nowhere to deliver to")
    connector = Connector(AddressRule.of(settings.private_networks, [one.url for one in configured if one.host]))
    return Delivery(stores.outbox, [open_destination(one, connector) for one in configured], stores.audit.record, agent)


def hook_parts(settings: Settings, tenants: Mapping[str, Tenant], store: HookStore, guards: Guards) -> HookParts:
    """What the CDS services are made of. Raises ConfigurationError where our own address, which tokens must name, is not configured."""
    configured = {tenant.id: tenant.cds_hooks for tenant in settings.tenants if tenant.cds_hooks}
    if configured and not settings.public_url:
        raise ConfigurationError(
            f"tenant {min(configured)} has cds_hooks, whose tokens are made for our address: set FHIR_CODER_PUBLIC_URL"
        )
    tokens = {tenant: hook_tokens(tenant, clients, store, settings.private_networks) for tenant, clients in configured.items()}
    return HookParts(tenants, tokens, store, guards.auditor, guards.throttle, settings.public_url, settings.sandbox, settings.max_depth)


def open_flow(networks: Iterable[Network], registrations: Iterable[Registration]) -> AuthorizationFlow:
    """Signing in at the configured servers: what they name themselves is not configured by that."""
    known = tuple(registrations)
    rule = AddressRule.of(networks, [url for one in known for url in one.configured_urls])
    return AuthorizationFlow(known, partial(open_session, rule))


def open_risk(settings: Settings, catalogue: Catalogue) -> RiskAssessor | None:
    """What makes risk reports, or None where the site shows none."""
    return RiskAssessor(catalogue) if settings.risk == "on" else None


class Lifecycle:
    """What a server does around a fork: load what workers share, and drop connections that belong to the parent."""

    def __init__(self, prepare: Callable[[], None], threads: JobThreads, *stores: Repository | SessionStore) -> None:
        self._prepare = prepare
        self._threads = threads
        self._stores = stores

    def before_fork(self) -> None:
        """Load now what would be loaded when somebody first asks: it takes seconds, and each worker would do it."""
        self._prepare()

    def after_fork(self) -> None:
        """Forget inherited database connections without closing them, and begin with the jobs that wait."""
        for store in self._stores:
            store.forget_connections()
        self._threads.ensure()

    def ending(self) -> None:
        """Begin no further job."""
        self._threads.stop()

    def before_exit(self) -> None:
        """A job that is being done has a while to end, else another process does it over; then connections are closed."""
        self._threads.stop(ENDING_S)
        for store in self._stores:
            store.close_connections()
