"""Composition of the replay: past codings had again from the EHRs of the tenants, and held against what is installed today."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from fhir_coder.coding.ranker import shipped_ranker
from fhir_coder.connections import EhrConnections, intake_policy, open_builtin_ehr, tenants_of
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.errors import ConfigurationError
from fhir_coder.exchange import CodingRequest, Configuration, Intake
from fhir_coder.installed import open_releases
from fhir_coder.record.archive import Archive
from fhir_coder.record.artifacts import ArtifactKeeper, archive_folder
from fhir_coder.record.replay import Basis, Replayer
from fhir_coder.record.rereading import NoteReader
from fhir_coder.settings import Settings
from fhir_coder.store.records import StoredEncounter
from index.manifest import ManifestMismatch, read_manifest
from index.open import index_folder


def build_replayer(settings: Settings) -> Replayer:
    """What does past codings again. Raises ConfigurationError when something of today is missing, once that is asked for."""
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
    return Replayer(archive, NoteReader(connect), gather_again, partial(_basis_today, settings))


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
