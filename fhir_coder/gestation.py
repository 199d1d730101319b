"""The age of a pregnancy that a note tells: weeks for Z3A, and by them the trimester (tabular list, chapter 15; guidelines I.C.15.a.3, I.C.21.c.11).

Weeks stand in notes of a pregnancy for much else: an earlier scan, a delivery in the past, the next visit. So the age is read from its own forms
("28w2d", "28+3", "28 2/7 weeks", "EGA 28") before plain weeks ("GDM at 28 weeks"), and from none that stands behind a word of another time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.alternatives import alternatives

SECOND_FROM, THIRD_FROM = 14, 28
_SHORTEST, _LONGEST = 4, 42
_OPENING = 300

# What only a pregnancy has, and what a note without one may have as well ("G2P2", "LMP").
_PREGNANT_NOW = (
    r"(?<!not )(?<!never )(?<!non-)(?<!no )pregnan(?!cy (?:test|wish|prevention|desire))",
    r"prenatal",
    r"antenatal",
    r"\b(?:R|N|new )?OB (?:visit|return|check|f/?u|intake)",
    r"\b[RN]OB\b",
    r"gestation",
    r"\b(?:a[12] ?)?gdm(?: ?a[12])?\b",
    r"(?<!pu)(?<!du)\bf(?:o)?etal",
    r"\bf(?:o)?etus",
    r"trimester",
    r"\bIUP\b",
    r"\bE?GA\b",
    r"\bFH[RT]s?\b",
    r"pre-?eclamp",
    r"\bL ?& ?D\b",
    r"\bCRL\b",
    r"placenta",
    r"\bbreech\b",
    r"\btwins\b",
    r"braxton",
    r"cerclage",
    r"\bNIPT\b",
    r"hydramnios",
    r"morning sickness",
    r"hyperemesis",
    r"round ligament",
    r"fundal height",
    r"(?:preterm|false) labor",
    r"\bgHTN\b",
    r"\bRhoGAM\b",
    r"\bAMA\b",
    r"(?:primi|multi)gravid",
    r"\bFGR\b",
    r"\bIUGR\b",
    r"\bLGA\b",
    r"\bTOLAC\b",
    r"post-?(?:dates|term)",
    r"threatened (?:ab|mis)",
    r"size (?:greater|less) than dates",
    r"GBS pos",
    r"short cervix",
    r"cervical (?:insuff|incomp)",
    r"subchorionic",
)
_SURE = re.compile("|".join(_PREGNANT_NOW), re.IGNORECASE)
_PREGNANT = alternatives(
    (
        *_PREGNANT_NOW,
        r"\bOB\b",
        r"gravid",
        r"primip",
        r"multip\b",
        r"\bG\d+ ?P\d",
        r"\bG\d+,? (?:at|@) ",
        r"\bED[DC]\b",
        r"\bLMP\b",
        r"miscarriage",
        r"obstetric",
    )
)
_OF_ANOTHER = re.compile(r"\b(?:wife|daughter|sister|partner|girlfriend|mother|mom|friend|coworker)\b[^.;\n]{0,40}$", re.IGNORECASE)
_OVER = re.compile(
    r"\b(?:weeks?|wks?|days?|months?|mos?|d|w) ?(?:post-?partum|PP|s/p (?:SVD|NSVD|C-?/?S|cesarean|vaginal delivery)|after (?:the |her )?(?:birth|delivery|cesarean))\b|"
    r"\bpost-?partum (?:visit|check|day|exam|follow)|\bPPD ?#?\d|\b(?:newborn|neonate|well[- ]child|day[- ]old|month[- ]old|mo old)\b",
    re.IGNORECASE,
)
_OTHER_TIME = re.compile(
    r"(?:\b(?:deliver\w*|born|birth|prior|previous\w*|last|history|h/o|hx|loss\w*|SABs?|TAB|demise|next|(?<!OB )(?<!OB-)return\w*|scan|sono\w*|screen\w*|anatomy|glucola|uterus|uterine|fundus|sac|RTC|RTO|past|repeat|again|N?SVD|VAVD|"
    r"C/?S|cesarean|section|resched\w*|plan\w*|schedul\w*|induc\w*|IOL|starting|begin\w*|began|begun|former)\b[^.;:\n,]{0,14}"
    r"|\b(?:until|till|after|in|within|every|for|from|before|since|by|if|through|q|ex|x)[\s-]+(?:about |around |the |another |~)?|(?<=\d)-|[×<>/] ?)$",
    re.IGNORECASE,
)
_OTHER_THING = re.compile(
    r"\s*(?:ago|sono\w*|scan|ultrasound|US\b|u/s|anatomy|post-?partum|PP\b|old\b|later|supply|apart|from now|postop|of (?!gestation|pregnan|age by)|"
    r"visit in|with no|without|now\b(?! pregnan)|prior|earlier|before|\w* ?labs|glucola|OGTT|GTT|induction|IOL|section|C/?S|deliver\w*|loss|miscarr\w*|SAB|preterm birth)",
    re.IGNORECASE,
)
# Each alternative with the weeks as its only group.
_EXACT = re.compile(
    r"\b(?P<a>\d{1,2}) ?w(?:ks?|eeks?)?,? ?(?:and |& |\+ ?)?[0-6] ?d(?:ays?)?\b"
    r"|\b(?P<b>\d{1,2}) ?\+ ?[0-6]\b(?! ?(?:/|%|reps|edema))"
    r"|\b(?P<c>\d{1,2})[ -](?:and )?[0-6]/7(?: ?(?:weeks?|wks?|w))?\b"
    r"|\b(?P<d>\d{1,2})[ -]?(?:weeks?|wks?|w)\.? ?(?:\(?(?:of )?(?:gestation\w*|pregnan\w+|gravid|E?GA|IUP|EGA|along|by (?:LMP|dates|early|first|ultrasound|US)))\b"
    r"|\b(?:IUP|E?GA|gestational age|gestation|pregnan\w+|gravid\w*|G\d+ ?P\d+)\b[\s:,]*(?:(?:at|of|is|=|@|currently|now|approx\w*|about|~|twins?)\s*)*(?P<e>\d{1,2}) ?(?:weeks?|wks?|w)\b"
    r"|\bE?GA\b[\s:=]*(?P<f>\d{1,2})\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"\b(?P<a>\d{1,2})[ -]?(?:weeks?|wks?|wk?)\b", re.IGNORECASE)


def weeks_told(text: str, *, is_of_pregnancy: bool = False) -> int | None:
    """The completed weeks of the pregnancy at this visit, or None where the text is not about a present one. ``is_of_pregnancy``: the text is
    known to speak of one, whether or not it has a word for it."""
    found = next(_spans(text, is_of_pregnancy), None)
    return None if found is None else found[2]


def find_weeks(text: str) -> Iterator[tuple[int, int, int]]:
    """Where the text tells the weeks of this visit: start, end, completed weeks; every place that tells the same as the first."""
    spans = list(_spans(text, is_of_pregnancy=False))
    yield from (span for span in spans if span[2] == spans[0][2])


def trimester_of(weeks: int) -> str:
    """Second from 14 weeks 0 days, third from 28 weeks 0 days."""
    return "first" if weeks < SECOND_FROM else "second" if weeks < THIRD_FROM else "third"


def _spans(text: str, is_of_pregnancy: bool) -> Iterator[tuple[int, int, int]]:
    if not (is_of_pregnancy or _PREGNANT.are_in(text)) or _OVER.search(text, 0, _OPENING):
        return
    for pattern in (_EXACT, _PLAIN):
        for found in pattern.finditer(text):
            weeks = next(int(number) for number in found.groups() if number)
            if (
                _SHORTEST <= weeks <= _LONGEST
                and _is_of_now(text, found)
                and (pattern is _EXACT or is_of_pregnancy or _is_beside_pregnancy(text, found))
            ):
                yield found.start(), found.end(), weeks


def _is_of_now(text: str, found: re.Match[str]) -> bool:
    before = text[max(0, found.start() - 50) : found.start()]
    return not (_OTHER_TIME.search(before) or _OF_ANOTHER.search(before) or _OTHER_THING.match(text, found.end()))


def _is_beside_pregnancy(text: str, found: re.Match[str]) -> bool:
    """Whether the sentence of plain weeks speaks of a pregnancy."""
    begin = max(text.rfind(mark, 0, found.start()) for mark in (". ", "\n", ";")) + 1
    ends = [place for mark in (". ", "\n", ";") if (place := text.find(mark, found.end())) >= 0]
    return _SURE.search(text, begin, min(ends, default=len(text))) is not None
