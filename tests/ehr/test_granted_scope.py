"""What was asked for and not granted, in both spellings of scopes."""

import pytest

from fhir_coder.ehr.granted_scope import missing_scopes


@pytest.mark.parametrize(
    ("asked", "granted", "missing"),
    [
        ("system/Patient.r", "system/Patient.r", ()),
        ("system/Patient.r", "system/Patient.rs", ()),
        ("system/Patient.r", "system/Patient.read", ()),
        ("system/Patient.read", "system/Patient.rs", ()),
        ("system/Patient.rs", "system/*.cruds", ()),
        ("system/Patient.rs", "system/*.*", ()),
        ("system/Patient.rs", "system/Patient.r system/Patient.s", ()),
        ("system/Patient.rs", "system/Patient.r", ("system/Patient.rs",)),
        ("system/*.rs", "system/Patient.rs", ("system/*.rs",)),
        ("system/Patient.rs", "user/Patient.rs", ("system/Patient.rs",)),
        ("system/Task.cu system/Patient.r", "system/Patient.r system/Task.r", ("system/Task.cu",)),
        ("system/Condition.rs?category=a", "system/Condition.rs?category=a", ()),
        ("system/Condition.rs", "system/Condition.rs?category=a", ("system/Condition.rs",)),
        ("online_access", "", ("online_access",)),
    ],
)
def test_what_is_missing(asked: str, granted: str, missing: tuple[str, ...]) -> None:
    assert missing_scopes(asked, granted) == missing
