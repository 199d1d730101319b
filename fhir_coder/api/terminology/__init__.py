"""The code set for testers and integrators: ``CodeSystem/$lookup``, ``CodeSystem/$validate-code`` and ``ValueSet/$expand`` on ICD-10-CM by release.

They answer by HL7's own OperationDefinitions (http://hl7.org/fhir/R4/terminology-service.html), ask no EHR, read no note and keep nothing.
"""
