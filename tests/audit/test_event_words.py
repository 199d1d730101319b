"""Every word under which something is written down stands in the table of events, so that no event is coded as what it is not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from fhir_coder.audit.event_codes import event_codes

SOURCES = Path(__file__).resolve().parents[2] / "fhir_coder"
TAKES_A_WORD = {
    "AuditEntry": 1,
    "_entry": 1,
    "_record": 0,
    "_refuse": 1,
    "_require_right": 2,
    "_unknown": 2,
    "_write_down": 0,
    "entry": 2,
    "person": 2,
    "refused": 2,
}
"""Functions whose argument at that place is the word (of a method, ``self`` not counted)."""
NAMED = ("PRUNE_EVENT", "OPERATION", "CHECK_OPERATION", "EVENT")


def words_of(tree: ast.AST) -> Iterator[str]:
    """The words that a file writes down, as far as they stand in it as texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = TAKES_A_WORD.get(name)
            given = [one.value for one in node.keywords if one.arg == "event"]
            given += [node.args[place]] if place is not None and len(node.args) > place else []
            yield from (one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str))
        if isinstance(node, ast.FunctionDef):
            defaults = dict(zip(reversed(node.args.args), reversed(node.args.defaults), strict=False))
            yield from (
                value.value
                for name, value in defaults.items()
                if name.arg == "event" and isinstance(value, ast.Constant) and isinstance(value.value, str)
            )
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            names = [one.id for one in node.targets if isinstance(one, ast.Name)]
            yield from (node.value.value for one in names if one in NAMED)


def test_every_word_is_in_the_table() -> None:
    found = {word for file in SOURCES.rglob("*.py") for word in words_of(ast.parse(file.read_text(encoding="utf-8")))}
    assert {
        "sign-in",
        "refused-launch",
        "write-back",
        "cds-hooks",
        "cds-hooks-feedback",
        "code-encounter",
        "end-sessions",
        "job-answer",
        "job-drop",
    } <= found
    assert sorted(found - {""} - set(event_codes())) == []  # the API says which word in a second step
