"""FHIR R4 primitive types: which JSON type carries them and which values they allow (http://hl7.org/fhir/R4/datatypes.html#primitive)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from fhir_coder.fhir_id import FHIR_ID

MAX_STRING = 1024 * 1024
"""R4: "strings SHALL NOT exceed 1MB (1024*1024 characters)"."""
MAX_EXPONENT = 308
"""Decimals beyond the range of a double are refused: nothing clinical lies there, and their plain notation would be enormous."""

_YEAR = r"(?!0000)[0-9]{4}"
_MONTH = r"(0[1-9]|1[0-2])"
_DAY = r"(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?"
_ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DATE = rf"{_YEAR}(-{_MONTH}(-{_DAY})?)?"

# What R4 allows in a string, less what XML 1.0 cannot carry: control characters and lone surrogates.
_TEXT = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_LETTERS = "[\x21-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+"
_WORD = re.compile(_LETTERS)
_WORDS = re.compile(f"{_LETTERS}(?:[ \t\r\n]{_LETTERS})*")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive type: its JSON types, whether a value of that JSON type is allowed, and how it reads in XML."""

    json_types: tuple[type, ...]
    allows: Callable[[Any], bool]
    from_text: Callable[[str], Any] = str


def decode_base64(value: str) -> bytes:
    """Bytes of a base64Binary; raises ValueError for anything that is not strict base64 (blanks between groups of four are allowed)."""
    if not _is_base64(value):
        raise ValueError("not base64")
    return base64.b64decode("".join(value.split()), validate=True)


def _is_base64(value: str) -> bool:
    groups = value.split()
    return bool(groups) and all(len(group) % 4 == 0 for group in groups) and _BASE64.fullmatch("".join(groups)) is not None


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def _is_text(value: str) -> bool:
    return len(value) <= MAX_STRING and _TEXT.fullmatch(value) is not None


def _is_word(value: str) -> bool:
    return len(value) <= MAX_STRING and _WORD.fullmatch(value) is not None


def _is_code(value: str) -> bool:
    """No blank at either end, single blanks inside (R4: ``[^\\s]+(\\s[^\\s]+)*``)."""
    return len(value) <= MAX_STRING and _WORDS.fullmatch(value) is not None


def _is_calendar(pattern: str) -> Callable[[str], bool]:
    """Pattern and calendar: the 31st of April matches the one and not the other."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None and _has_day(value[:10])


def _has_day(day: str) -> bool:
    if len(day) < 10:
        return True
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _between(least: int, most: int) -> Callable[[int], bool]:
    return lambda value: least <= value <= most


def _is_decimal(value: Decimal | int) -> bool:
    number = Decimal(value)
    return number.is_finite() and abs(number.adjusted()) <= MAX_EXPONENT


def _read_boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("not a boolean")
    return text == "true"


def _read_integer(text: str) -> int:
    if len(text) > 20 or not _INTEGER.fullmatch(text):
        raise ValueError("not an integer")
    return int(text)


def _read_decimal(text: str) -> Decimal:
    if len(text) > 2 * MAX_EXPONENT or not _DECIMAL.fullmatch(text):
        raise ValueError("not a decimal")
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError("exponent out of range") from None


def _string(allows: Callable[[str], bool]) -> Primitive:
    return Primitive((str,), allows)


def _integer(least: int) -> Primitive:
    return Primitive((int,), _between(least, 2**31 - 1), _read_integer)


PRIMITIVES: Mapping[str, Primitive] = {
    "base64Binary": _string(_is_base64),
    "boolean": Primitive((bool,), lambda value: True, _read_boolean),
    "canonical": _string(_is_word),
    "code": _string(_is_code),
    "date": _string(_is_calendar(_DATE)),
    "dateTime": _string(_is_calendar(rf"{_YEAR}(-{_MONTH}(-{_DAY}(T{_CLOCK}{_ZONE})?)?)?")),
    "decimal": Primitive((int, Decimal), _is_decimal, _read_decimal),
    "id": _string(_matches(FHIR_ID.pattern)),
    "instant": _string(_is_calendar(rf"{_YEAR}-{_MONTH}-{_DAY}T{_CLOCK}{_ZONE}")),
    "integer": _integer(-(2**31)),
    "markdown": _string(_is_text),
    "oid": _string(_matches(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+")),
    "positiveInt": _integer(1),
    "string": _string(_is_text),
    "time": _string(_matches(_CLOCK)),
    "unsignedInt": _integer(0),
    "uri": _string(_is_word),
    "url": _string(_is_word),
    "uuid": _string(_matches(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")),
}
"""Every primitive type of R4 that an element can have."""


def has_json_type(primitive: Primitive, value: Any) -> bool:
    """Exact JSON types: ``true`` is no number and ``"1"`` no integer."""
    return type(value) in primitive.json_types


def read_decimal(text: str) -> Decimal:
    """A JSON or XML number with its precision; raises ValueError when out of range."""
    return _read_decimal(text)
