"""What crosses the edge of the engine: a coding request as it came in, the intake made of it, and the result that goes out.

FHIR resources travel as plain dicts in FHIR JSON form (decimals as ``decimal.Decimal``), already past the strict reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fhir_coder.model import Disposition, Encounter, Reconciled

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallerLimits:
    """What the caller may have of what we could do at the EHR in our own name; by default everything.

    ``patient``: id of the only patient, or empty. ``may_fetch_attachments``: whether attachments are fetched by their URL. ``withheld``: pairs of
    resource type and interaction (``create``, ``update``) that are not carried out.
    """

    patient: str = ""
    may_fetch_attachments: bool = True
    withheld: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class CodingRequest:
    """One call of ``$code-encounter``, checked for form.

    ``encounter_id`` is the id at the EHR (URL or ``encounterReference``), ``encounter`` the inline resource; at least one is given.
    ``notes`` is None when the caller sent none: they are pulled from the EHR. ``ehr`` names one of the tenant's EHRs, empty for its first.
    ``is_uploaded``: a person sent the notes as files, from outside every EHR; none is asked then, and nothing is written.
    ``sending`` names the form of a page that asked, empty for other callers: one form makes one coding (:mod:`fhir_coder.store.sent_forms`).
    """

    tenant: str
    encounter_id: str = ""
    encounter: Resource | None = None
    patient: Resource | None = None
    notes: tuple[Resource, ...] | None = None
    context: tuple[Resource, ...] = ()
    ehr: str = ""
    write_back: bool = False
    include_text: bool = False
    is_uploaded: bool = False
    limits: CallerLimits = CallerLimits()
    sending: str = ""


@dataclass(frozen=True, slots=True)
class Intake:
    """The engine's view of a request, with the FHIR resources it was made from.

    ``resources`` maps a reference as used in ``Encounter`` (``Patient/1``, ``DocumentReference/7``) to its resource. ``warnings`` are
    sentences about what was ignored or degraded; they carry ids, never note text.
    """

    encounter: Encounter
    resources: Mapping[str, Resource] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseUse:
    """Which release an encounter was coded with and the service dates it covers; ``status`` is covered, earlier, later, gap
    or undated (see :class:`terminology.release.ReleaseChoice`). ``caveat`` says what of the release is not up to date, or is empty."""

    id: str
    effective_from: date
    effective_to: date
    status: str
    caveat: str = ""


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What a coding was made with beside the software: the digest (sha256, hex) of each set of files as :mod:`fhir_coder.record` keeps it."""

    release: str = ""
    index: str = ""
    ranker: str = ""
    knowledge: str = ""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings that decide what is assigned and where it goes. ``policy`` names the coding policy; see :mod:`fhir_coder.disposition`
    for ``passing`` and ``pass_probability``; ``severities`` are the site's overrides by edit id. ``calibration`` names the tenant's own, or is empty;
    ``level`` and ``slope`` are its curve (:class:`fhir_coder.confidence.Curve`), so that a replay needs no file of it."""

    policy: str = ""
    assign_probability: float = 0.0
    passing: str = ""
    pass_probability: float = 0.0
    severities: Mapping[str, str] = field(default_factory=dict)
    calibration: str = ""
    level: float = 0.0
    slope: float = 1.0


@dataclass(frozen=True, slots=True)
class CodingResult:
    """The answer of the engine: the disposition with its whole trail, the proposal (Bundle, type collection) and the receipt
    (Bundle, type batch-response, one entry per entry of the proposal, then those about resources of earlier codings) or None when nothing
    was to be written. ``reconciliation`` holds the assigned codes against those that the EHR had already. ``is_inline``: the notes came
    with the request, so that no EHR need have them; ``is_uploaded``: as files, by a person; ``keeps_text``: the store keeps their text; ``sending`` is that of the request;
    ``coding_id`` names the record of it, once it is kept."""

    intake: Intake
    disposition: Disposition
    release: ReleaseUse
    proposal: Resource
    receipt: Resource | None = None
    reconciliation: tuple[Reconciled, ...] = ()
    artifacts: Artifacts = Artifacts()
    configuration: Configuration = Configuration()
    is_inline: bool = False
    is_uploaded: bool = False
    keeps_text: bool = False
    sending: str = ""
    coding_id: str = ""
