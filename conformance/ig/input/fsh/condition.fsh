Profile: CodingCondition
Parent: $us-core-encounter-diagnosis
Id: coding-condition
Title: "Coded encounter diagnosis"
Description: "One diagnosis of an outpatient encounter, coded to ICD-10-CM: proposed by the software, signed by a person, or withdrawn. Every instance conforms to US Core 6.1.0 Encounter Diagnosis, which `meta.profile` names; the machine that proposed it, the words that it rests on and who signed it are in its Provenance."
* extension contains CodingProbability named probability 0..1
* insert MarkedForReview
* insert NamedByProposal
* clinicalStatus from ActiveConditionVS (required)
* clinicalStatus ^short = "active; absent in a withdrawn one (invariant con-5)"
* verificationStatus 1..1
* verificationStatus from CodingVerificationStatusVS (required)
* verificationStatus ^short = "unconfirmed until a person signs; then what the provider asserts in the note; entered-in-error when withdrawn"
* insert CodedInIcd10cm(code)
* recordedDate 1..1
* recordedDate ^short = "When it was coded"
* evidence.detail only Reference(DocumentReference or DiagnosticReport)
* evidence.detail ^short = "The notes and reports that it rests on"
* obeys fc-condition-withdrawn

Invariant: fc-condition-withdrawn
Description: "A Condition is entered in error exactly when this software withdrew it"
Severity: #error
Expression: "meta.tag.where(system = 'https://fhir-coder.github.io/fhir/CodeSystem/review-status' and code = 'withdrawn').exists() = verificationStatus.coding.where(code = 'entered-in-error').exists()"

ValueSet: ActiveConditionVS
Id: active-condition
Title: "Active condition"
Description: "The clinical status of a diagnosis that is proposed or signed."
* ^experimental = false
* $condition-clinical#active

ValueSet: CodingVerificationStatusVS
Id: coding-verification-status
Title: "Verification status of coded diagnoses"
Description: "unconfirmed: proposed, or signed without words of a note. provisional, differential, confirmed: what the provider asserts in the words of a signed one. entered-in-error: withdrawn."
* ^experimental = false
* $condition-ver-status#unconfirmed
* $condition-ver-status#provisional
* $condition-ver-status#differential
* $condition-ver-status#confirmed
* $condition-ver-status#entered-in-error
