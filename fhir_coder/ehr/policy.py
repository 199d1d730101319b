"""What a site lets in: notes that nobody signed yet, encounters that are not over."""

from __future__ import annotations

from dataclasses import dataclass, field

from fhir_coder.sensitive_settings import SensitiveRules


@dataclass(frozen=True, slots=True)
class IntakePolicy:
    """``preliminary``: skip or code notes that are not signed. ``unfinished``: refuse or code encounters that are not finished.

    ``most_notes`` are read of one encounter. A note of more than ``longest_note`` characters stays unread; an encounter whose notes have more
    than ``most_characters`` in all is refused. ``sensitive``: the tenant's rules for sensitive documents.
    """

    preliminary: str = "skip"
    unfinished: str = "refuse"
    most_notes: int = 200
    longest_note: int = 250_000
    most_characters: int = 500_000
    sensitive: SensitiveRules = field(default_factory=SensitiveRules)

    def __post_init__(self) -> None:
        if self.preliminary not in {"skip", "code"} or self.unfinished not in {"refuse", "code"}:
            raise ValueError("preliminary is skip or code, unfinished is refuse or code")

    @property
    def skips_preliminary(self) -> bool:
        """Whether notes that are not signed stay unread."""
        return self.preliminary == "skip"


DEFAULT_POLICY = IntakePolicy()
"""What is let in where the site has not said otherwise."""
