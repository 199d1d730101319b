"""Composition root: settings in, a coder or the whole Flask application out. The only file that names concrete parts."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from flask import Flask

from fhir_coder.api.blueprint import DEFAULT_TENANT, create_api, install_error_handlers
from fhir_coder.api.log import configure_logging
from fhir_coder.coding.policy import POLICIES, outpatient
from fhir_coder.coding.ranker import Ranker, shipped_ranker
from fhir_coder.disposition import Policy
from fhir_coder.edits.registry import require_known
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.ehr.probe import TIMEOUT_S, EhrProbe
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.engine import Engine
from fhir_coder.errors import ConfigurationError, InvalidContent
from fhir_coder.exchange import CodingRequest, Configuration, Intake
from fhir_coder.language import detect_language
from fhir_coder.pipeline import Coder
from fhir_coder.progress import stage_progress
from fhir_coder.reading.context import load_rules
from fhir_coder.record.archive import Archive
from fhir_coder.record.artifacts import ArtifactKeeper, archive_folder
from fhir_coder.record.replay import Basis, Replayer
from fhir_coder.record.rereading import NoteReader
from fhir_coder.sandbox.installation import Sandbox, open_sandbox
from fhir_coder.settings import EhrSettings, Settings, Tenant
from fhir_coder.software import code_digest
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.repository import Repository
from fhir_coder.store.start import open_repository
from index.build import build_index, needs_build
from index.clearing import clear_unused
from index.manifest import ManifestMismatch, read_manifest
from index.model import Model, ModelRefused, choose_model
from index.open import index_folder, index_name
from index.shelf import IndexShelf
from terminology.embedded import EmbeddedMissing
from terminology.installation import installed_manifests, open_catalogue
from terminology.loading import load as loading
from terminology.loading.failure import LoadError
from terminology.loading.load import Loaded, Loader, loading_idle
from terminology.loading.preparation import LoadRequest
from terminology.release import Catalogue, Release

SANDBOX_EHR = "sandbox"


def open_releases(settings: Settings) -> Catalogue:
    """Every installed release; the embedded one is compiled on first use."""
    try:
        return open_catalogue(settings.data)
    except OSError as error:
        raise _unusable(settings, error) from error
    except (ValueError, EmbeddedMissing) as error:
        raise ConfigurationError(str(error)) from error


def _unusable(settings: Settings, error: Exception) -> ConfigurationError:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return ConfigurationError(f"FHIR_CODER_DATA: the folder {settings.data} cannot be read and written ({reason})")


def _sandbox(settings: Settings) -> Sandbox | None:
    """The built-in EHR where it is asked for."""
    try:
        return open_sandbox(settings.data) if settings.sandbox else None
    except (OSError, sqlite3.Error) as error:
        raise _unusable(settings, error) from error


def model_of(settings: Settings) -> Model:
    """The embedding model by setting, its files checked against their hashes."""
    try:
        return choose_model(settings.model, settings.model_sha256)
    except ModelRefused as error:
        raise ConfigurationError(str(error)) from error


def build_indexes(settings: Settings, force: bool = False) -> Iterator[tuple[Path, bool]]:
    """Build the index of every release that lacks a current one; yields each folder and whether it was built."""
    model = model_of(settings)
    for release in open_releases(settings).releases:
        folder = index_folder(settings.data, release)
        build = force or needs_build(folder, release, model)
        if build:
            with stage_progress(f"index {release.id}") as report:
                build_index(folder, release, model, report)
        yield folder, build
    _clear_indexes(settings)


def load_release(settings: Settings, request: LoadRequest) -> Loaded:
    """Load official files, their index first. Raises InvalidContent when they cannot be used; then nothing has changed."""
    model = model_of(settings)
    with stage_progress("load") as report, _releases_refusing(settings):
        _clear_indexes(settings)

        def build(release: Release) -> None:
            folder = index_folder(settings.data, release)
            if needs_build(folder, release, model):
                build_index(folder, release, model, report)

        return Loader(settings.data, build, report).load(request)


def remove_release(settings: Settings, release_id: str) -> None:
    """Take a release and its index away. Raises InvalidContent when it is not there or is the embedded one."""
    with _releases_refusing(settings):
        loading.remove_release(settings.data, release_id, lambda: _clear_now(settings))


def _clear_indexes(settings: Settings) -> None:
    """Drop indexes of releases that are gone, unless a release is just being loaded: its index is ready before it is visible itself."""
    with loading_idle(settings.data) as is_idle:
        if is_idle:
            _clear_now(settings)


def _clear_now(settings: Settings) -> None:
    used = [index_name(release_id, manifest.sha256) for release_id, manifest in installed_manifests(settings.data).items()]
    clear_unused(settings.data / "index", used)


@contextmanager
def _releases_refusing(settings: Settings) -> Iterator[None]:
    """What loading and removing raise, as errors of ours."""
    try:
        yield
    except LoadError as error:
        raise InvalidContent(str(error)) from error
    except OSError as error:
        raise _unusable(settings, error) from error
    except (ValueError, EmbeddedMissing) as error:
        raise ConfigurationError(str(error)) from error


def ensure_index(settings: Settings) -> None:
    """Build what is missing: for the command line, where a person waits. The server never builds, it refuses to start."""
    for _ in build_indexes(settings):
        pass


def build_coder(settings: Settings, rankers: Mapping[str, Ranker] | None = None, records: bool = False) -> Coder:
    """The engine of the pipeline with everything loaded; where its codings are recorded, what it codes with is kept before the first."""
    catalogue = open_releases(settings)
    require_known(settings.severities)
    _warm_up()
    keeper = ArtifactKeeper(settings.data, Archive(archive_folder(settings.data)) if records else None)
    keeper.keep_releases(catalogue.releases)
    indexes = _open_indexes(settings, catalogue)
    coder = Coder(
        catalogue=catalogue,
        index_for=indexes,
        rankers={name: shipped_ranker(name) for name in POLICIES} if rankers is None else rankers,
        review=Policy(passing=settings.passing, pass_probability=settings.pass_probability),
        severities=settings.severities,
        keep=keeper.keep,
    )
    for release in catalogue.releases if records else ():
        if release.id in indexes.opened:  # before the fork; the others are kept by whoever opens them
            coder.artifacts(release, outpatient())
    return coder


def _warm_up() -> None:
    """Load rules and language profiles now, before any fork: a second that the first request need not pay."""
    load_rules()
    code_digest()
    detect_language("The patient returns for follow up of hypertension and feels well.")


def create_app(settings: Settings) -> Flask:
    """The whole server. Raises ConfigurationError when something is missing; the message says what to do."""
    configure_logging(settings.log_level)
    sandbox = _sandbox(settings)
    engine = Engine(
        coder=build_coder(settings, records=True),
        policy=outpatient(settings.assign_probability),
        tenants=_tenants(settings, sandbox),
        repository=open_store(settings),
        connect=EhrConnections(sandbox),
        probe=EhrProbe(partial(_connect_once, sandbox=sandbox)),
        now=lambda: datetime.now(UTC),
        intake=_intake_policy(settings),
    )
    app = Flask("fhir_coder", static_folder=None)
    app.register_blueprint(create_api(engine, settings))
    if sandbox:
        app.register_blueprint(sandbox.blueprint)
    install_error_handlers(app)
    app.extensions["fhir_coder"] = Lifecycle(engine.repository)
    return app


def open_store(settings: Settings) -> Repository:
    """The store of codings."""
    return open_repository(settings.database_url, settings.key)


def build_replayer(settings: Settings) -> Replayer:
    """What does past codings again. Raises ConfigurationError when something of today is missing, once that is asked for."""
    sandbox = _sandbox(settings)
    tenants, connections = _tenants(settings, sandbox), EhrConnections(sandbox)

    def connect(tenant: str, ehr: str) -> EhrClient | None:
        ehrs = tenants[tenant].ehrs if tenant in tenants else ()
        return next((connections(one) for one in ehrs if one.id == ehr), None)

    def gather_again(coding: StoredEncounter) -> Intake:
        encounter_id = coding.encounter_reference.rpartition("/")[2]
        request = CodingRequest(coding.tenant, encounter_id, ehr=coding.ehr)
        return gather(request, connect(coding.tenant, coding.ehr), _intake_policy(settings))

    archive = Archive(archive_folder(settings.data))
    archive.hold()
    return Replayer(archive, NoteReader(connect), gather_again, partial(_basis_today, settings))


def _intake_policy(settings: Settings) -> IntakePolicy:
    """What of an EHR is read and coded, by setting."""
    return IntakePolicy(settings.preliminary_notes, settings.unfinished_encounters)


def _basis_today(settings: Settings, coding: StoredEncounter) -> Basis:
    """What the encounter would be coded with if it came now."""
    release = open_releases(settings).for_date(coding.service_date).release
    policy = coding.configuration.policy
    try:
        manifest = read_manifest(index_folder(settings.data, release))
    except ManifestMismatch as error:
        raise ConfigurationError(str(error)) from error
    keeper = ArtifactKeeper(settings.data, Archive(archive_folder(settings.data)))
    artifacts = keeper.keep(release, manifest, policy, shipped_ranker(policy))
    return Basis(
        artifacts, Configuration(policy, settings.assign_probability, settings.passing, settings.pass_probability, settings.severities)
    )


class Lifecycle:
    """What a worker must do after a fork: drop connections that belong to the parent."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def after_fork(self) -> None:
        """Forget inherited database connections without closing them."""
        self._repository.forget_connections()


def _open_indexes(settings: Settings, catalogue: Catalogue) -> IndexShelf:
    """Every index checked; those of the newest release and of the one in force today opened now, before any fork, the others when needed."""
    in_force = catalogue.for_date(datetime.now(UTC).date()).release
    try:
        return IndexShelf(settings.data, catalogue.releases, {catalogue.newest.id, in_force.id})
    except ManifestMismatch as error:
        raise ConfigurationError(str(error)) from error


def _tenants(settings: Settings, sandbox: Sandbox | None) -> Mapping[str, Tenant]:
    """The configured tenants; the default one always answers, and in sandbox mode has the built-in EHR first."""
    tenants = {DEFAULT_TENANT: Tenant(DEFAULT_TENANT)} | {tenant.id: tenant for tenant in settings.tenants}
    if sandbox:
        ehr = EhrSettings(SANDBOX_EHR, sandbox.base_url, write_before_review=True)
        tenants[DEFAULT_TENANT] = Tenant(DEFAULT_TENANT, (ehr, *tenants[DEFAULT_TENANT].ehrs))
    return tenants


def _connect(ehr: EhrSettings, sandbox: Sandbox | None, retry: RetryPolicy | None = None) -> EhrClient:
    """A client for one EHR; the built-in one is reached in process, without a socket."""
    is_sandbox = sandbox is not None and ehr.base_url == sandbox.base_url
    return EhrClient(ehr, session=sandbox.session() if sandbox and is_sandbox else None, retry=retry)


def _connect_once(ehr: EhrSettings, sandbox: Sandbox | None) -> EhrClient:
    """A client for the health page: one short attempt."""
    return _connect(replace(ehr, timeout_s=min(ehr.timeout_s, TIMEOUT_S)), sandbox, RetryPolicy(attempts=1))


class EhrConnections:
    """Clients of the EHRs, one for each thread and EHR: a session is not shared by threads, and metadata is read once, not for each request."""

    def __init__(self, sandbox: Sandbox | None) -> None:
        self._sandbox = sandbox
        self._local = threading.local()

    def __call__(self, ehr: EhrSettings) -> EhrClient:
        """The client for one EHR."""
        clients: dict[EhrSettings, EhrClient] = self._local.__dict__.setdefault("clients", {})
        if ehr not in clients:
            clients[ehr] = _connect(ehr, self._sandbox)
        return clients[ehr]
