// Rule sets named "...Codes" are made of the server's own tables while the package is built (conformance/ig/vocabulary.py).

CodeSystem: ReviewStatusCS
Id: review-status
Title: "Review status"
Description: "Tags in `meta.tag` of what is proposed."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/review-status"
* #needs-review "Needs review" "A person must look at it before it counts."
* #withdrawn "Withdrawn" "This software took it back; no person marked it as an error."

CodeSystem: DispositionCS
Id: disposition
Title: "Disposition"
Description: "Where an encounter or a code goes."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/disposition"
* #pass "Pass" "Nothing speaks against it, and the site lets it pass."
* #review "Review" "A person decides."

CodeSystem: DispositionReasonCS
Id: disposition-reason
Title: "Reason of a disposition"
Description: "Why an encounter goes to review, or that it would have passed: a reason of the disposition itself, a category of diagnoses that a person always sees, or the name of the edit whose finding prevents a pass."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/disposition-reason"
* #policy-review-all "Everything is reviewed" "The site has every encounter reviewed."
* #audit-sample "Passing is suspended" "Second reviews of encounters that passed agreed too little: nothing passes until somebody lifts that."
* #confident "Would have passed" "Nothing speaks against passing this encounter, and the site lets none pass."
* #low-probability "Low probability" "A code is below the probability that passing asks for."
* #no-codes "No codes" "No code could be assigned."
* #service-date-unknown "Date of service unknown" "The Encounter has no full start date, so that the release it was coded with may not be the one that holds."
* #sensitive-document "Sensitive document" "Something was read although it is marked sensitive."
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
* #negated "Negated" "The note says that it is not there."
* #uncertain "Uncertain" "Suspected, probable, to be ruled out (ICD-10-CM guideline IV.H)."
* #historical "Historical" "Past, and no longer under treatment (guideline IV.J)."
* #hypothetical "Hypothetical" "Only considered: a risk, a return precaution, something screened for."
* #family-history "Family history" "A relative's condition."
* #other-person "Other person" "A condition of somebody else."
* #not-addressed "Not addressed" "Below the probability for assignment and named only in lists of the past (guideline IV.J), or an incidental finding of a report that the provider does not name."
* #outranked "Outranked" "Another code for the same words was likelier."
* #less-specific "Less specific" "A more specific code of the same condition is assigned."
* #integral-symptom "Integral symptom" "A symptom that belongs to an assigned diagnosis (guideline I.B.5)."
* #left-to-site "Left to the site" "Documented, but reported by choice; the coder may add it."
* #low-probability "Low probability" "Below the probability for assignment, for none of the other reasons."
* #not-billable "Not billable" "No billable code could be completed from it."
* #not-providers "Not the provider's" "Only another clinician than the provider documents it, and guideline I.B.14 does not allow that."
* #laboratory-value "Laboratory value" "It stands in laboratory results alone (guideline III.B)."
* #unsigned-report "Unsigned report" "It stands in an imaging or pathology report that is not signed (guideline IV.K)."
* #edit "Edit" "A compliance rule of the coding stage removed it."

CodeSystem: ReconciliationCS
Id: reconciliation
Title: "Reconciliation"
Description: "How an assigned code and a diagnosis that the EHR holds for the encounter stand to each other: the values of `reconciliation.status` in the answer of $code-encounter."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/reconciliation"
* #agreed "Agreed" "The same code is recorded."
* #added "Added" "Assigned, and nothing of the kind is recorded."
* #more-specific "More specific" "A less specific code of the same condition is recorded."
* #unsupported "Unsupported" "Recorded, and no assigned code accounts for it."

CodeSystem: TaskCS
Id: task
Title: "Work on coding"
Description: "What a Task asks for, and the category of the Communication that goes with it."
* insert Terms
* ^valueSet = "https://fhir-coder.github.io/fhir/ValueSet/task"
* #review-coding "Review proposed codes" "A coder reviews what is proposed for an encounter."
* #provider-query "Query to the provider" "A question about what the documentation leaves open."
* #answer-provider-query "Answer a query by a signed addendum" "The provider is to answer such a question."

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
