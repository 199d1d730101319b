"""The parameters of ``$check-coding`` as one table: the parser reads by it and the OperationDefinition is made of it."""

from __future__ import annotations

from fhir_coder.api.parameters import Parameter

CHECK_OPERATION = "check-coding"

CHECK_IN: tuple[Parameter, ...] = (
    Parameter("claim", "Claim", 0, "1", "The claim whose diagnoses and service lines are checked. May be posted bare, without Parameters."),
    Parameter(
        "condition",
        "Condition",
        0,
        "*",
        "With claim, the Conditions that its diagnosisReference elements name; without it, the diagnoses themselves in claim order, the "
        "first-listed one first. At least one of claim and condition.",
    ),
    Parameter("patient", "Patient", 0, "1", "The patient, for the edits on age and sex: birthDate and gender are read, nothing else."),
    Parameter("serviceDate", "date", 0, "1", "The date of service, a full date; it goes before the dates of the claim."),
)

CHECK_OUT: tuple[Parameter, ...] = (
    Parameter(
        "return",
        "OperationOutcome",
        1,
        "1",
        "One issue for each finding, then what could not be checked and the release used. It is the body of the answer itself.",
    ),
)
