"""The parameters of ``$code-encounter`` as one table: the parser reads by it and the OperationDefinition is made of it."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_coder.vocabulary import CANONICAL

OPERATION = "code-encounter"
_STRUCTURE = "http://hl7.org/fhir/StructureDefinition"
_RESOURCES = frozenset(
    {
        "Encounter",
        "Patient",
        "DocumentReference",
        "Claim",
        "Condition",
        "Resource",
        "Bundle",
        "OperationOutcome",
        "CodeSystem",
        "ValueSet",
    }
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter or part. ``type`` is a FHIR type or empty when it has ``parts``; ``maximum`` is ``1`` or ``*``; ``value_set`` is the id of the value set
    that its code is from, or empty; ``strength`` says how far it has to be (http://hl7.org/fhir/R4/valueset-binding-strength.html)."""

    name: str
    type: str
    minimum: int
    maximum: str
    documentation: str
    target: str = ""
    parts: tuple[Parameter, ...] = ()
    value_set: str = ""
    strength: str = "required"

    @property
    def is_resource(self) -> bool:
        """Whether it travels in ``resource`` and not in ``value[x]``."""
        return self.type in _RESOURCES

    @property
    def content(self) -> str:
        """The property of Parameters.parameter that carries it: ``resource``, ``part`` or ``valueCoding`` and the like."""
        if self.parts:
            return "part"
        return "resource" if self.is_resource else f"value{self.type[0].upper()}{self.type[1:]}"

    @property
    def target_profile(self) -> str:
        """Canonical of the referenced type, or empty."""
        return f"{_STRUCTURE}/{self.target}" if self.target else ""

    @property
    def bound_to(self) -> str:
        """Canonical of the value set, or empty. The value sets are in the FHIR package of this server."""
        return f"{CANONICAL}/ValueSet/{self.value_set}" if self.value_set else ""


_EVIDENCE = (
    Parameter("document", "Reference", 1, "1", "The note.", target="DocumentReference"),
    Parameter("start", "integer", 1, "1", "Offset of the first character in the note's canonical text, in Unicode code points."),
    Parameter("end", "integer", 1, "1", "Offset after the last character (half-open range)."),
    Parameter("text", "string", 1, "1", "The exact words of the note."),
    Parameter("sha256", "string", 1, "1", "SHA-256 (hex) of the note's canonical text in UTF-8."),
)

_CATEGORY = (
    Parameter("category", "Coding", 1, "1", "The category by its number, with its label.", value_set="cms-hcc"),
    Parameter("trumpedBy", "string", 0, "*", "Number of a category of this encounter's codes above it, beside which it does not count."),
)

IN: tuple[Parameter, ...] = (
    Parameter("encounter", "Encounter", 0, "1", "The encounter. At type level exactly one of encounter and encounterReference."),
    Parameter("encounterReference", "Reference", 0, "1", "The encounter at the EHR, as Encounter/[id].", target="Encounter"),
    Parameter("patient", "Patient", 0, "1", "The patient; read from the EHR when absent."),
    Parameter("note", "DocumentReference", 0, "*", "A clinical note with inline data. When absent, the notes are read from the EHR."),
    Parameter(
        "context",
        "Resource",
        0,
        "*",
        "What else bears on the encounter: Coverage, Practitioner, PractitionerRole, Organization, Procedure, ChargeItem, Condition, "
        "DiagnosticReport (its presented form is read as a note) and the like.",
    ),
    Parameter("ehr", "string", 0, "1", "Id of one of the EHRs configured for the caller's tenant; the first one when absent."),
    Parameter("writeBack", "boolean", 0, "1", "Whether to write the proposal to the EHR as far as the EHR allows. Default false."),
    Parameter("includeText", "boolean", 0, "1", "Whether to return the canonical text of each note. Default false."),
)

OUT: tuple[Parameter, ...] = (
    Parameter("codingId", "id", 1, "1", "Names the record of this coding: what `fhir-coder trail` and `fhir-coder replay` take."),
    Parameter("disposition", "Coding", 1, "1", "pass or review.", value_set="disposition"),
    Parameter(
        "reason",
        "CodeableConcept",
        0,
        "*",
        "Why the encounter goes where it goes: the reason by its code, and what it is here in text.",
        value_set="disposition-reason",
    ),
    Parameter("result", "Bundle", 1, "1", "Everything proposed (type collection): Conditions, Claim, Task, Provenances."),
    Parameter(
        "receipt",
        "Bundle",
        0,
        "1",
        "What the EHR answered (type batch-response): one entry for each entry of result, then one for each resource of an earlier coding "
        "that is no longer proposed.",
    ),
    Parameter(
        "assignment",
        "",
        0,
        "*",
        "A code assigned.",
        parts=(
            Parameter("code", "Coding", 1, "1", "The ICD-10-CM code with dot and release.", value_set="icd-10-cm"),
            Parameter("probability", "decimal", 1, "1", "Calibrated probability that a coder would assign this code, from 0 to 1."),
            Parameter("rank", "positiveInt", 1, "1", "Place in claim order; 1 is the first-listed diagnosis."),
            Parameter("disposition", "code", 1, "1", "pass or review, for this code.", value_set="disposition"),
            Parameter("evidence", "", 0, "*", "The words that the code rests on.", parts=_EVIDENCE),
            Parameter("explanation", "string", 0, "1", "Why this code, for the reviewer."),
        ),
    ),
    Parameter(
        "rejected",
        "",
        0,
        "*",
        "A code considered and not assigned.",
        parts=(
            Parameter("code", "Coding", 1, "1", "The ICD-10-CM code.", value_set="icd-10-cm"),
            Parameter(
                "reason",
                "code",
                1,
                "1",
                "Why not: negated, uncertain, historical, family-history, outranked and the like.",
                value_set="rejection-reason",
            ),
            Parameter("evidence", "", 0, "*", "The words that the rejection rests on.", parts=_EVIDENCE),
        ),
    ),
    Parameter(
        "reconciliation",
        "",
        0,
        "*",
        "An assigned code against a diagnosis that the EHR holds for the encounter already.",
        parts=(
            Parameter("status", "code", 1, "1", "agreed, added, more-specific or unsupported.", value_set="reconciliation"),
            Parameter("assigned", "Coding", 0, "1", "The assigned ICD-10-CM code; absent when unsupported.", value_set="icd-10-cm"),
            Parameter(
                "recorded",
                "Coding",
                0,
                "1",
                "The recorded ICD-10-CM code as the EHR spells it; absent when added.",
                value_set="icd-10-cm",
                strength="preferred",
            ),
            Parameter("condition", "Reference", 0, "1", "The Condition that holds it.", target="Condition"),
        ),
    ),
    Parameter(
        "query",
        "",
        0,
        "*",
        "A question to the provider that a finding gives rise to. The question and its text name no code; an answer counts as a signed addendum only.",
        parts=(
            Parameter("edit", "Coding", 1, "1", "The edit that asks.", value_set="edit"),
            Parameter("code", "Coding", 1, "*", "The assigned code that leaves it open. For the coder.", value_set="icd-10-cm"),
            Parameter("question", "string", 1, "1", "The question."),
            Parameter("indicator", "", 0, "*", "Words of the notes that it rests on.", parts=_EVIDENCE),
            Parameter("option", "string", 1, "*", "An answer to choose from, in order."),
            Parameter("text", "string", 1, "1", "The whole query as plain text, to be sent."),
            Parameter(
                "forCoders",
                "",
                0,
                "*",
                "What an answer leads to. For the coder only: never shown to the provider who answers.",
                parts=(
                    Parameter("option", "string", 1, "1", "The answer."),
                    Parameter("code", "Coding", 1, "*", "A code, or the heading of those to choose from.", value_set="icd-10-cm"),
                ),
            ),
        ),
    ),
    Parameter(
        "risk",
        "",
        0,
        "1",
        "Risk adjustment, for the reviewer alone: no code, order, edit or disposition depends on it. Absent when the site shows none.",
        parts=(
            Parameter("model", "string", 1, "1", "The model: CMS-HCC Model V28."),
            Parameter("paymentYear", "integer", 0, "1", "The payment year of the mapping in use."),
            Parameter(
                "mapping", "code", 0, "1", "How it fits the date of service: covered, earlier, later or undated.", value_set="risk-mapping"
            ),
            Parameter(
                "code",
                "",
                0,
                "*",
                "The standing of an assigned code.",
                parts=(
                    Parameter("code", "Coding", 1, "1", "The ICD-10-CM code.", value_set="icd-10-cm"),
                    Parameter("status", "code", 1, "1", "mapped, unmapped or not-for-patient.", value_set="risk-status"),
                    Parameter("category", "", 0, "*", "A category that it lies in.", parts=_CATEGORY),
                ),
            ),
            Parameter(
                "discrepancy",
                "",
                0,
                "*",
                "A condition with a category on which codes and notes disagree, in either direction.",
                parts=(
                    Parameter(
                        "kind",
                        "code",
                        1,
                        "1",
                        "unsupported (held, not carried by the notes) or unreported (documented, not coded).",
                        value_set="risk-discrepancy",
                    ),
                    Parameter("code", "Coding", 1, "1", "The ICD-10-CM code.", value_set="icd-10-cm"),
                    Parameter("category", "", 0, "*", "A category that it lies in.", parts=_CATEGORY),
                    Parameter(
                        "reason",
                        "code",
                        1,
                        "1",
                        "not-documented, documented, or the finding or rejection that says it.",
                        value_set="risk-reason",
                    ),
                    Parameter("detail", "string", 1, "1", "A sentence that names codes and references."),
                    Parameter("evidence", "", 0, "*", "The words of the notes.", parts=_EVIDENCE),
                ),
            ),
            Parameter(
                "eligibility",
                "",
                0,
                "*",
                "Whether the visit meets a condition for its diagnoses to count.",
                parts=(
                    Parameter("criterion", "code", 1, "1", "visit-type, provider-specialty or signature.", value_set="risk-criterion"),
                    Parameter("met", "code", 1, "1", "yes, no or unknown.", value_set="risk-answer"),
                    Parameter("source", "string", 1, "1", "The resource that says so, or what is missing."),
                ),
            ),
            Parameter("failure", "string", 0, "1", "The report could not be made, and the type of the error. The coding stands."),
        ),
    ),
    Parameter("issues", "OperationOutcome", 1, "1", "All findings of the compliance edits, and what was ignored."),
    Parameter(
        "noteText",
        "",
        0,
        "*",
        "Canonical text of a note, when includeText was true.",
        parts=(
            Parameter("document", "Reference", 1, "1", "The note.", target="DocumentReference"),
            Parameter("text", "string", 1, "1", "Its canonical text: every offset refers to it."),
        ),
    ),
)
