"""A page of its own that one can send to a vendor: nothing is loaded, everything is escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from conformance.reports.words import MEANINGS, ORDER, TOLD_WHOLE, by_reason, deciding, reason, upshot, word_of
from conformance.requirement import Level, Requirement
from conformance.running import Judged, Run
from conformance.verdict import Verdict

STYLE = Path(__file__).with_name("report.css")
GROUPS = {
    "OPS": "Operations framework",
    "DEF": "OperationDefinition",
    "CAP": "CapabilityStatement",
    "NEG": "Content negotiation",
    "ERR": "Errors",
    "INP": "Parameters in",
    "OUT": "Parameters out",
    "RES": "Resources proposed",
    "FMT": "FHIR R4 formats",
    "IDE": "Writing once",
    "PRE": "Prefer",
    "SEC": "Tokens and scopes",
    "SMA": "SMART discovery",
    "BKS": "Backend services",
    "LAU": "Launch",
    "EHR": "An EHR that fails",
    "FIX": "Encounters",
    "TER": "Terminology",
}
"""The names of groups of requirements, by what their ids begin with."""


def as_html(run: Run) -> str:
    """The page: what it comes to, what needs attention, what was not tried, and then every requirement by its group."""
    body = "".join(
        (
            _head(run),
            "<main>",
            _attention(run),
            _untried(run),
            "<section><h2>All requirements</h2>",
            *_groups(run),
            "</section>",
            _legend(),
            "</main>",
        )
    )
    style = STYLE.read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Conformance of {escape(run.base)}</title><style>{style}</style></head><body>{body}</body></html>"
    )


def _head(run: Run) -> str:
    software = f"{escape(run.software)}, " if run.software else ""
    about = f"{software}tried {run.begun:%Y-%m-%d %H:%M} UTC in {_lasted(run.seconds)} by the conformance kit of fhir-coder: does it do $code-encounter as its OperationDefinition, FHIR R4 and SMART say?"
    return f'<header><h1>Conformance of {escape(run.base)}</h1><p class="about">{about}</p><p class="upshot">{escape(upshot(run))}</p>{_bar(run)}{_counts(run)}</header>'


def _lasted(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _bar(run: Run) -> str:
    parts = ((one, run.count(one)) for one in ORDER)
    return '<p class="bar" aria-hidden="true">' + "".join(_part(one, count) for one, count in parts if count) + "</p>"


def _part(verdict: Verdict | None, count: int) -> str:
    return f'<span class="{_class(verdict)}" style="flex-grow:{count}"></span>'


def _counts(run: Run) -> str:
    """By verdict and by how binding the requirement is."""
    used = [one for one in ORDER if run.count(one)]
    head = "".join(f'<th scope="col"><span class="{_class(one)}">{word_of(one)}</span></th>' for one in used)
    rows = "".join(
        f'<tr><th scope="row">{level.value}</th>' + "".join(f"<td>{_how_many(run, one, level) or '–'}</td>" for one in used) + "</tr>"
        for level in Level
    )
    return f'<table class="counts"><thead><tr><th scope="col">Level</th>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _how_many(run: Run, verdict: Verdict | None, level: Level) -> int:
    return sum(one.verdict is verdict and one.requirement.level is level for one in run.judged)


def _attention(run: Run) -> str:
    """What failed, whole."""
    found = [one for verdict in (Verdict.FAIL, Verdict.ERROR) for one in run.judged if one.verdict is verdict]
    if not found:
        return ""
    again = f"python -m conformance {run.base} --only {found[0].requirement.id}"
    how = f"One of them again, with the same further options: <code>{escape(again)}</code>. What a check sends stands under its name in <code>conformance/checks</code> of the kit; those of encounters send a folder of <code>conformance/fixtures</code>."
    return f'<section><h2>What needs attention</h2><p class="about">{how}</p>{_table(found)}</section>'


def _untried(run: Run) -> str:
    """What could not be tried, by what would help."""
    rows = "".join(f"<tr><td>{escape(why)}</td><td>{_links(requirements)}</td></tr>" for why, requirements in by_reason(run, Verdict.SKIP))
    if not rows:
        return ""
    head = '<tr><th scope="col">Why, and what would help</th><th scope="col">Requirements</th></tr>'
    return f'<section><h2>What could not be tried</h2><table class="untried"><thead>{head}</thead><tbody>{rows}</tbody></table></section>'


def _links(requirements: list[Requirement]) -> str:
    """How many of each group, leading there."""
    groups = groupby(requirements, key=lambda one: one.id.partition("-")[0])
    return ", ".join(
        f'<a href="#{escape(name)}">{escape(GROUPS.get(name, name))}</a> ({sum(1 for _ in members)})' for name, members in groups
    )


def _groups(run: Run) -> Iterator[str]:
    for name, members in groupby(run.judged, key=lambda one: one.requirement.id.partition("-")[0]):
        judged = list(members)
        counts = ", ".join(
            f'<span class="{_class(one)}">{count} {word_of(one)}</span>'
            for one in ORDER
            if (count := sum(each.verdict is one for each in judged))
        )
        title = f"<h3>{escape(GROUPS.get(name, name))} <code>{escape(name)}</code></h3>"
        yield f'<details id="{escape(name)}"><summary>{title}<span class="of">{counts}</span></summary>{_table(judged, anchored=True)}</details>'


def _table(judged: list[Judged], anchored: bool = False) -> str:
    rows = "".join(_row(one, anchored) for one in judged)
    head = '<tr><th scope="col">Id</th><th scope="col">Level</th><th scope="col">Requirement</th><th scope="col">Outcome</th></tr>'
    return f'<table class="requirements"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def _row(judged: Judged, anchored: bool) -> str:
    one, why = judged.requirement, reason(judged)
    told = "".join(_detail(judged)) if judged.verdict in TOLD_WHOLE else ""
    said = f'<p class="why">{escape(why)}</p>' if why else ""
    outcome = f'<span class="verdict {_class(judged.verdict)}">{word_of(judged.verdict)}</span>'
    anchor = f' id="{escape(one.id)}"' if anchored else ""
    return (
        f'<tr{anchor}><th scope="row">{escape(one.id)}</th><td>{one.level.value}</td>'
        f"<td><p>{escape(one.text)}</p>{_source(one.source)}{said}{told}</td><td>{outcome}</td></tr>"
    )


def _source(source: str) -> str:
    """Where it comes from; addresses are links."""
    words = (
        f'<a href="{escape(one)}">{escape(one)}</a>' if one.startswith(("http://", "https://")) else escape(one)
        for one in source.split(" ")
    )
    return f'<p class="source">{" ".join(words)}</p>'


def _detail(judged: Judged) -> Iterator[str]:
    for one in deciding(judged):
        yield f"<dl><dt>Check</dt><dd><code>{escape(one.check)}</code></dd><dt>Exchange</dt><dd><code>{escape(one.exchange)}</code></dd>"
        yield f"<dt>Expected</dt><dd>{escape(one.expected)}</dd><dt>Received</dt><dd>{escape(one.received)}</dd></dl>"


def _legend() -> str:
    rows = "".join(f'<dt class="{_class(one)}">{word_of(one)}</dt><dd>{escape(words)}</dd>' for one, words in MEANINGS.items())
    return f'<section><h2>What the words mean</h2><dl class="legend">{rows}</dl></section>'


def _class(verdict: Verdict | None) -> str:
    return verdict.value if verdict else "untested"
