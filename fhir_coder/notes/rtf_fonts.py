r"""Which character a byte of RTF is: the font decides, by its character set, else the character set of the document."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_coder.notes.rtf_words import CHARACTER_SETS, CODE_PAGES, FONT_CHARSETS, SYMBOL_CHARSET, SYMBOL_FONTS

_LONGEST_NAME = 60


@dataclass(slots=True)
class _Font:
    """One entry of the font table; ``code_page`` 0 means that of the document."""

    code_page: int = 0
    is_symbol: bool = False
    name: str = ""


class Fonts:
    """The font table and the character set of one document. ``warnings`` gathers what did not fit."""

    def __init__(self) -> None:
        self.warnings: set[str] = set()
        self._fonts: dict[int, _Font] = {}
        self._entry = _Font()
        self._default: int | None = None
        self._code_page = 1252

    def declare(self, word: str, number: int) -> bool:
        r"""Take a word of the header (``\ansi``, ``\ansicpg``, ``\deff``); whether it was one."""
        if word in CHARACTER_SETS:
            self._code_page = CHARACTER_SETS[word]
        elif word == "ansicpg":
            self._code_page = number or self._code_page
        elif word == "deff":
            self._default = number
        else:
            return False
        return True

    def describe(self, word: str, number: int) -> None:
        r"""Take a word of the font table: ``\f`` begins an entry, ``\fcharset`` and ``\cpg`` say how its bytes are read."""
        if word == "f":
            self._entry = self._fonts.setdefault(number, _Font())
        elif word == "cpg":
            self._entry.code_page = number
        elif word == "fcharset":
            self._entry.code_page = self._entry.code_page or FONT_CHARSETS.get(number, 0)
            self._entry.is_symbol = self._entry.is_symbol or number == SYMBOL_CHARSET

    def name(self, data: bytes) -> None:
        """Take a piece of the name of the entry."""
        self._entry.name = (self._entry.name + data.decode("latin-1").partition(";")[0].strip())[:_LONGEST_NAME]

    def decode(self, data: bytes, number: int | None, *, is_shown: bool) -> str:
        """Bytes printed in a font (None: the document's) as characters; only of shown text are faults warned of."""
        font = self._font(number)
        if font.is_symbol and is_shown:
            return "".join(_symbols(font).get(byte, chr(byte) if byte < 0x80 else "") for byte in data)
        code_page = font.code_page or self._code_page
        codec = CODE_PAGES.get(code_page)
        if codec is None:
            self.warnings.add(f"code page {code_page} is not known; read as Windows-1252")
        try:
            return data.decode(codec or "cp1252")
        except UnicodeDecodeError:
            if is_shown:
                self.warnings.add("some bytes are not of their declared code page")
            return data.decode(codec or "cp1252", errors="replace")

    def character(self, code: int, number: int | None) -> str:
        """A Unicode character; one of a symbol font stands in the private use area U+F000 to U+F0FF."""
        if 0xF000 <= code <= 0xF0FF:
            return _symbols(self._font(number)).get(code & 0xFF, "")
        return chr(code)

    def _font(self, number: int | None) -> _Font:
        number = self._default if number is None else number
        return self._fonts.get(-1 if number is None else number, _Font())


def _symbols(font: _Font) -> dict[int, str]:
    name = font.name.lower()
    return next((table for known, table in SYMBOL_FONTS.items() if name.startswith(known)), SYMBOL_FONTS["symbol"])
