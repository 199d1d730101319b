// What this server asks of an EHR: docs/ehr.md and docs/writing-back.md in CapabilityStatement form.

RuleSet: Expect(path, expectation)
* {path}.extension.url = $expectation
* {path}.extension.valueCode = #{expectation}

RuleSet: Type(type, expectation, words)
* rest.resource[+].type = #{type}
* insert Expect(rest.resource[=], {expectation})
* rest.resource[=].documentation = {words}

RuleSet: Does(code, expectation)
* rest.resource[=].interaction[+].code = #{code}
* insert Expect(rest.resource[=].interaction[=], {expectation})

RuleSet: Finds(name, type, expectation)
* rest.resource[=].searchParam[+].name = "{name}"
* rest.resource[=].searchParam[=].type = #{type}
* insert Expect(rest.resource[=].searchParam[=], {expectation})

RuleSet: Profiled(profile)
* rest.resource[=].supportedProfile[+] = "{profile}"

Instance: ehr
InstanceOf: CapabilityStatement
Title: "What an EHR offers"
Usage: #definition
* url = "https://fhir-coder.github.io/fhir/CapabilityStatement/ehr"
* name = "EhrForFhirCoder"
* title = "An EHR that fhir-coder codes for"
* status = #active
* experimental = false
* date = "2026-11-27"
* publisher = "fhir-coder"
* description = "What an EHR needs so that its encounters can be coded (SHALL), so that they are coded from everything that it holds and what was decided stands in its record (SHOULD), and what is used where it is there (MAY). What the EHR's own CapabilityStatement does not list is not used."
* kind = #requirements
* fhirVersion = #4.0.1
* format = #json
* rest.mode = #server
* rest.documentation = "Read and write over HTTPS with a bearer token; `next` links of searches stay below the base URL. Updates carry If-Match: an EHR without versions is not updated."
* rest.security.service = http://terminology.hl7.org/CodeSystem/restful-security-service#SMART-on-FHIR
* rest.security.description = "SMART Backend Services (client_credentials with a signed assertion), or a static token."
* rest.interaction.code = #transaction
* insert Expect(rest.interaction, SHOULD)
* rest.interaction.documentation = "Plain creates with urn:uuid and updates with ifMatch, at most 40 resources; elsewhere one by one."

* insert Type(Encounter, SHALL, [["What is coded."]])
* insert Profiled(http://hl7.org/fhir/us/core/StructureDefinition/us-core-encounter)
* insert Does(read, SHALL)

* insert Type(Patient, SHALL, [["Age and sex decide edits."]])
* insert Profiled(http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient)
* insert Does(read, SHALL)

* insert Type(DocumentReference, SHALL, [["The notes. Searched by patient and encounter; where encounter is not listed, by patient and the days around the visit."]])
* insert Profiled(http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference)
* insert Does(search-type, SHALL)
* insert Does(read, SHOULD)
* insert Does(vread, MAY)
* insert Finds(patient, reference, SHALL)
* insert Finds(encounter, reference, SHOULD)
* insert Finds(category, token, SHOULD)
* insert Finds(date, date, SHOULD)
* insert Finds(period, date, MAY)
* insert Finds(_count, number, MAY)

* insert Type(Binary, SHOULD, [["Attachments that are not inline."]])
* insert Does(read, SHOULD)

* insert Type(DiagnosticReport, SHOULD, [["Reports of imaging and pathology, read beside the notes."]])
* insert Does(search-type, SHOULD)
* insert Does(read, SHOULD)
* insert Does(vread, MAY)
* insert Finds(patient, reference, SHOULD)
* insert Finds(encounter, reference, SHOULD)
* insert Finds(date, date, SHOULD)
* insert Finds(_count, number, MAY)

* insert Type(Condition, SHOULD, [["Diagnoses that are recorded already, and those that are coded. Without update nothing is written before a person signed it."]])
* insert Profiled(https://fhir-coder.github.io/fhir/StructureDefinition/coding-condition)
* insert Does(read, SHOULD)
* insert Does(search-type, SHOULD)
* insert Does(create, SHOULD)
* insert Does(update, SHOULD)
* rest.resource[=].conditionalCreate = true
* insert Expect(rest.resource[=].conditionalCreate, MAY)
* insert Finds(patient, reference, SHOULD)
* insert Finds(encounter, reference, SHOULD)
* insert Finds(identifier, token, SHOULD)

* insert Type(Claim, SHOULD, [["The claim of a coded encounter."]])
* insert Profiled(https://fhir-coder.github.io/fhir/StructureDefinition/coding-claim)
* insert Does(read, SHOULD)
* insert Does(search-type, SHOULD)
* insert Does(create, SHOULD)
* insert Does(update, SHOULD)
* rest.resource[=].conditionalCreate = true
* insert Expect(rest.resource[=].conditionalCreate, MAY)
* insert Finds(patient, reference, SHOULD)
* insert Finds(identifier, token, SHOULD)

* insert Type(Task, SHOULD, [["Review of what is proposed, and queries to providers."]])
* insert Profiled(https://fhir-coder.github.io/fhir/StructureDefinition/coding-review-task)
* insert Profiled(https://fhir-coder.github.io/fhir/StructureDefinition/provider-query-task)
* insert Does(read, SHOULD)
* insert Does(search-type, SHOULD)
* insert Does(create, SHOULD)
* insert Does(update, SHOULD)
* rest.resource[=].conditionalCreate = true
* insert Expect(rest.resource[=].conditionalCreate, MAY)
* insert Finds(patient, reference, SHOULD)
* insert Finds(encounter, reference, SHOULD)
* insert Finds(identifier, token, SHOULD)

* insert Type(Provenance, SHOULD, [["Who coded and who signed."]])
* insert Profiled(https://fhir-coder.github.io/fhir/StructureDefinition/coding-provenance)
* insert Does(read, MAY)
* insert Does(search-type, SHOULD)
* insert Does(create, SHOULD)
* rest.resource[=].conditionalCreate = true
* insert Expect(rest.resource[=].conditionalCreate, MAY)
* insert Finds(target, reference, SHOULD)
* insert Finds(_tag, token, MAY)

* insert Type(Coverage, SHOULD, [["Who pays: named in the Claim."]])
* insert Profiled(http://hl7.org/fhir/us/core/StructureDefinition/us-core-coverage)
* insert Does(read, MAY)
* insert Does(search-type, SHOULD)
* insert Finds(patient, reference, SHOULD)

* insert Type(ChargeItem, SHOULD, [["Services with CPT or HCPCS codes: lines of the Claim."]])
* insert Does(search-type, SHOULD)
* insert Finds(patient, reference, SHOULD)
* insert Finds(context, reference, SHOULD)

* insert Type(Procedure, SHOULD, [["Services with CPT or HCPCS codes: lines of the Claim."]])
* insert Does(search-type, SHOULD)
* insert Finds(patient, reference, SHOULD)
* insert Finds(encounter, reference, SHOULD)

* insert Type(Practitioner, SHOULD, [["Who wrote a note, for whose words may be coded."]])
* insert Profiled(http://hl7.org/fhir/us/core/StructureDefinition/us-core-practitioner)
* insert Does(read, SHOULD)

* insert Type(PractitionerRole, SHOULD, [["The same."]])
* insert Does(read, SHOULD)
* insert Does(search-type, SHOULD)
* insert Finds(practitioner, reference, SHOULD)

* insert Type(Consent, MAY, [["What the patient permits of records under 42 CFR Part 2, and of disclosure to health plans."]])
* insert Does(search-type, MAY)
* insert Finds(patient, reference, MAY)

* insert Type(Account, MAY, [["Whether the patient pays for the visit."]])
* insert Does(read, MAY)

* insert Type(Communication, MAY, [["The words of a query to a provider; elsewhere the Task carries them."]])
* insert Profiled(https://fhir-coder.github.io/fhir/StructureDefinition/provider-query)
* insert Does(read, MAY)
* insert Does(search-type, MAY)
* insert Does(create, MAY)
* rest.resource[=].conditionalCreate = true
* insert Expect(rest.resource[=].conditionalCreate, MAY)
* insert Finds(identifier, token, MAY)
