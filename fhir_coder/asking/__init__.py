"""A coder's question to the provider: as FHIR resources, delivered to the EHR or copied by a person, and what is looked for afterwards."""
