// The business identifier of what this software writes. EHRs may add others beside it.
RuleSet: NamedByProposal
* identifier 1..*
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains proposal 1..1
* identifier[proposal] ^short = "[tenant].[encounter].[kind] and for a Condition .[code]: the same each time the encounter is coded"
* identifier[proposal].system 1..1
* identifier[proposal].system = $proposal
* identifier[proposal].value 1..1

// Labels and tags of content that a machine proposed; labels of the notes that it rests on stand beside them.
RuleSet: MarkedForReview
* meta.security ^slicing.discriminator.type = #value
* meta.security ^slicing.discriminator.path = "code"
* meta.security ^slicing.rules = #open
* meta.security contains machine 0..1
* meta.security[machine] ^short = "Asserted by a machine; absent where a person chose the code"
* meta.security[machine].system 1..1
* meta.security[machine].system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
* meta.security[machine].code 1..1
* meta.security[machine].code = #AIAST
* meta.tag ^slicing.discriminator.type = #value
* meta.tag ^slicing.discriminator.path = "system"
* meta.tag ^slicing.rules = #open
* meta.tag contains review 0..1
* meta.tag[review] ^short = "Where its review stands; absent once it passed or was signed"
* meta.tag[review] from ReviewStatusVS (required)
* meta.tag[review].system 1..1
* meta.tag[review].system = "https://fhir-coder.github.io/fhir/CodeSystem/review-status"
* meta.tag[review].code 1..1

// One ICD-10-CM code with its release and title.
RuleSet: CodedInIcd10cm(path)
* {path}.coding 1..*
* {path}.coding ^slicing.discriminator.type = #value
* {path}.coding ^slicing.discriminator.path = "system"
* {path}.coding ^slicing.rules = #open
* {path}.coding contains icd10cm 1..1
* {path}.coding[icd10cm].system 1..1
* {path}.coding[icd10cm].system = "http://hl7.org/fhir/sid/icd-10-cm"
* {path}.coding[icd10cm].version 1..1
* {path}.coding[icd10cm].version ^short = "The release, by the first day that it holds: 2026-04-01"
* {path}.coding[icd10cm].code 1..1
* {path}.coding[icd10cm].code ^short = "With the dot"
* {path}.coding[icd10cm].display 1..1
* {path}.coding[icd10cm].userSelected 1..1
* {path}.coding[icd10cm].userSelected ^short = "Whether a person chose the code"
* {path}.text 1..1
* {path} obeys fc-icd10cm

// What the slice says, for validators that do not look into slices of a nested element.
Invariant: fc-icd10cm
Description: "There is one ICD-10-CM code, with its release, its title, and whether a person chose it"
Severity: #error
Expression: "coding.where(system = 'http://hl7.org/fhir/sid/icd-10-cm').count() = 1 and coding.where(system = 'http://hl7.org/fhir/sid/icd-10-cm').all(version.exists() and code.exists() and display.exists() and userSelected.exists())"

RuleSet: Terms
* ^experimental = false
* ^caseSensitive = true
