"""The command line as a person uses it: files in, files out, errors with their line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.cli import main
from fhir_coder.commands.serve import require_loopback
from fhir_coder.errors import ConfigurationError

pytestmark = pytest.mark.usefixtures("loaded_once")

NOTE = "HPI\nDenies fever.\n\nASSESSMENT AND PLAN\n1. Hypertension, controlled. Continue lisinopril.\n2. Left knee osteoarthritis. Injection today.\n"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8")
    return path


def test_code_writes_one_line_for_each_good_line_and_names_the_bad(built: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(
        tmp_path / "in.jsonl", {"id": "a", "text": NOTE}, "broken", {"id": "b"}, {"id": "c", "text": NOTE, "birthDate": "1950-01-01"}
    )
    assert main(["code", str(source), "--output", str(tmp_path / "out.jsonl")]) == 1
    rows = lines(tmp_path / "out.jsonl")
    assert [row["id"] for row in rows] == ["a", "c"]
    assert [code["code"] for code in rows[0]["codes"]] == ["I10", "M17.12"]
    for code in rows[0]["codes"]:
        assert set(code) == {"code", "display", "probability", "rank", "disposition", "evidence", "explanation"}
        assert all(NOTE[span["start"] : span["end"]] == span["text"] for span in code["evidence"])
    assert {"id", "disposition", "reasons", "codes", "rejected", "findings"} <= set(rows[0])
    errors = capsys.readouterr().err
    assert "line 2: not JSON" in errors
    assert "line 3: text is missing" in errors


def test_a_query_says_what_to_send_and_what_to_keep_from_it(built: None, tmp_path: Path) -> None:
    note = "ASSESSMENT AND PLAN\n1. Heart failure, continue carvedilol and furosemide.\n\nRESULTS\nEcho: EF 32%.\n"
    source = write(tmp_path / "in.jsonl", {"id": "a", "text": note, "serviceDate": "2026-05-01"})
    assert main(["code", str(source), "--output", str(tmp_path / "out.jsonl")]) == 0
    (query,) = (finding["query"] for finding in lines(tmp_path / "out.jsonl")[0]["findings"] if "query" in finding)
    assert query["question"] == "What is the type of the heart failure?"
    assert [note[one["start"] : one["end"]] for one in query["indicators"]] == [one["text"] for one in query["indicators"]]
    assert '- "Echo: EF 32%." (note note-1, 2026-05-01, results)' in query["text"]
    assert query["options"][-2:] == ["other (please specify)", "unable to determine"]
    assert [one["leadsTo"] for one in query["forCoders"]] == [["I50.2"], ["I50.4"]]
    assert "I50" not in query["text"]


def test_every_mention_is_another_policy(built: None, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", {"id": "a", "text": NOTE})
    assert main(["code", str(source), "--output", str(tmp_path / "out.jsonl"), "--policy", "mentions"]) == 0
    assert "I10" in {code["code"] for code in lines(tmp_path / "out.jsonl")[0]["codes"]}


def test_check_runs_the_edits_alone(built: None, tmp_path: Path) -> None:
    source = write(
        tmp_path / "in.jsonl",
        {"id": "headers", "codes": ["E11", "I10"]},
        {"id": "exclusive", "codes": ["E11.9", "E10.9"], "serviceDate": "2026-05-01"},
        {"id": "fine", "codes": ["I10"], "birthDate": "1960-01-01", "gender": "female", "serviceDate": "2026-05-01"},
    )
    assert main(["check", str(source), "--output", str(tmp_path / "out.jsonl")]) == 0
    rows = {row["id"]: row for row in lines(tmp_path / "out.jsonl")}
    assert "header-code" in {finding["name"] for finding in rows["headers"]["findings"]}
    assert "excludes1" in {finding["name"] for finding in rows["exclusive"]["findings"]}
    assert [finding for finding in rows["fine"]["findings"] if finding["severity"] == "blocking"] == []
    assert rows["fine"]["notRun"]
    assert set(rows["headers"]["findings"][0]) == {"edit", "name", "severity", "codes", "detail"}


def test_check_prints_no_finding_of_an_edit_in_shadow(built: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FHIR_CODER_SEVERITIES", '{"FCE-102": "shadow"}')
    source = write(tmp_path / "in.jsonl", {"id": "a", "codes": ["E11"]})
    assert main(["check", str(source), "--output", str(tmp_path / "out.jsonl")]) == 0
    assert "header-code" not in {finding["name"] for finding in lines(tmp_path / "out.jsonl")[0]["findings"]}


def test_check_refuses_severities_that_no_edit_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "c", "codes": ["I10"]}\n', encoding="utf-8")
    monkeypatch.setenv("FHIR_CODER_SEVERITIES", '{"FCE-999": "advisory"}')
    assert main(["check", str(source)]) != 0
    assert "FCE-999" in capsys.readouterr().err


def test_check_names_a_bad_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "in.jsonl", {"id": "a", "codes": "I10"}, {"id": "b", "codes": ["I10"], "serviceDate": "yesterday"})
    assert main(["check", str(source), "--output", str(tmp_path / "out.jsonl")]) == 1
    assert "line 1: codes" in (errors := capsys.readouterr().err)
    assert "line 2: serviceDate" in errors


def test_evaluate_prints_the_figures(built: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "gold.jsonl", {"text": NOTE, "codes": ["I10", "M17.12"]}, {"text": NOTE, "codes": ["I10"]})
    assert main(["evaluate", str(source), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["exact"]["recall"] == 1.0
    assert figures["exact"]["precision"] == 0.75
    assert figures["first_listed"]["notes"] == 2
    assert main(["evaluate", str(source)]) == 0
    printed = capsys.readouterr().out
    assert "exact code" in printed
    assert "first-listed code right" in printed


def test_terminology_lists_and_verifies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terminology", "list"]) == 0
    assert "service dates 2026-04-01 to 2026-09-30" in capsys.readouterr().out
    assert main(["terminology", "verify"]) == 0
    assert "ok" in capsys.readouterr().out


def test_a_subcommand_imports_itself_alone() -> None:
    script = "import sys; from fhir_coder.cli import main; main(['edits', 'list']); sys.exit('fhir_coder.app' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=True)


def test_edits_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edits", "list"]) == 0
    assert "header-code" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["code", "/no/such.jsonl"], ["check", "/no/such.jsonl"], ["evaluate", "/no/such.jsonl"]])
def test_a_missing_file_is_one_line_and_status_two(built: None, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("no such file")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::"])
def test_the_sandbox_binds_to_loopback_only(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        require_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_is_accepted(host: str) -> None:
    require_loopback(host)


def test_a_key_is_made_and_its_public_half_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = {}
    for alg in ("ES384", "RS384"):
        assert main(["keys", "new", "--alg", alg, "--out", str(tmp_path / alg)]) == 0
        printed = capsys.readouterr()
        made[alg] = json.loads(printed.out)
        assert made[alg]["kid"] in printed.err
        assert (tmp_path / alg).stat().st_mode & 0o777 == 0o600
    assert main(["keys", "jwks", str(tmp_path / "ES384"), str(tmp_path / "RS384")]) == 0
    assert json.loads(capsys.readouterr().out) == {"keys": [made["ES384"], made["RS384"]]}
    assert not {"d", "p", "q", "dp", "dq", "qi"} & (set(made["ES384"]) | set(made["RS384"]))


def test_a_key_file_that_is_there_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key").write_text("mine")
    assert main(["keys", "new", "--out", str(tmp_path / "key")]) == 2
    assert "exists" in capsys.readouterr().err
    assert (tmp_path / "key").read_text() == "mine"
