"""FHIR R4 on the wire: one strict reader and one writer, both driven by one table of HL7's element definitions."""
