// Rule sets named "...Codes" are made of the server's own tables and enumerations while the package is built (conformance/ig/vocabulary.py).

CodeSystem: ReviewStatusCS
Id: review-status
Title: "Review status"
Description: "Tags in `meta.tag` of what is proposed."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/review-status"
* insert ReviewStatusCodes

CodeSystem: DispositionCS
Id: disposition
Title: "Disposition"
Description: "Where an encounter or a code goes."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/disposition"
* insert DispositionCodes

CodeSystem: DispositionReasonCS
Id: disposition-reason
Title: "Reason of a disposition"
Description: "Why an encounter goes to review, or that it would have passed: a reason of the disposition itself, a category of diagnoses that a person always sees, or the name of the edit whose finding prevents a pass."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/disposition-reason"
* insert DispositionReasonCodes
* insert AlwaysReviewCodes
* insert EditNameCodes

CodeSystem: EditCS
Id: edit
Title: "Compliance edit"
Description: "Compliance edits by their number, which is never given to another; the display is the edit's name, the definition what it checks."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/edit"
* insert EditCodes

CodeSystem: RejectionReasonCS
Id: rejection-reason
Title: "Reason why a code was not assigned"
Description: "The values of `rejected.reason` in the answer of $code-encounter."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/rejection-reason"
* insert RejectionReasonCodes

CodeSystem: ReconciliationCS
Id: reconciliation
Title: "Reconciliation"
Description: "How an assigned code and a diagnosis that the EHR holds for the encounter stand to each other: the values of `reconciliation.status` in the answer of $code-encounter."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/reconciliation"
* insert ReconciliationCodes

CodeSystem: TaskCS
Id: task
Title: "Work on coding"
Description: "What a Task asks for, and the category of the Communication that goes with it."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/task"
* insert TaskCodes

CodeSystem: ErrorCS
Id: error
Title: "Error"
Description: "Codes in `issue.details` of the OperationOutcome of an error."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/error"
* insert ErrorCodes

CodeSystem: AuditEventCS
Id: audit-event
Title: "Audited event"
Description: "What an AuditEvent is about, as one of its subtypes."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/audit-event"
* insert AuditEventCodes

CodeSystem: RiskMappingCS
Id: risk-mapping
Title: "Fit of the mapping of risk categories"
Description: "The values of `risk.mapping` in the answer of $code-encounter: how the mapping in use fits the date of service."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/risk-mapping"
* insert RiskMappingCodes

CodeSystem: RiskStatusCS
Id: risk-status
Title: "Whether a code lies in a risk category"
Description: "The values of `risk.code.status` in the answer of $code-encounter."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/risk-status"
* insert RiskStatusCodes

CodeSystem: RiskDiscrepancyCS
Id: risk-discrepancy
Title: "Kind of discrepancy"
Description: "The values of `risk.discrepancy.kind` in the answer of $code-encounter: which way codes and notes disagree about a condition with a category."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/risk-discrepancy"
* insert RiskDiscrepancyCodes

CodeSystem: RiskReasonCS
Id: risk-reason
Title: "Reason of a discrepancy"
Description: "The values of `risk.discrepancy.reason` in the answer of $code-encounter: that nothing says it, the reason of a rejection, or the name of the edit whose finding says it."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/risk-reason"
* insert RiskReasonCodes

CodeSystem: RiskCriterionCS
Id: risk-criterion
Title: "Criterion of risk adjustment"
Description: "The values of `risk.eligibility.criterion` in the answer of $code-encounter: what a visit must meet for its diagnoses to count."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/risk-criterion"
* insert RiskCriterionCodes

CodeSystem: RiskAnswerCS
Id: risk-answer
Title: "Whether a criterion is met"
Description: "The values of `risk.eligibility.met` in the answer of $code-encounter."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/risk-answer"
* insert RiskAnswerCodes

CodeSystem: DecisionCS
Id: decision
Title: "Decision on a review"
Description: "What a person did to a review: `act` in the details of an AuditEvent."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/decision"
* insert DecisionCodes

CodeSystem: DecisionReasonCS
Id: decision-reason
Title: "Reason of a decision"
Description: "The reason that was given for a decision on a review, by a person or, where what was coded is withdrawn, by this software: `reason` in the details of an AuditEvent. `other` says nothing by itself and stands beside words that the audit does not hold."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/decision-reason"
* insert DecisionReasonCodes
