"""The glossary in code: the frozen values that flow along the straight line.

Offsets everywhere are half-open ranges of Unicode code points into ``Note.text``, the canonical text of one note. Codes are ICD-10-CM with
the dot. Nothing here does any work; each stage of :mod:`fhir_coder.pipeline` takes one of these values and returns the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from fhir_coder.note import Authority as Authority
from fhir_coder.note import Note as Note
from fhir_coder.note import SectionHint as SectionHint
from fhir_coder.note import SecurityLabel as SecurityLabel
from fhir_coder.note import Sensitivity as Sensitivity
from fhir_coder.note import UnreadableNote as UnreadableNote
from fhir_coder.note import text_hash as text_hash
from fhir_coder.service import MAX_DIAGNOSES as MAX_DIAGNOSES
from fhir_coder.service import MAX_POINTERS as MAX_POINTERS
from fhir_coder.service import ServiceLine as ServiceLine

# ----------------------------------------------------------------------------------------------------------------- encounter


@dataclass(frozen=True, slots=True)
class Patient:
    """What coding needs to know of the patient. ``gender`` is the FHIR administrative gender code or empty."""

    id: str = ""
    birth_date: date | None = None
    gender: str = ""


@dataclass(frozen=True, slots=True)
class RecordedDiagnosis:
    """A diagnosis that the EHR holds for the encounter already, with its ICD-10-CM code as the EHR spells it.

    ``reference`` is the Condition's; ``verification`` its verificationStatus code or empty; ``is_ours`` says that this software proposed it.
    """

    code: str
    reference: str
    verification: str = ""
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Encounter:
    """One visit as the engine sees it: its readable notes, the patient and what the EHR supplied beside them.

    ``service_date`` is the calendar date of ``Encounter.period.start`` in its own offset, or None. ``coverage``, ``provider`` and
    ``organization`` are FHIR references or empty. ``conflicts`` names identity conflicts between the resources (see ``ehr.intake``).
    ``is_claimed`` says that a Claim is drafted for it: for every encounter that came as FHIR, for no line of text. ``self_pay`` says why none is,
    where the patient's self-pay restriction keeps it from health plans, or is empty. ``labels`` are the security labels of the Encounter and the
    Patient, ``sensitive`` what was read although it is marked.
    """

    id: str
    notes: tuple[Note, ...]
    patient: Patient = Patient()
    service_date: date | None = None
    unreadable: tuple[UnreadableNote, ...] = ()
    coverage: str = ""
    provider: str = ""
    organization: str = ""
    services: tuple[ServiceLine, ...] = ()
    conflicts: tuple[str, ...] = ()
    reference: str = ""
    is_claimed: bool = False
    recorded: tuple[RecordedDiagnosis, ...] = ()
    self_pay: str = ""
    labels: tuple[SecurityLabel, ...] = ()
    sensitive: tuple[Sensitivity, ...] = ()

    @property
    def age(self) -> int | None:
        """Completed years on the date of service, or None when either date is unknown."""
        born, served = self.patient.birth_date, self.service_date
        if born is None or served is None:
            return None
        return served.year - born.year - ((served.month, served.day) < (born.month, born.day))


# ------------------------------------------------------------------------------------------------------------------- reading


class SectionKind(StrEnum):
    """What a section of a note is for. ``BODY`` is text under no recognised heading."""

    CHIEF_COMPLAINT = "chief-complaint"
    HISTORY_OF_PRESENT_ILLNESS = "history-of-present-illness"
    INTERVAL_HISTORY = "interval-history"
    REVIEW_OF_SYSTEMS = "review-of-systems"
    PAST_MEDICAL_HISTORY = "past-medical-history"
    PAST_SURGICAL_HISTORY = "past-surgical-history"
    FAMILY_HISTORY = "family-history"
    SOCIAL_HISTORY = "social-history"
    PROBLEM_LIST = "problem-list"
    MEDICATIONS = "medications"
    ALLERGIES = "allergies"
    IMMUNIZATIONS = "immunizations"
    VITALS = "vitals"
    PHYSICAL_EXAM = "physical-exam"
    RESULTS = "results"
    PROCEDURE = "procedure"
    ASSESSMENT = "assessment"
    PLAN = "plan"
    ASSESSMENT_AND_PLAN = "assessment-and-plan"
    DIAGNOSES = "diagnoses"
    ORDERS = "orders"
    INSTRUCTIONS = "instructions"
    REASON_FOR_VISIT = "reason-for-visit"
    SUBJECTIVE = "subjective"
    OBJECTIVE = "objective"
    ADMINISTRATIVE = "administrative"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of one note. The heading is ``text[start:body_start]``, the body ``text[body_start:end]``."""

    note_id: str
    kind: SectionKind
    title: str
    start: int
    body_start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sections:
    """The encounter with every note cut into sections (covering each note without gaps or overlap, in order)."""

    encounter: Encounter
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of text that names a clinical concept.

    ``text`` is exactly ``note.text[start:end]``. ``sentence_start``/``sentence_end`` bound the sentence or list item it stands in.
    ``codes`` are the codes or stems that a dictionary entry gives for these words (empty for a problem statement that only retrieval can
    resolve) and ``sources`` names the entries (``lexicon:htn``, ``title:I10``). ``is_problem_statement`` marks the head of a problem in an
    assessment or plan ("2. Hypertension, uncontrolled."); its span is then the whole statement.
    """

    note_id: str
    start: int
    end: int
    text: str
    section: SectionKind
    sentence_start: int
    sentence_end: int
    codes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    is_problem_statement: bool = False


PHRASE_RUN, PHRASE_KNOWN = "phrase:run", "phrase:known"
"""Sources of mentions that no dictionary names: a run of words, and a phrase that was learned (see :mod:`fhir_coder.reading.phrases`)."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """The sections with every mention found in them, in order of note and offset."""

    sections: Sections
    mentions: tuple[Mention, ...]


class Presence(StrEnum):
    """Whether the note says the concept is there (i2b2/ConText)."""

    PRESENT = "present"
    ABSENT = "absent"
    POSSIBLE = "possible"


class Experiencer(StrEnum):
    """Whose condition it is (ConText)."""

    PATIENT = "patient"
    FAMILY = "family"
    OTHER = "other"


class Temporality(StrEnum):
    """When (ConText): now, in the past, or only hypothetically (return precautions, "if", risks, screening for)."""

    CURRENT = "current"
    HISTORICAL = "historical"
    HYPOTHETICAL = "hypothetical"


@dataclass(frozen=True, slots=True)
class Assertion:
    """A mention with what the note asserts of it; ``cues`` are the ids of the context rules that decided."""

    mention: Mention
    presence: Presence = Presence.PRESENT
    experiencer: Experiencer = Experiencer.PATIENT
    temporality: Temporality = Temporality.CURRENT
    cues: tuple[str, ...] = ()

    @property
    def is_codable(self) -> bool:
        """Present, the patient's own, and current: the only assertion an active code may rest on (guideline IV.G-J)."""
        return self.presence is Presence.PRESENT and self.experiencer is Experiencer.PATIENT and self.temporality is Temporality.CURRENT


@dataclass(frozen=True, slots=True)
class Assertions:
    """The mentions with their assertions, in the same order."""

    mentions: Mentions
    assertions: tuple[Assertion, ...]

    @property
    def encounter(self) -> Encounter:
        """The encounter all of this was read from."""
        return self.mentions.sections.encounter


# -------------------------------------------------------------------------------------------------------------------- coding


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code (or completable stem) offered for one assertion.

    ``position`` is the index of the assertion in ``Assertions.assertions``. ``lexical`` and ``dense`` are retrieval scores in 0..1 (None:
    that index did not offer it), ``score`` their fusion; ``source`` names what matched.
    """

    position: int
    code: str
    score: float
    lexical: float | None = None
    dense: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Every candidate, ordered by assertion position, then score (ties broken by code)."""

    assertions: Assertions
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words a decision rests on: note, half-open code point offsets, exact words, sha256 of the whole canonical text."""

    note_id: str
    start: int
    end: int
    text: str
    sha256: str
    section: SectionKind = SectionKind.BODY


class RejectionReason(StrEnum):
    """Why a code is not assigned. The values are the ``rejected.reason`` codes of the operation."""

    NEGATED = "negated"
    UNCERTAIN = "uncertain"
    HISTORICAL = "historical"
    HYPOTHETICAL = "hypothetical"
    FAMILY_HISTORY = "family-history"
    OTHER_PERSON = "other-person"
    NOT_ADDRESSED = "not-addressed"
    OUTRANKED = "outranked"
    LESS_SPECIFIC = "less-specific"
    INTEGRAL_SYMPTOM = "integral-symptom"
    LEFT_TO_SITE = "left-to-site"
    LOW_PROBABILITY = "low-probability"
    NOT_BILLABLE = "not-billable"
    NOT_PROVIDERS = "not-providers"
    LABORATORY_VALUE = "laboratory-value"
    UNSIGNED_REPORT = "unsigned-report"
    EDIT = "edit"


@dataclass(frozen=True, slots=True)
class CodeAssignment:
    """A code we stand by. ``rank`` is its place in claim order, from 1 (the first-listed diagnosis).

    ``features`` are the ranker's inputs in clinical words, ``explanation`` a sentence for the reviewer (never note text beyond the evidence).
    """

    code: str
    display: str
    probability: float
    rank: int
    evidence: tuple[Evidence, ...]
    explanation: str = ""
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A candidate that was not assigned, and why: the "why not" list. ``instead`` is the code that took its place, or empty."""

    code: str
    display: str
    reason: RejectionReason
    evidence: tuple[Evidence, ...] = ()
    probability: float = 0.0
    instead: str = ""


@dataclass(frozen=True, slots=True)
class CodedEncounter:
    """The encounter with its code assignments in claim order, everything rejected, and asserted problems that found no code."""

    assertions: Assertions
    release_id: str
    assignments: tuple[CodeAssignment, ...]
    rejected: tuple[Rejection, ...] = ()
    uncoded: tuple[Evidence, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def encounter(self) -> Encounter:
        """The encounter that was coded."""
        return self.assertions.encounter


# --------------------------------------------------------------------------------------------------------------------- edits


class Severity(StrEnum):
    """Effect of a finding: ``blocking`` never passes without a human, ``advisory`` and ``information`` are shown, ``shadow`` is recorded only."""

    BLOCKING = "blocking"
    ADVISORY = "advisory"
    INFORMATION = "information"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class QueryOption:
    """One answer that a provider may give; ``leads_to`` is for the coder's eyes only and never part of the question."""

    text: str
    leads_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderQuery:
    """A question to the provider about what the notes leave open, to be asked without leading (AHIMA/ACDIS, Guidelines for Achieving a
    Compliant Query Practice, 2022 update): the words of the notes it rests on, the answers they support, and always "other" and "unable to
    determine". It names no code, payment or quality measure; an answer counts as a signed addendum only."""

    question: str
    indicators: tuple[Evidence, ...]
    options: tuple[QueryOption, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What an edit says. ``detail`` names codes, facts and the remedy, never note text; ``evidence`` points at the words it rests on."""

    edit: str
    name: str
    severity: Severity
    codes: tuple[str, ...]
    detail: str
    source: str = ""
    evidence: tuple[Evidence, ...] = ()
    query: ProviderQuery | None = None


@dataclass(frozen=True, slots=True)
class EditReport:
    """All findings on a coded encounter, ordered by severity, edit, codes; ``not_run`` lists ids of edits that lacked their input."""

    coded: CodedEncounter
    findings: tuple[Finding, ...]
    not_run: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[Finding, ...]:
        """The findings that people and callers see: all but those of edits that run in shadow."""
        return tuple(finding for finding in self.findings if finding.severity is not Severity.SHADOW)


# ------------------------------------------------------------------------------------------------------------ reconciliation


class Agreement(StrEnum):
    """How a code that we assign and one that the EHR holds already stand to each other."""

    AGREED = "agreed"
    ADDED = "added"
    MORE_SPECIFIC = "more-specific"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One line of the reconciliation. ``code`` is the assigned code (empty when unsupported), ``recorded`` the EHR's (None when added)."""

    agreement: Agreement
    code: str = ""
    recorded: RecordedDiagnosis | None = None


# --------------------------------------------------------------------------------------------------------------- disposition


class Outcome(StrEnum):
    """Where an encounter or a code goes."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an encounter (or a code) goes to review, or that it would have passed: a code of our reason system and a sentence."""

    code: str
    text: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disposition:
    """Pass or review for the encounter and for each assigned code (same order as the assignments).

    ``is_confident`` says that the encounter would pass were passing allowed: the default policy still sends it to a person.
    """

    report: EditReport
    outcome: Outcome
    reasons: tuple[Reason, ...]
    by_code: tuple[Outcome, ...]
    is_confident: bool = False
