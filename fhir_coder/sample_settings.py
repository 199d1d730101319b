"""How much of what passes is coded a second time: the member ``audit_sample`` of ``FHIR_CODER_TENANTS``, told in docs/accountability.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuditSample:
    """``share`` (0..1) of the encounters that pass are drawn for a second review; 0: none.

    ``floor`` (0..1) is the lowest agreement on codes, over the newest ``window`` second reviews, at which encounters may go on passing; it
    holds once ``least`` of them are done.
    """

    share: float = 0.0
    floor: float = 0.9
    least: int = 30
    window: int = 100


def read_sample(**members: object) -> AuditSample:
    """Raises ValueError (text begins with ``expected`` and quotes no value), TypeError for an unknown member."""
    made = AuditSample(**members)  # type: ignore[arg-type]
    if not all(_is_number(one) and 0 <= one <= 1 for one in (made.share, made.floor)):
        raise ValueError("expected share and floor of audit_sample to be numbers from 0 to 1")
    if (
        not all(isinstance(one, int) and not isinstance(one, bool) for one in (made.least, made.window))
        or not 1 <= made.least <= made.window
    ):
        raise ValueError("expected least and window of audit_sample to be whole numbers from 1, and window not below least")
    return made


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
