"""From bytes to characters: byte order mark, declared charset, and what to do when the declaration is wrong.

Labels mean what the WHATWG Encoding Standard says (https://encoding.spec.whatwg.org/#names-and-labels): ``iso-8859-1`` is Windows-1252, so
that the bytes 80 to 9F are the quotation marks and dashes that were typed and not control characters; ``gb2312`` is GBK, ``shift_jis`` is
Windows-31J. Charsets that the web does not know (cp437, cp850) are Python's. UTF-7 and the other codecs that hide ASCII are refused.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import webencodings

from fhir_coder.notes.canonical import MAX_BYTES, Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_REFUSED = frozenset(
    {"utf-7", "punycode", "idna", "unicode_escape", "raw_unicode_escape", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem",
     "hz", "iso2022_kr", "iso2022_cn", "replacement", "x-user-defined"}
)  # fmt: skip
_MAX_CONTROL_SHARE = 0.05
_SAMPLE = 4096
_WIDE_SHARE = 0.3
_ENCODED_TWICE = re.compile(
    "Ã[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|Â[\u00a0-\u00bf]|â€[\u0080-\u00bf\u0153\u02dc\u2122\u201c\u201d\u2020\u2021\u00a2]"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Characters decoded from bytes, before they are made canonical, with a warning or an empty string."""

    text: str
    warning: str = ""


def decode(data: bytes, charset: str = "") -> Decoded:
    """Decode bytes by byte order mark, else the declared charset, else UTF-8, else UTF-16 without a mark, else Windows-1252 with a warning.

    A byte order mark outranks the declaration, as the Encoding Standard has it (https://encoding.spec.whatwg.org/#decode). So do bytes that
    are UTF-8 and not ASCII under a declared charset of single bytes: no other text comes out as valid UTF-8 by chance.

    Raises:
        Unreadable: ``empty``, ``too-long``, ``undecodable``.
    """
    if not data:
        raise Unreadable("empty", "no bytes")
    if len(data) > MAX_BYTES:
        raise Unreadable("too-long", f"larger than {MAX_BYTES} bytes")
    mark = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    if mark:
        return _decode_marked(data, mark)
    decoded = _decode_declared(data, charset) if charset else _decode_undeclared(data)
    if _has_controls(decoded.text):
        raise Unreadable("undecodable", "too many control characters for text")
    if not decoded.warning and _ENCODED_TWICE.search(decoded.text):
        return Decoded(decoded.text, "some characters look as if they had been encoded twice")
    return decoded


def find_codec(label: str) -> str:
    """The codec of a charset label in any spelling; empty when it is unknown or refused."""
    label = label.strip().strip("\"'").strip()
    web = webencodings.lookup(label)
    if web is not None and web.codec_info.name not in _REFUSED:
        return "ascii" if label.lower() in ("ascii", "us-ascii") else web.codec_info.name
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return ""
    return "" if info.name in _REFUSED or not getattr(info, "_is_text_encoding", True) else info.name


def _decode_marked(data: bytes, name: str) -> Decoded:
    text = _try_decode(data, name)
    if text is None or _has_controls(text):
        raise Unreadable("undecodable", f"the byte order mark says {name}, the bytes do not agree")
    return Decoded(text)


def _decode_declared(data: bytes, charset: str) -> Decoded:
    codec = find_codec(charset)
    declared = _try_decode(data, codec) if codec else None
    unicode_text = _try_decode(data, "utf-8") if codec != "utf-8" else declared
    if declared is not None and not _has_controls(declared):
        is_disproved = unicode_text is not None and declared != unicode_text and not _has_controls(unicode_text)
        if is_disproved and (_is_single_byte(codec) or codec.startswith(("utf-16", "utf-32"))):
            return Decoded(unicode_text or "", "the bytes are UTF-8, not the declared charset; read as UTF-8")
        return Decoded(declared)
    what = "the declared charset does not fit" if codec else "the declared charset is not known"
    found = _decode_undeclared(data)
    return Decoded(found.text, found.warning or f"{what}; read as UTF-8")


def _decode_undeclared(data: bytes) -> Decoded:
    wide = _wide(data)
    if wide:
        text = _try_decode(data, wide)
        if text is not None:
            return Decoded(text, f"no charset declared that fits; read as {wide.upper()}")
    text = _try_decode(data, "utf-8")
    if text is not None:
        return Decoded(text)
    return Decoded(data.decode("cp1252", errors="replace"), "not valid in its declared charset or UTF-8; read as Windows-1252")


def _wide(data: bytes) -> str:
    """UTF-16 without a byte order mark shows by its zero bytes, every second one of Western text."""
    sample = data[: _SAMPLE // 2 * 2]
    if len(data) % 2 or len(sample) < 8:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > _WIDE_SHARE * len(sample) / 2 and even == 0:
        return "utf-16-le"
    if even > _WIDE_SHARE * len(sample) / 2 and odd == 0:
        return "utf-16-be"
    return ""


def _is_single_byte(codec: str) -> bool:
    """Whether every byte is a character: in such a charset any bytes are valid, and so its declaration proves nothing."""
    return codec.startswith(("cp125", "cp4", "cp8", "iso8859", "latin", "mac", "koi8", "tis"))


def _try_decode(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (LookupError, UnicodeError, ValueError):
        return None


def _has_controls(text: str) -> bool:
    """Whether the text is control characters beyond chance: bytes of another kind, or of another encoding. Zero bytes at its end are the
    padding of a fixed-length field."""
    sample = text.rstrip("\0")[:_SAMPLE]
    controls = sum(1 for character in sample if character < " " and character not in "\t\n\r\x0b\x0c")
    return controls > max(2, _MAX_CONTROL_SHARE * len(sample))
