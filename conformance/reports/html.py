"""A page of its own that one can send to a vendor: nothing is loaded, everything is escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from conformance.reports.words import ORDER, deciding, reason, summary, word_of
from conformance.running import Judged, Run
from conformance.verdict import Verdict

STYLE = Path(__file__).with_name("report.css")
_TOLD_WHOLE = {Verdict.FAIL, Verdict.ERROR}
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
    """The page."""
    software = f" ({run.software})" if run.software else ""
    body = "".join(
        (
            f"<header><h1>Conformance of {escape(run.base)}</h1>",
            f"<p>{escape(summary(run))} of {len(run.judged)} requirements. ",
            f"Begun {run.begun:%Y-%m-%d %H:%M} UTC, {run.seconds:.1f} s{escape(software)}.</p>{_bar(run)}</header><main>",
            *(_group(name, list(members)) for name, members in groupby(run.judged, key=lambda one: one.requirement.id.partition("-")[0])),
            "</main>",
        )
    )
    style = STYLE.read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Conformance of {escape(run.base)}</title><style>{style}</style></head><body>{body}</body></html>"
    )


def _bar(run: Run) -> str:
    parts = ((one, run.count(one)) for one in ORDER)
    return '<p class="bar" aria-hidden="true">' + "".join(_part(one, count) for one, count in parts if count) + "</p>"


def _part(verdict: Verdict | None, count: int) -> str:
    return f'<span class="{_class(verdict)}" style="flex-grow:{count}"></span>'


def _group(name: str, judged: list[Judged]) -> str:
    rows = "".join(_row(one) for one in judged)
    head = '<tr><th scope="col">Id</th><th scope="col">Level</th><th scope="col">Requirement</th><th scope="col">Outcome</th></tr>'
    return f"<section><h2>{escape(GROUPS.get(name, name))}</h2><table><thead>{head}</thead><tbody>{rows}</tbody></table></section>"


def _row(judged: Judged) -> str:
    one, why = judged.requirement, reason(judged)
    told = "".join(_detail(judged)) if judged.verdict in _TOLD_WHOLE else ""
    said = f'<p class="why">{escape(why)}</p>' if why else ""
    source = f'<p class="source">{escape(one.source)}</p>'
    outcome = f'<span class="verdict {_class(judged.verdict)}">{word_of(judged.verdict)}</span>'
    return f'<tr id="{escape(one.id)}"><th scope="row">{escape(one.id)}</th><td>{one.level.value}</td><td><p>{escape(one.text)}</p>{source}{said}{told}</td><td>{outcome}</td></tr>'


def _detail(judged: Judged) -> Iterator[str]:
    for one in deciding(judged):
        yield f"<dl><dt>Check</dt><dd><code>{escape(one.check)}</code></dd><dt>Exchange</dt><dd><code>{escape(one.exchange)}</code></dd>"
        yield f"<dt>Expected</dt><dd>{escape(one.expected)}</dd><dt>Received</dt><dd>{escape(one.received)}</dd></dl>"


def _class(verdict: Verdict | None) -> str:
    return verdict.value if verdict else "untested"
