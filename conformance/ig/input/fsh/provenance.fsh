Profile: CodingProvenance
Parent: Provenance
Id: coding-provenance
Title: "Provenance of a coded diagnosis"
Description: "Who coded one Condition, of which words, with which versions, and who signed it. Not a US Core Provenance: that wants an organization on whose behalf a Device acts, which this software does not know."
* meta.tag 1..*
* meta.tag ^slicing.discriminator.type = #value
* meta.tag ^slicing.discriminator.path = "system"
* meta.tag ^slicing.rules = #open
* meta.tag contains name 1..1
* meta.tag[name] ^short = "Its name, which stands for notes, offsets and hashes: R4 has no identifier here"
* meta.tag[name].system 1..1
* meta.tag[name].system = $proposal
* meta.tag[name].code 1..1
* contained 1..1
* contained only Device
* target 1..1
* target only Reference(Condition)
* activity 1..1
* activity from CodingActivityVS (required)
* agent 1..2
* agent.type 1..1
* agent ^slicing.discriminator.type = #pattern
* agent ^slicing.discriminator.path = "type"
* agent ^slicing.rules = #open
* agent contains
    software 1..1 and
    signer 0..1
* agent[software].type = $provenance-agent#assembler
* agent[software].who.reference 1..1
* agent[software].who.reference = "#software"
* agent[signer] ^short = "The person who signed: by reference where they are a Practitioner of the EHR"
* agent[signer].type = $provenance-agent#verifier
* entity.extension contains CodingEvidence named evidence 1..*
* entity.role = #source
* entity.what only Reference(DocumentReference or DiagnosticReport)
* obeys fc-provenance-software

Invariant: fc-provenance-software
Description: "The contained Device is this software with its versions, and it is the assembler"
Severity: #error
Expression: "contained.all(id = 'software' and deviceName.name = 'fhir-coder' and version.where(type.text = 'fhir-coder').value.exists()) and agent.where(type.coding.code = 'assembler').who.reference = '#software'"

ValueSet: CodingActivityVS
Id: coding-activity
Title: "What happened to a coded diagnosis"
Description: "CREATE: proposed or signed first. UPDATE: changed since. NULLIFY: withdrawn."
* ^experimental = false
* $data-operation#CREATE
* $data-operation#UPDATE
* $data-operation#NULLIFY
