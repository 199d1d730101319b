"""The table of what figures count of each signed review. It goes with the review, and at any time it can be made anew from the decisions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.tables import Table


class SignedLineRow(Table):
    """One signed review: ``sequence`` is the decision that signed it, ``counted`` a :class:`fhir_coder.outcomes.signed_line.Counted`
    with the number of the rules that it was reckoned by."""

    __tablename__ = "signed_line"

    review: Mapped[int] = mapped_column(ForeignKey("review.key", ondelete="CASCADE"), unique=True)
    sequence: Mapped[int]
    counted: Mapped[dict[str, Any]] = mapped_column(JSON)
