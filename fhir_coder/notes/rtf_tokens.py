"""Cutting RTF into tokens: braces, control words with their number, control symbols, hexadecimal bytes, bytes of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

MAX_TOKENS = 5_000_000
"""A document of more tokens is not a note."""

_TOKEN = re.compile(
    rb"(?P<open>\{)|(?P<close>\})|\\(?P<word>[A-Za-z]{1,32})(?P<number>-?[0-9]{1,10})? ?|\\'(?P<hex>[0-9A-Fa-f]{2})|"
    rb"\\(?P<symbol>[^A-Za-z'])|(?P<text>[^\\{}\r\n]+)|(?P<skip>[\r\n]+|\\(?:'|$))",
    re.DOTALL,
)


class Kind(Enum):
    """Kinds of token."""

    OPEN = auto()
    CLOSE = auto()
    WORD = auto()
    SYMBOL = auto()
    TEXT = auto()
    BINARY = auto()


class Token(NamedTuple):
    """One token. ``word`` is a control word without its backslash; ``number`` its number or None; ``data`` bytes of text or the control
    symbol; ``is_hex`` that the byte was written as ``\\'hh``; ``end`` the offset behind the token."""

    kind: Kind
    word: str = ""
    number: int | None = None
    data: bytes = b""
    is_hex: bool = False
    end: int = 0


class TooManyTokens(Exception):
    """The document has more than MAX_TOKENS."""


def tokenize(data: bytes, start: int = 0) -> Iterator[Token]:
    """The tokens of an RTF document from ``start``. Nothing is refused here but endless documents; broken escapes are passed over.

    Raises:
        TooManyTokens: see MAX_TOKENS.
    """
    position = start
    for _ in range(MAX_TOKENS):
        match = _TOKEN.match(data, position)
        if match is None:
            return
        position = match.end()
        kind = match.lastgroup
        if kind == "open":
            yield Token(Kind.OPEN, end=position)
        elif kind == "close":
            yield Token(Kind.CLOSE, end=position)
        elif kind in ("word", "number"):
            number = int(match["number"]) if match["number"] else None
            word = match["word"].decode("ascii")
            if word == "bin":
                position = min(position + max(number or 0, 0), len(data))
                yield Token(Kind.BINARY, end=position)
            else:
                yield Token(Kind.WORD, word, number, end=position)
        elif kind == "hex":
            yield Token(Kind.TEXT, data=bytes([int(match["hex"], 16)]), is_hex=True, end=position)
        elif kind == "symbol":
            yield Token(Kind.SYMBOL, data=match["symbol"], end=position)
        elif kind == "text":
            yield Token(Kind.TEXT, data=match["text"], end=position)
    if position < len(data):
        raise TooManyTokens
