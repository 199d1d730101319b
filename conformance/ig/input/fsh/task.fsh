Profile: CodingReviewTask
Parent: Task
Id: coding-review-task
Title: "Review of proposed codes"
Description: "Asks a coder to review what is proposed for an encounter. It is completed by a person's signature, and cancelled when the encounter is coded again and needs no review."
* insert NamedByProposal
* status from CodingReviewTaskStatusVS (required)
* intent = #proposal
* priority 1..1
* priority = #routine
* code 1..1
* code = TaskCS#review-coding
* focus only Reference(Claim or Encounter)
* focus ^short = "The Claim, or the Encounter where no Claim was written"
* for 1..1
* for only Reference(Patient)
* encounter only Reference(Encounter)
* authoredOn 1..1
* lastModified 1..1
* reasonCode from DispositionReasonVS (required)
* reasonCode.coding ..1
* reasonCode ^short = "The first reason, in a sentence too; others are inputs"
* input.type.text 1..1
* input.type.text ^short = "proposed diagnosis | recorded diagnosis | further reason for review"
* input.value[x] only Reference(Condition) or CodeableConcept or string
* input.value[x] ^short = "The Condition, its code where it was not written; a reason"
* obeys fc-task-input and fc-task-reason

Invariant: fc-task-input
Description: "Inputs are diagnoses and further reasons"
Severity: #error
Expression: "input.all(type.text = 'proposed diagnosis' or type.text = 'recorded diagnosis' or type.text = 'further reason for review')"

Invariant: fc-task-reason
Description: "A further reason is a code of the disposition reasons, and never the only one"
Severity: #error
Expression: "input.where(type.text = 'further reason for review').all(value.coding.exists()) and (input.where(type.text = 'further reason for review').exists() implies reasonCode.exists())"

ValueSet: CodingReviewTaskStatusVS
Id: coding-review-task-status
Title: "Status of review tasks"
Description: "What this software writes; an EHR's people may give it any other on the way."
* ^experimental = false
* http://hl7.org/fhir/task-status#requested
* http://hl7.org/fhir/task-status#completed
* http://hl7.org/fhir/task-status#cancelled

Profile: ProviderQueryTask
Parent: Task
Id: provider-query-task
Title: "Query to a provider"
Description: "Asks a provider to answer a question about the documentation by a signed addendum. It names no code: a provider who sees codes is led."
* insert NamedByProposal
* status from ProviderQueryTaskStatusVS (required)
* statusReason.text ^short = "Why it was withdrawn"
* intent = #order
* priority 1..1
* priority = #routine
* code 1..1
* code = TaskCS#answer-provider-query
* code.text 1..1
* focus only Reference(Communication)
* description ^short = "The question, where no Communication could be written"
* for 1..1
* authoredOn 1..1
* lastModified 1..1
* requester only Reference(Practitioner or PractitionerRole)
* owner only Reference(Practitioner or PractitionerRole)
* obeys fc-query-words

ValueSet: ProviderQueryTaskStatusVS
Id: provider-query-task-status
Title: "Status of queries to providers"
Description: "requested: asked. cancelled: the coder took the question back. Whoever answers gives it any other."
* ^experimental = false
* http://hl7.org/fhir/task-status#requested
* http://hl7.org/fhir/task-status#cancelled

Invariant: fc-query-words
Description: "The question is in the Communication or in the description"
Severity: #error
Expression: "focus.exists() xor description.exists()"

Profile: ProviderQuery
Parent: Communication
Id: provider-query
Title: "Words of a query to a provider"
Description: "The question as a person sent it, or where no Task can say so, that it is withdrawn."
* insert NamedByProposal
* status = #completed
* category 1..*
* category ^slicing.discriminator.type = #pattern
* category ^slicing.discriminator.path = "$this"
* category ^slicing.rules = #open
* category contains query 1..1
* category[query] = TaskCS#provider-query
* priority 1..1
* priority = #routine
* subject 1..1
* sent 1..1
* inResponseTo only Reference(Communication)
* inResponseTo ^short = "Of a withdrawal: the question"
* payload 1..1
* payload.content[x] only string
