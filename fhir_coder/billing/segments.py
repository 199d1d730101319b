r"""Fields and segments of HL7 v2 (v2.5.1 chapter 2), over the containers of the library ``hl7``.

Escaping is ours: the library's writes a line feed as ``\X a\`` and letters beyond ASCII by their code point, which no receiver reads back.
"""

from __future__ import annotations

from collections.abc import Sequence

import hl7

_MARKS = {"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\"}
"""Section 2.7.4, for the separators that everybody uses."""

Repeat = Sequence[str]
"""The components of one repetition, in order, empty where there is none."""


def escaped(text: str) -> str:
    r"""Text as a value: separators and the escape mark by their sequences, control characters as ``\Xhh\`` (2.7.5).

    So a value ends neither its field nor its segment nor, with 0x1C, the block that it is sent in.
    """
    return "".join(_MARKS.get(one) or (one if one >= " " and one != "\x7f" else f"\\X{ord(one):02X}\\") for one in text)


def repeats(*values: Repeat) -> hl7.Field:
    """One field of any number of repetitions; empty components at the end are left out (2.6)."""
    return hl7.Field("~", [hl7.Repetition("^", _trimmed([escaped(one) for one in value])) for value in values])


def segment(name: str, fields: dict[int, str | hl7.Field]) -> hl7.Segment:
    """A segment by the numbers of its fields, the others empty. Text is one value."""
    last = max(fields, default=0)
    made = [fields.get(number, "") for number in range(1, last + 1)]
    values = [repeats([one]) if isinstance(one, str) else one for one in made]
    return hl7.Segment("|", [hl7.Field("~", [name]), *values])


def header(fields: dict[int, str | hl7.Field]) -> hl7.Segment:
    """MSH, whose first field is the separator itself and whose second says the others."""
    made = segment("MSH", fields)
    return hl7.Segment("|", [made[0], hl7.Field("", ["|"]), hl7.Field("", ["^~\\&"]), *made[3:]])


def message(segments: Sequence[hl7.Segment]) -> bytes:
    """The segments, each with its carriage return (2.5.4), as UTF-8. Half a letter (a lone surrogate, which JSON can hold) becomes a question mark: one
    name does not keep a whole message from leaving."""
    return (str(hl7.Message("\r", segments)).rstrip("\r") + "\r").encode(errors="replace")


def _trimmed(components: list[str]) -> list[str]:
    while components and not components[-1]:
        components.pop()
    return components
