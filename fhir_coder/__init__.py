"""fhir-coder: autonomous ICD-10-CM coding of outpatient encounters, FHIR-native."""

__version__ = "0.1.0"
