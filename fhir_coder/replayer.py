"""Composition of the replay: past codings had again from the EHRs of the tenants, and held against what is installed today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fhir_coder.coding.ranker import shipped_ranker
from fhir_coder.connections import EhrConnections, intake_policy, open_builtin_ehr, tenants_of
from fhir_coder.disposition import Policy
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.errors import ConfigurationError
from fhir_coder.exchange import CodingRequest, Intake
from fhir_coder.installed import open_releases
from fhir_coder.pipeline import configuration_of, model_version
from fhir_coder.recalibration.applied import calibrated
from fhir_coder.recalibration.evidence import MadeBy
from fhir_coder.record.archive import Archive
from fhir_coder.record.artifacts import ArtifactKeeper, archive_folder
from fhir_coder.record.replay import Basis, Replayer
from fhir_coder.record.rereading import NoteReader
from fhir_coder.settings import Settings
from fhir_coder.store.records import StoredEncounter
from index.manifest import ManifestMismatch, read_manifest
from index.open import index_folder


def build_replayer(settings: Settings, may_pass: Callable[[str], bool]) -> Replayer:
    """What does past codings again; ``may_pass`` says whether a tenant's encounters may pass now. Raises ConfigurationError when something of today is missing, once that is asked for."""
    sandbox = open_builtin_ehr(settings)
    tenants, connections = tenants_of(settings, sandbox), EhrConnections(sandbox, settings.private_networks)

    def connect(tenant: str, ehr: str) -> EhrClient | None:
        ehrs = tenants[tenant].ehrs if tenant in tenants else ()
        return next((connections(one) for one in ehrs if one.id == ehr), None)

    def gather_again(coding: StoredEncounter) -> Intake:
        encounter_id = coding.encounter_reference.rpartition("/")[2]
        request = CodingRequest(coding.tenant, encounter_id, ehr=coding.ehr)
        policy = intake_policy(settings)
        if coding.tenant in tenants:
            policy = replace(policy, sensitive=tenants[coding.tenant].sensitive)
        return gather(request, connect(coding.tenant, coding.ehr), policy)

    archive = Archive(archive_folder(settings.data))
    archive.hold()
    return Replayer(archive, NoteReader(connect), gather_again, partial(_basis_today, settings, may_pass))


def _basis_today(settings: Settings, may_pass: Callable[[str], bool], coding: StoredEncounter) -> Basis:
    """What the encounter would be coded with if it came now."""
    release = open_releases(settings).for_date(coding.service_date).release
    policy = coding.configuration.policy
    try:
        manifest = read_manifest(index_folder(settings.data, release))
    except ManifestMismatch as error:
        raise ConfigurationError(str(error)) from error
    keeper = ArtifactKeeper(settings.data, Archive(archive_folder(settings.data)))
    ranker = shipped_ranker(policy)
    artifacts = keeper.keep(release, manifest, policy, ranker)
    review = _review_today(settings, coding.tenant, MadeBy(ranker.version, model_version(manifest)))
    review = review if may_pass(coding.tenant) else review.suspended()
    return Basis(artifacts, configuration_of(policy, settings.assign_probability, review, settings.severities))


def _review_today(settings: Settings, tenant: str, installed: MadeBy) -> Policy:
    """What lets encounters of a tenant pass: its calibration, where it has one."""
    review = Policy(settings.passing, settings.pass_probability)
    name = next((one.calibration for one in settings.tenants if one.id == tenant), "")
    return calibrated(review, settings.data, name, tenant, installed) if name else review
