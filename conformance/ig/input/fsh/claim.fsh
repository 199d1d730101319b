Profile: CodingClaim
Parent: Claim
Id: coding-claim
Title: "Claim of a coded encounter"
Description: "The professional claim of an outpatient encounter: a draft with the proposed diagnoses, or what a person signed. At most twelve diagnoses and four pointers a line, as the 837P transaction has them; service lines only for services that the EHR supplied, by their bare CPT or HCPCS codes. An encounter has one such Claim through all of its versions."
* insert MarkedForReview
* insert NamedByProposal
* status from CodingClaimStatusVS (required)
* type = $claim-type#professional
* use = #claim
* patient only Reference(Patient)
* provider only Reference(Practitioner or PractitionerRole or Organization)
* priority = $processpriority#normal
* supportingInfo ^slicing.discriminator.type = #pattern
* supportingInfo ^slicing.discriminator.path = "category"
* supportingInfo ^slicing.rules = #open
* supportingInfo contains encounter 0..1
* supportingInfo[encounter] ^short = "The encounter: R4 has it on service lines only, and there may be none"
* supportingInfo[encounter].category = $claim-information#info
* supportingInfo[encounter].value[x] 1..1
* supportingInfo[encounter].value[x] only Reference(Encounter)
* diagnosis 0..12
* diagnosis.diagnosis[x] only CodeableConcept
* insert CodedInIcd10cm(diagnosis.diagnosisCodeableConcept)
* insurance 1..1
* insurance.focal = true
* insurance.coverage ^short = "Or the words \"not supplied\""
* item.diagnosisSequence 0..4
* item.productOrService from ProcedureSystemsVS (required)
* item.productOrService.coding 1..1
* item.encounter 0..1
* obeys fc-claim-pointers
* obeys fc-claim-diagnoses

Invariant: fc-claim-pointers
Description: "Every line points to diagnoses of this claim"
Severity: #error
Expression: "item.all(diagnosisSequence.all(%resource.diagnosis.sequence contains $this))"

Invariant: fc-claim-diagnoses
Description: "Every diagnosis has one ICD-10-CM code, with its release, its title, and whether a person chose it"
Severity: #error
Expression: "diagnosis.all(diagnosis.coding.where(system = 'http://hl7.org/fhir/sid/icd-10-cm').count() = 1) and diagnosis.diagnosis.coding.where(system = 'http://hl7.org/fhir/sid/icd-10-cm').all(version.exists() and code.exists() and display.exists() and userSelected.exists())"

ValueSet: CodingClaimStatusVS
Id: coding-claim-status
Title: "Status of claims of coded encounters"
Description: "draft: proposed, or signed where claims are left to the EHR. active: signed, to be billed. cancelled: no code was signed, or the patient pays."
* ^experimental = false
* http://hl7.org/fhir/fm-status#draft
* http://hl7.org/fhir/fm-status#active
* http://hl7.org/fhir/fm-status#cancelled

ValueSet: ProcedureSystemsVS
Id: procedure-systems
Title: "Code systems of service lines"
Description: "CPT and HCPCS Level II, by the URIs that EHRs give them. Codes are passed on as they came; none is chosen by this software."
* ^experimental = false
* insert ProcedureSystems
