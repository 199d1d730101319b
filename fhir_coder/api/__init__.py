"""FHIR over HTTP: the operation, what describes it, content negotiation, errors as OperationOutcome, health and metrics."""
