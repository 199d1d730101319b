"""What figures are told apart by."""

from __future__ import annotations

from enum import StrEnum

from fhir_coder.outcomes.outcome import CodedLine
from fhir_coder.outcomes.signed_line import SignedLine

NOT_TOLD = "not told"
"""The group of what the EHR told nothing of."""


class By(StrEnum):
    """``CODER`` is who signed: what was coded and not signed has none."""

    PROVIDER = "provider"
    SPECIALTY = "specialty"
    CODER = "coder"
    RELEASE = "release"
    VERSION = "version"


def group_of_signed(line: SignedLine, by: By) -> str:
    """The group of a signed coding. A person is called by name and id: names are not unique."""
    if by is By.CODER:
        who = line.decided_by
        return f"{who.name} ({who.id})" if who.name else who.id
    return _of(line, by)


def group_of_coded(line: CodedLine, by: By) -> str | None:
    """The group of a coding; None where it has none."""
    return None if by is By.CODER else _of(line, by)


def _of(one: SignedLine | CodedLine, by: By) -> str:
    told = {By.PROVIDER: one.provider, By.SPECIALTY: one.specialty, By.RELEASE: one.release_id, By.VERSION: one.engine_version}
    return told[by] or NOT_TOLD
