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

ValueSet: RiskMappingVS
Id: risk-mapping
Title: "Fit of the mapping of risk categories"
Description: "The values of `risk.mapping` in the answer of $code-encounter."
* ^experimental = false
* include codes from system RiskMappingCS

ValueSet: RiskStatusVS
Id: risk-status
Title: "Whether a code lies in a risk category"
Description: "The values of `risk.code.status` in the answer of $code-encounter."
* ^experimental = false
* include codes from system RiskStatusCS

ValueSet: RiskDiscrepancyVS
Id: risk-discrepancy
Title: "Kind of discrepancy"
Description: "The values of `risk.discrepancy.kind` in the answer of $code-encounter."
* ^experimental = false
* include codes from system RiskDiscrepancyCS

ValueSet: RiskReasonVS
Id: risk-reason
Title: "Reason of a discrepancy"
Description: "The values of `risk.discrepancy.reason` in the answer of $code-encounter."
* ^experimental = false
* include codes from system RiskReasonCS

ValueSet: RiskCriterionVS
Id: risk-criterion
Title: "Criterion of risk adjustment"
Description: "The values of `risk.eligibility.criterion` in the answer of $code-encounter."
* ^experimental = false
* include codes from system RiskCriterionCS

ValueSet: RiskAnswerVS
Id: risk-answer
Title: "Whether a criterion is met"
Description: "The values of `risk.eligibility.met` in the answer of $code-encounter."
* ^experimental = false
* include codes from system RiskAnswerCS

ValueSet: DecisionVS
Id: decision
Title: "Decision on a review"
Description: "What a person did to a review: `act` in the details of an AuditEvent."
* ^experimental = false
* include codes from system DecisionCS

ValueSet: DecisionReasonVS
Id: decision-reason
Title: "Reason of a decision"
Description: "The reason that was given for a decision on a review, by a person or, where what was coded is withdrawn, by this software: `reason` in the details of an AuditEvent. `other` says nothing by itself and stands beside words that the audit does not hold."
* ^experimental = false
* include codes from system DecisionReasonCS

ValueSet: Icd10cmVS
Id: icd-10-cm
Title: "ICD-10-CM"
Description: "All of ICD-10-CM, headers included. Which release holds stands in the version of each coding."
* ^experimental = false
* include codes from system $icd-10-cm

ValueSet: CmsHccVS
Id: cms-hcc
Title: "CMS-HCC"
Description: "The categories of the CMS-HCC models by their numbers. The version of each coding is that of the model: 28."
* ^experimental = false
* include codes from system $cms-hcc
