"""Checks that read whole answers: where an element is not of the kind that R4 gives it, that is the server's fault and no failure of the kit."""

from __future__ import annotations

from functools import wraps
from xml.etree import ElementTree as ET

from conformance.check import Check, check
from conformance.target import Target
from conformance.verdict import Unsatisfied

_UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError, ET.ParseError)


def answer_check(function: Check) -> Check:
    """Register a check of answers; see :func:`conformance.check.check`."""
    return check(guarded(function))


def guarded(function: Check) -> Check:
    """The same check, which says of an answer that cannot be read that it cannot."""

    @wraps(function)
    def careful(target: Target) -> None:
        try:
            function(target)
        except _UNREADABLE as error:
            raise Unsatisfied("elements of the kinds that R4 gives them", f"an answer that is not so ({type(error).__name__})") from error

    return careful
