"""The table of attacks is true: each row's test and case exist, and the test asserts both the answer and that nothing was done.

Read without running: the tests themselves run in their own files. A case is the name of a parameter set; it must stand in the test's file.
"""

from __future__ import annotations

import ast
import csv
import re
from functools import cache
from pathlib import Path

import pytest

from tests.each import for_each

ROOT = Path(__file__).resolve().parents[1]
AT_LEAST = 80


def table(name: str) -> list[dict[str, str]]:
    """The rows of a table beside this file; lines that begin with # are remarks."""
    lines = [line for line in (ROOT / "tests" / name).read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True))


ATTACKS = table("attacks.tsv")
PROOFS = {row["test"]: row for row in table("attack_tests.tsv")}


@cache
def functions(path: str) -> dict[str, str]:
    """The source of each test of a file, with blanks and line breaks taken out."""
    source = (ROOT / path).read_text(encoding="utf-8")
    found = {node.name: ast.get_source_segment(source, node) or "" for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    return {name: bare(text) for name, text in found.items()}


@cache
def constants(path: str) -> frozenset[str]:
    """Every text and number that stands in a file, as pytest would name a case after it."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str | int)]
    return frozenset(str(value).encode("unicode_escape").decode() for value in values)


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def parts(test: str) -> tuple[str, str, str]:
    """File, function and case of a test's id."""
    found = re.fullmatch(r"(tests/[\w/]+\.py)::(test_\w+)(?:\[(.+)\])?", test)
    assert found, test
    return found[1], found[2], found[3] or ""


@for_each("row", ATTACKS, ids=lambda row: row["id"])
def test_an_attack_names_a_test_that_is_there(row: dict[str, str]) -> None:
    path, function, case = parts(row["test"])
    assert function in functions(path)
    assert not case or case in constants(path), f"{path} has no case {case}"
    assert row["area"] and row["attack"]


@for_each("row", ATTACKS, ids=lambda row: row["id"])
def test_a_test_of_an_attack_says_by_what_it_proves_it(row: dict[str, str]) -> None:
    assert row["test"].split("[")[0] in PROOFS


@for_each("test", PROOFS)
def test_a_proof_stands_in_its_test(test: str) -> None:
    path, function, _ = parts(test)
    source = functions(path)[function]
    assert "assert" in source
    assert bare(PROOFS[test]["answer"]) in source
    assert bare(PROOFS[test]["untouched"]) in source


def test_a_proof_belongs_to_an_attack() -> None:
    assert set(PROOFS) == {row["test"].split("[")[0] for row in ATTACKS}


def test_attacks_are_many_and_each_is_told_once() -> None:
    assert len({row["id"] for row in ATTACKS}) == len({row["test"] for row in ATTACKS}) == len(ATTACKS)
    assert len({row["attack"] for row in ATTACKS}) >= AT_LEAST


@pytest.mark.parametrize(
    "attack",
    [
        "alg none",
        "HS256 with the public key as secret",
        "expired",
        "nbf in the future",
        "wrong aud",
        "wrong iss",
        "flood of unknown kids, to have the issuer asked without end",
        "no exp",
        "token in the address, beside a good header",
        "Authorization: two headers",
        "no scope",
        "token of another patient",
        "encounter id of another tenant",
        "next link https://evil.example.org/fhir/R4?page=2",
        "billion laughs",
        "JSON nested without end",
        "request id that brings a header",
        "a body larger than allowed",
        "state used again",
        "state of another browser",
        "PKCE downgrade: plain alone",
        "return_to //evil.example/",
        "iss: cloud metadata",
        "DNS rebinding",
        "attachment inside, below an allowed prefix",
        "session id that is known before the sign-in (fixation)",
        "change from another site",
        "frame around /review/",
        "script in displays, evidence, findings, names of the page",
        "JWT used again",
        "a frame byte by byte (slowloris)",
        "one sender on every place",
        "a visit number that is a path by escapes",
        "a message sent again and again (replay)",
        "a facility of another tenant",
        "a receiver in plain beyond the machine",
        "a link to a device, dropped",
        "a file that is still being written",
        "ids that are URLs of another host, dropped",
    ],
)
def test_what_must_be_withstood_is_in_the_table(attack: str) -> None:
    assert attack in {row["attack"] for row in ATTACKS}
