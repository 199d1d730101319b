"""The built-in EHR: a small FHIR R4 store with synthetic outpatient encounters, for trying the server without one's own EHR."""
