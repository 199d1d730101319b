"""JSON text to plain objects, stricter than :mod:`json`: UTF-8, bounded nesting, no duplicate names, no NaN, numbers with their precision."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from fhir_coder.errors import UnreadableBody
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir.primitives import read_decimal

# All that stands between brackets. Possessive, and it always matches to the end of a string or of the text: linear whatever the input.
_BETWEEN = re.compile(r'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[^][{}"]++)++', re.DOTALL)


def parse_json(data: bytes, limits: Limits) -> Any:
    """Raises UnreadableBody with the position of a syntax fault."""
    text = decode_utf8(data)
    check_nesting(text, limits.max_depth)
    try:
        return json.loads(text, parse_float=read_decimal, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise UnreadableBody(f"the body is not JSON (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError):
        raise UnreadableBody("the body holds a number that cannot be read") from None


def decode_utf8(data: bytes) -> str:
    """Text of a body, without a byte order mark; FHIR is always UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableBody(f"the body is not UTF-8 (byte {error.start})") from None


def check_nesting(text: str, max_depth: int) -> None:
    """Refuse deep nesting before a recursive parser sees it."""
    depth = 0
    for bracket in _BETWEEN.sub("", text):
        if bracket in "[{":
            depth += 1
            if depth > max_depth:
                raise UnreadableBody(f"the body is nested deeper than {max_depth} levels")
        else:
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise UnreadableBody("a JSON object holds the same property twice")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableBody(f"{name} is not JSON")
