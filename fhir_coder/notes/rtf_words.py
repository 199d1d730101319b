"""What the control words of RTF mean to a reader of text: tables, no code. Word "Rich Text Format (RTF) Specification", version 1.9.1
(https://interoperability.blob.core.windows.net/files/Archive_References/%5bMSFT-RTF%5d.pdf).
"""

from __future__ import annotations

SYMBOLS = {
    "tab": "\t", "emdash": "—", "endash": "–", "emspace": " ", "enspace": " ", "qmspace": " ", "bullet": "•",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
}  # fmt: skip
"""Control words that stand for characters ("Special Characters")."""

ESCAPED = {ord("~"): " ", ord("_"): "-", ord("-"): "", ord("\t"): "\t"}
"""Control symbols that stand for characters: no-break space, no-break hyphen, optional hyphen (not shown), and a tab behind a backslash."""

LITERAL = b"\\{}"
"""Characters that stand for themselves behind a backslash."""

SKIPPED = frozenset(
    {
        "colortbl", "stylesheet", "info", "pict", "nonshppict", "shprslt", "sp", "objdata", "objclass", "objname",
        "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf",
        "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn",
        "nonesttables", "xe", "tc", "tcn", "rxe", "private", "private1", "template", "comment", "keywords", "title", "subject", "author",
        "operator", "doccomm", "manager", "company", "category", "pntxta", "pntxtb", "levelnumbers", "leveltext", "falt", "panose", "listname",
        "bkmkstart", "bkmkend", "filetbl", "listtable", "listoverridetable", "revtbl", "rsidtbl", "generator", "themedata", "datastore",
        "fldtype", "datafield", "ffname", "ffdeftext", "ffformat", "ffhelptext", "ffstattext", "ffentrymcr", "ffexitmcr",
        "atnid", "atnauthor", "atntime", "atndate", "atnref", "atnicn", "annotation", "atrfstart", "atrfend",
    }
)  # fmt: skip
"""Destinations whose content is not the words of the document."""

STARRED_TEXT = frozenset({"shpinst", "shptxt", "do", "dptxbxtext", "moMath", "mmath", "nesttableprops"})
"""Destinations marked ``\\*`` ("skip me if you do not know me") that hold words nevertheless: text boxes, formulas, nested tables."""

HIDING = frozenset({"v", "deleted", "strike", "striked"})
"""Character properties under which words are not part of the document: hidden, deleted while changes are tracked, struck through."""

CODE_PAGES = {
    437: "cp437", 708: "iso8859-6", 709: "iso8859-6", 819: "latin-1", 850: "cp850", 852: "cp852", 860: "cp860", 862: "cp862", 863: "cp863",
    864: "cp864", 865: "cp865", 866: "cp866", 874: "cp874", 932: "cp932", 936: "gbk", 949: "cp949", 950: "cp950", 1250: "cp1250",
    1251: "cp1251", 1252: "cp1252", 1253: "cp1253", 1254: "cp1254", 1255: "cp1255", 1256: "cp1256", 1257: "cp1257", 1258: "cp1258",
    1361: "johab", 10000: "mac_roman", 10001: "shift_jis", 10002: "big5", 10003: "euc_kr", 10004: "mac_arabic", 10006: "mac_greek",
    10007: "mac_cyrillic", 10008: "gb2312", 10029: "mac_latin2", 10081: "mac_turkish", 20866: "koi8-r", 54936: "gb18030", 65001: "utf-8",
}  # fmt: skip
"""Windows code page numbers (``\\ansicpg``, ``\\cpg``) as codecs."""

CHARACTER_SETS = {"ansi": 1252, "mac": 10000, "pc": 437, "pca": 850}
"""The character set that the header declares, as a code page."""

FONT_CHARSETS = {
    77: 10000, 78: 10001, 79: 10003, 80: 10008, 81: 10002, 83: 1255, 84: 1256, 85: 10006, 86: 10081, 87: 874, 88: 10029, 89: 10007,
    128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256, 186: 1257, 204: 1251,
    222: 874, 238: 1250, 254: 437, 255: 850,
}  # fmt: skip
"""``\\fcharset`` numbers as code pages; 0 and 1 take that of the document."""

SYMBOL_CHARSET = 2

SYMBOL_FONTS = {
    "symbol": dict(zip(
        b"ABGDEZHQIKLMNXOPRSTUFCYWabgdezhqiklmnxoprVstufcyw",
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρςστυφχψω",
        strict=True,
    )) | {
        0xA3: "≤", 0xA5: "∞", 0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×", 0xB7: "•",
        0xB8: "÷", 0xB9: "≠", 0xBB: "≈",
    },
    "wingdings": {
        0x6C: "●", 0x6E: "■", 0x6F: "☐", 0x71: "☐", 0x72: "☐", 0x76: "•", 0x78: "☒", 0x9F: "•", 0xA7: "▪", 0xA8: "☐", 0xD8: "➢", 0xDF: "←",
        0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "→", 0xFB: "☒", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
    },
}  # fmt: skip
"""Bytes of the two symbol fonts of Windows as the characters they show (Unicode's SYMBOL.TXT; the Wingdings chart of the font's vendor):
Greek letters, comparison signs, arrows, and the ticked and empty boxes that decide whether a form asserts anything."""
