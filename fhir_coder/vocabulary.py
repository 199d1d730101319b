"""Code systems and canonical URLs that the server reads and writes, each in one place."""

from __future__ import annotations

CANONICAL = "https://fhir-coder.github.io/fhir"
"""Base of our own artefacts: OperationDefinition, code systems, extensions, identifiers."""

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10CM_SYSTEMS = frozenset({ICD10CM, "urn:oid:2.16.840.1.113883.6.90"})
LOINC = "http://loinc.org"
CMS_HCC = "http://terminology.hl7.org/CodeSystem/cmshcc"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS_SYSTEMS = frozenset(
    {
        "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes",
        "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "urn:oid:2.16.840.1.113883.6.285",
    }
)
PROCEDURE_SYSTEMS = HCPCS_SYSTEMS | {CPT, "urn:oid:2.16.840.1.113883.6.12"}

CONDITION_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CONDITION_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
CLAIM_TYPE = "http://terminology.hl7.org/CodeSystem/claim-type"
PROCESS_PRIORITY = "http://terminology.hl7.org/CodeSystem/processpriority"
CLAIM_INFORMATION = "http://terminology.hl7.org/CodeSystem/claiminformationcategory"
PROVENANCE_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
DATA_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"

US_CORE_ENCOUNTER_DIAGNOSIS = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition-encounter-diagnosis|6.1.0"

REVIEW_TAG = f"{CANONICAL}/CodeSystem/review-status"
DISPOSITION = f"{CANONICAL}/CodeSystem/disposition"
DISPOSITION_REASON = f"{CANONICAL}/CodeSystem/disposition-reason"
EDIT = f"{CANONICAL}/CodeSystem/edit"
TASK_CODE = f"{CANONICAL}/CodeSystem/task"
PROPOSAL_IDENTIFIER = f"{CANONICAL}/identifier/proposal"
PROBABILITY_EXTENSION = f"{CANONICAL}/StructureDefinition/coding-probability"
EVIDENCE_EXTENSION = f"{CANONICAL}/StructureDefinition/coding-evidence"
