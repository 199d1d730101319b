r"""RTF notes: the words a word processor would show, as lines. Headings are left for the reading stage to find.

Kept: text of any code page (``\'hh`` by the font's character set), Unicode characters with their fallbacks skipped, lists with their markers,
tables as rows, results of fields, text boxes, ticked and empty boxes of forms, footnotes (at the end). Left out: hidden, deleted and
struck-through text, page headers and footers, pictures, comments, instructions of fields, every destination that is not text.

Our own reader, because the libraries keep hidden and deleted text as if the clinician had written it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from fhir_coder.notes.canonical import MAX_BYTES_WITH_PICTURES, NoteText, Unreadable, canonical, require_words
from fhir_coder.notes.rtf_fonts import Fonts
from fhir_coder.notes.rtf_text import RtfText
from fhir_coder.notes.rtf_tokens import Kind, Token, TooManyTokens, tokenize
from fhir_coder.notes.rtf_words import (
    ESCAPED,
    HIDING,
    LITERAL,
    SKIPPED,
    STARRED_TEXT,
    SYMBOL_FONTS,
    SYMBOLS,
)

CONTENT_TYPES = frozenset({"text/rtf", "application/rtf", "application/x-rtf", "text/richtext", "application/msword-rtf"})

MAX_DEPTH = 1000
"""Groups nested deeper than this are not a note."""

_BEGIN = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*\{\\rtf")
_SYMBOL_FIELD = re.compile(r"^\s*SYMBOL\s+(0x[0-9a-fA-F]{1,4}|\d{1,5})(?:.*?\\f\s*\"?(\w+))?", re.DOTALL)
_LINE_ENDS = frozenset({"par", "line", "softline", "column"})
_PAGE_ENDS = frozenset({"sect", "page", "softpage"})
_CHECKBOX, _DROP_DOWN, _UNDEFINED = 1, 2, 25


def read(data: bytes, charset: str) -> NoteText:
    """Read an RTF note. The document itself declares its code pages, so ``charset`` is not used.

    Raises:
        Unreadable: ``malformed`` (not RTF, cut short, too deep), ``too-long``, ``empty``.
    """
    if not data.strip():
        raise Unreadable("empty", "no bytes")
    if len(data) > MAX_BYTES_WITH_PICTURES:
        raise Unreadable("too-long", f"larger than {MAX_BYTES_WITH_PICTURES} bytes")
    begin = _BEGIN.match(data)
    if begin is None:
        raise Unreadable("malformed", "does not begin as RTF")
    texts, warnings = [], set()
    while begin is not None:
        document = _Document()
        end = _read_document(document, data, data.index(b"{", begin.start()))
        texts.append(document.finished())
        warnings |= document.fonts.warnings
        begin = _BEGIN.match(data, end)
    if data[end:].strip(b"\0 \t\r\n\x1a"):
        warnings.add("what stands behind the end of the RTF document was left out")
    return NoteText(require_words(canonical("\n\n".join(texts)).strip("\n")), warnings=tuple(sorted(warnings)))


def _read_document(document: _Document, data: bytes, start: int) -> int:
    """Feed one document; return the offset behind it."""
    try:
        for token in tokenize(data, start):
            document.take(token)
            if document.is_closed:
                return token.end
    except TooManyTokens:
        raise Unreadable("malformed", "too many control words") from None
    raise Unreadable("malformed", "cut short: a group is not closed")


@dataclass(slots=True)
class _Group:
    """What holds inside one group; a nested group starts with a copy."""

    destination: str = ""
    is_skipped: bool = False
    hiding: frozenset[str] = frozenset()
    font: int | None = None
    fallback: int = 1
    is_fresh: bool = True
    is_starred: bool = False
    has_result: bool = False


@dataclass(slots=True)
class _FormField:
    """A legacy form field: its type, result, default and choices."""

    type: int = 0
    result: int = _UNDEFINED
    default: int = 0
    choices: list[str] = field(default_factory=list)

    def shown(self) -> str:
        chosen = self.default if self.result == _UNDEFINED else self.result
        if self.type == _CHECKBOX:
            return "☒ " if chosen else "☐ "
        if self.type == _DROP_DOWN and 0 <= chosen < len(self.choices):
            return self.choices[chosen]
        return ""


class _Document:
    """One RTF document being read, token by token."""

    def __init__(self) -> None:
        self.fonts = Fonts()
        self.is_closed = False
        self._body, self._notes = RtfText(), RtfText()
        self._groups: list[_Group] = []
        self._bytes = bytearray()
        self._to_skip = 0
        self._high = 0
        self._collected = ""
        self._form = _FormField()

    def finished(self) -> str:
        """Body, then footnotes."""
        parts = [self._body.text().strip("\n"), self._notes.text().strip()]
        return "\n\n".join(part for part in parts if part)

    def take(self, token: Token) -> None:
        """Take the next token."""
        if token.kind is Kind.OPEN:
            self._open()
        elif token.kind is Kind.CLOSE:
            self._close()
        elif token.kind is Kind.TEXT:
            self._take_bytes(token.data)
        elif self._to_skip and token.word != "u" and token.word not in _LINE_ENDS:
            self._to_skip -= 1
        elif token.kind is Kind.WORD:
            self._take_word(token.word, token.number)
        elif token.kind is Kind.SYMBOL:
            self._take_symbol(token.data)

    @property
    def _group(self) -> _Group:
        return self._groups[-1]

    @property
    def _text(self) -> RtfText:
        return self._notes if self._group.destination == "footnote" else self._body

    def _open(self) -> None:
        self._settle()
        if len(self._groups) >= MAX_DEPTH:
            raise Unreadable("malformed", f"groups nest deeper than {MAX_DEPTH}")
        self._groups.append(replace(self._group, is_fresh=True, is_starred=False) if self._groups else _Group())

    def _close(self) -> None:
        self._settle()
        closed = self._groups.pop()
        if not self._groups:
            self.is_closed = True
            return
        if closed.destination != self._group.destination:
            self._end_destination(closed.destination)

    def _end_destination(self, destination: str) -> None:
        """What a destination leaves in the text when it ends."""
        if destination == "fldinst":
            shown = self._symbol_field() or self._form.shown()
            self._write(shown)
            self._group.has_result, self._form = bool(shown), _FormField()
        elif destination == "ffl":
            self._form.choices.append(self._collected.strip())
        elif destination == "footnote":
            self._notes.line()

    def _symbol_field(self) -> str:
        found = _SYMBOL_FIELD.match(self._collected)
        if found is None:
            return ""
        number = int(found[1], 0)
        table = SYMBOL_FONTS.get((found[2] or "").lower())
        if table is not None:
            return table.get(number & 0xFF, "")
        return chr(number) if 32 <= number < 0xD800 else ""

    def _take_word(self, word: str, number: int | None) -> None:
        if word == "u":
            self._take_unicode(number or 0)
            return
        self._settle()
        group = self._group
        is_first, group.is_fresh = group.is_fresh or group.is_starred, False
        if is_first and self._enter(word, starred=group.is_starred):
            group.is_starred = False
            return
        group.is_starred = False
        if word in SYMBOLS:
            self._write(SYMBOLS[word])
        elif word in HIDING:
            group.hiding = group.hiding - {word} if number == 0 else group.hiding | {word}
        elif group.destination in ("formfield", "ffl"):
            self._take_form_word(word, number or 0)
        elif not self._set_font(word, number):
            self._set_line(word)

    def _enter(self, word: str, *, starred: bool) -> bool:
        """Whether the first word of a group names a destination; if so, the group becomes it."""
        group = self._group
        if word == "ud" and group.destination == "upr":
            group.destination, group.is_skipped = "", False
        elif word in ("fonttbl", "fldinst", "formfield", "ffl", "upr"):
            group.destination, group.is_skipped = word, True
            self._collected = ""
        elif word == "fldrslt" and group.has_result:
            group.is_skipped = True
        elif word in SKIPPED or (starred and word not in STARRED_TEXT):
            group.destination, group.is_skipped = "skipped", True
        elif word == "footnote" and not group.is_skipped:
            group.destination = word
        else:
            return False
        return True

    def _take_form_word(self, word: str, number: int) -> None:
        if word == "fftype":
            self._form.type = number
        elif word == "ffres":
            self._form.result = number
        elif word == "ffdefres":
            self._form.default = number

    def _set_font(self, word: str, number: int | None) -> bool:
        """Words that decide how bytes become characters; whether ``word`` was one."""
        group, value = self._group, number or 0
        if group.destination == "fonttbl":
            self.fonts.describe(word, value)
        elif word == "f":
            group.font = value
        elif word == "uc":
            group.fallback = max(0, min(value, 100))
        elif word == "plain":
            group.font, group.hiding = None, frozenset()
        else:
            return self.fonts.declare(word, value)
        return True

    def _set_line(self, word: str) -> None:
        """Words that end lines, cells and rows. Inside hidden or skipped text they do nothing."""
        if self._group.is_skipped or self._group.hiding:
            return
        if word in _LINE_ENDS:
            self._text.line()
        elif word in _PAGE_ENDS:
            self._text.line()
            self._text.line()
        elif word in ("cell", "nestcell"):
            self._text.cell()
        elif word in ("row", "nestrow"):
            self._text.row()
        elif word == "trowd":
            self._text.start_row()

    def _take_symbol(self, symbol: bytes) -> None:
        group = self._group
        if symbol == b"*":
            group.is_starred = group.is_fresh
        elif symbol in (b"\r", b"\n"):
            self._settle()
            self._set_line("par")
        elif symbol in LITERAL and len(symbol) == 1:
            self._take_bytes(symbol)
        else:
            self._settle()
            self._write(ESCAPED.get(symbol[0], ""))
        group.is_fresh = False

    def _take_bytes(self, data: bytes) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(data))
            self._to_skip -= skipped
            data = data[skipped:]
        if data:
            self._flush_surrogate()
            self._group.is_fresh = False
            self._bytes += data

    def _take_unicode(self, number: int) -> None:
        r"""``\uN``: a signed 16-bit number, a surrogate pair as two of them; writers also give numbers beyond 65535."""
        self._settle(keep_surrogate=True)
        self._group.is_fresh = False
        number += 0x10000 if number < 0 else 0
        if 0xDC00 <= number < 0xE000 and self._high:
            self._write(chr(0x10000 + ((self._high - 0xD800) << 10) + (number - 0xDC00)))
            self._high = 0
        else:
            self._flush_surrogate()
            if 0xD800 <= number < 0xDC00:
                self._high = number
            elif 0xDC00 <= number < 0xE000 or not 0 <= number <= 0x10FFFF:
                self._write("\ufffd")
            else:
                self._write(self.fonts.character(number, self._group.font))
        self._to_skip = self._group.fallback

    def _settle(self, *, keep_surrogate: bool = False) -> None:
        """Decode the bytes gathered so far; called before anything that changes how they would be read."""
        if not keep_surrogate:
            self._flush_surrogate()
            self._to_skip = 0
        if self._bytes:
            data = bytes(self._bytes)
            self._bytes.clear()
            if self._group.destination == "fonttbl":
                self.fonts.name(data)
            else:
                self._write(self.fonts.decode(data, self._group.font, is_shown=not self._group.is_skipped))

    def _flush_surrogate(self) -> None:
        if self._high:
            self._high = 0
            self._write("\ufffd")

    def _write(self, text: str) -> None:
        group = self._group
        if group.destination in ("fldinst", "ffl"):
            self._collected = (self._collected + text)[:1000]
        elif text and not group.is_skipped and not group.hiding:
            self._text.write(text)
