"""Numbers as FHIR writes them: the digits that came in, without surprise exponents."""

from __future__ import annotations

from decimal import Decimal


def number_text(value: int | float | Decimal) -> str:
    """Plain notation; an exponent only where the number came with a positive one (its precision would be lost otherwise).

    Raises ValueError for NaN and infinity.
    """
    if isinstance(value, int):
        return str(value)
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite():
        raise ValueError("not a finite number")
    exponent = number.as_tuple().exponent
    return str(number) if isinstance(exponent, int) and exponent > 0 else format(number, "f")
