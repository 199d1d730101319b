RuleSet: IdentifierSystem(id, words)
* name = "FhirCoder{id}"
* status = #active
* kind = #identifier
* date = "2026-11-27"
* publisher = "fhir-coder"
* description = {words}
* uniqueId.type = #uri
* uniqueId.preferred = true

Instance: identifier-proposal
InstanceOf: NamingSystem
Usage: #definition
* insert IdentifierSystem(Proposal, [["Names of what is written for an encounter; in the tag of a Provenance too."]])
* uniqueId.value = "https://fhir-coder.github.io/fhir/identifier/proposal"

Instance: identifier-software
InstanceOf: NamingSystem
Usage: #definition
* insert IdentifierSystem(Software, [["This software as agent and observer of AuditEvents."]])
* uniqueId.value = "https://fhir-coder.github.io/fhir/identifier/software"

Instance: identifier-account
InstanceOf: NamingSystem
Usage: #definition
* insert IdentifierSystem(Account, [["Accounts of the server's own machine in AuditEvents, where no issuer vouches for an agent."]])
* uniqueId.value = "https://fhir-coder.github.io/fhir/identifier/account"

Instance: identifier-sandbox
InstanceOf: NamingSystem
Usage: #definition
* insert IdentifierSystem(Sandbox, [["Record numbers of the built-in EHR with synthetic encounters."]])
* uniqueId.value = "https://fhir-coder.github.io/fhir/identifier/sandbox"
