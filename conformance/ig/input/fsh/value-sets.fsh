ValueSet: ReviewStatusVS
Id: review-status
Title: "Review status"
Description: "Tags of what is proposed."
* ^experimental = false
* include codes from system ReviewStatusCS

ValueSet: DispositionVS
Id: disposition
Title: "Disposition"
Description: "Where an encounter or a code goes."
* ^experimental = false
* include codes from system DispositionCS

ValueSet: DispositionReasonVS
Id: disposition-reason
Title: "Reason of a disposition"
Description: "Why an encounter goes to review, or that it would have passed."
* ^experimental = false
* include codes from system DispositionReasonCS

ValueSet: EditVS
Id: edit
Title: "Compliance edits"
Description: "All compliance edits."
* ^experimental = false
* include codes from system EditCS

ValueSet: RejectionReasonVS
Id: rejection-reason
Title: "Reasons why a code was not assigned"
Description: "Values of `rejected.reason`."
* ^experimental = false
* include codes from system RejectionReasonCS

ValueSet: ReconciliationVS
Id: reconciliation
Title: "Reconciliation"
Description: "Values of `reconciliation.status`."
* ^experimental = false
* include codes from system ReconciliationCS

ValueSet: TaskVS
Id: task
Title: "Work on coding"
Description: "What a Task asks for."
* ^experimental = false
* include codes from system TaskCS

ValueSet: ErrorVS
Id: error
Title: "Errors"
Description: "Codes of errors."
* ^experimental = false
* include codes from system ErrorCS

ValueSet: AuditEventVS
Id: audit-event
Title: "Audited events"
Description: "What an AuditEvent is about."
* ^experimental = false
* include codes from system AuditEventCS
