r"""RTF: what each kind of control word does to the text. Whole documents of several writers are in the zoo."""

from __future__ import annotations

import pytest

from fhir_coder.notes.canonical import Unreadable
from fhir_coder.notes.rtf import MAX_DEPTH, read

FONTS = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial CYR;}{\f2\fcharset128 Mincho;}{\f3\fcharset2 Symbol;}{\f4\fcharset2 Wingdings;}{\f5\cpg1253 Arial;}}"


def rtf(body: str, head: str = r"\ansi\deff0") -> bytes:
    return f"{{\\rtf1{head}{FONTS}{body}}}".encode("latin-1")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"one\par two\line three", "one\ntwo\nthree"),
        (r"one\par\par\par\par two", "one\n\ntwo"),
        ("one\r\n two\\\nthree", "one two\nthree"),
        (r"a\tab b\~c\_d\-e\emdash f\lquote g\rquote", "a\tb c-de—f‘g’"),
        (r"\{a\}\\b", "{a}\\b"),
        (r"caf\'e9 \'93q\'94", "café “q”"),
        (r"\f1\'cf\'f0\f0 x \f2\'8a\'b3\f5\'e1", "Прx 患α".replace("x ", "x ")),
        (r"{\f1\'cf}\'e9{\plain\'e9}", "Пéé"),
        (r"\u8805?5\u-4051?", "≥5"),
        (r"\u233\'e9t\u233\'e9 \uc0\u233 t", "été ét"),
        (r"\uc2\u233\'c3\'a9x {\uc1\u233?}", "éx é"),
        (r"\u-10179?\u-8704? \u55357?x \u56832?y", "😀 \ufffdx \ufffdy"),
        (r"\u233\par x", "é\nx"),
        (r"a {\v hidden}b\v c\v0 d{\deleted e}{\strike f\par}\revised g", "a bdg"),
        (r"{\*\unknown x {y}}a{\*\bkmkstart z}b", "ab"),
        (r"{\info{\title T}{\author A}}{\header H\par}{\footerl F}{\stylesheet{\s1 S;}}a", "a"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt y}}{\field{\*\fldinst IF {\field{\*\fldinst z}{\fldrslt q}}}{\fldrslt r}}", "yr"),
        (r"{\field{\*\fldinst SYMBOL 0xFC \\f Wingdings}{\fldrslt\f4\'fc}}{\field{\*\fldinst SYMBOL 65 }}", "✓A"),
        (r"{\f3 abc\'b3}{\f4\'fe\'a8}", "αβχ≥☑☐"),
        (r"{\f4\u-3842?}a", "☑a"),
        (r"a{\pict\wmetafile8 0102}{\*\shppict{\pict x}}{\nonshppict x}b", "ab"),
        (r"a{\object\objemb{\*\objclass Word}{\*\objdata 01}{\result b}}c", "abc"),
        (r"\trowd\cellx1\intbl a\cell b\cell\row\trowd\intbl c\cell\cell\row\pard d", "a | b\nc\nd"),
        (r"x\par\trowd\intbl\cell b\cell\row", "x\nb"),
        (r"{\listtext\pard\f3\'b7\tab}a\par{\pntext 2.\tab}b", "•\ta\n2.\tb"),
        (r"a\chftn{\footnote n1\par n2}b\par c{\footnote n3}", "ab\nc\n\nn1\nn2\nn3"),
        (r"a{\*\annotation c}{\*\atnid x}b", "ab"),
        (r"a\page b\sect c", "a\n\nb\n\nc"),
        (r"{\upr{a}{\*\ud{\uc0\u945 }}}b", "αb"),
        (r"a\'zb\'", "azb"),
        (r"\unknownword99 a\b0 b", "ab"),
    ],
)
def test_text(body: str, text: str) -> None:
    note = read(rtf(body), "")
    assert (note.text, note.hints, note.warnings) == (text, (), ())


@pytest.mark.parametrize(
    ("head", "text"),
    [(r"\mac", "é"), (r"\pc", "Ä"), (r"\pca", "Ä"), (r"\ansi\ansicpg1251", "Ћ"), (r"\ansi\ansicpg1250", "Ž"), (r"\ansi", "Ž")],
)
def test_the_character_set_of_the_header(head: str, text: str) -> None:
    assert read(rtf(r"x\'8e", head), "").text == f"x{text}"


def test_binary_data_is_passed_over() -> None:
    assert read(b"{\\rtf1 a{\\pict\\bin4 }{{{}b}", "").text == "ab"


@pytest.mark.parametrize(
    ("data", "warning"),
    [
        (rb"{\rtf1\ansicpg7 a}", "code page 7 is not known; read as Windows-1252"),
        (rb"{\rtf1\ansicpg932 a\'81}", "some bytes are not of their declared code page"),
        (rb"{\rtf1 a} b", "what stands behind the end of the RTF document was left out"),
    ],
)
def test_what_is_warned_of(data: bytes, warning: str) -> None:
    assert read(data, "").warnings == (warning,)


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (b"", "empty", "no bytes"),
        (rb"{\rtf1\par}", "empty", "the note holds no letter or digit"),
        (rb"{\rtf1{\v gout}}", "empty", "the note holds no letter or digit"),
        (b"gout", "malformed", "does not begin as RTF"),
        (rb"{\rtf1 gout", "malformed", "cut short: a group is not closed"),
        (rb"{\rtf1 gout{\b", "malformed", "cut short: a group is not closed"),
        (rb"{\rtf1 " + b"{" * MAX_DEPTH, "malformed", f"groups nest deeper than {MAX_DEPTH}"),
    ],
)
def test_why_rtf_is_refused(data: bytes, reason: str, detail: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(data, "")
    assert (refused.value.reason, refused.value.detail) == (reason, detail)
