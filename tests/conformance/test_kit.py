"""The kit against servers of a few lines: what it says of each, in each format, and by its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from conformance.cli import FAILS, HOLDS, PROVES_NOTHING, UNUSABLE, Progress, exit_code, main
from conformance.reports import REPORTS
from conformance.requirement import Level, Requirement
from conformance.running import Judged, Run, tried
from conformance.target import Target
from conformance.verdict import Finding, Omitted, Skipped, Unsatisfied, Verdict, expect

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "structure", "diagnostics": "no"}]}


@contextmanager
def server(status: int, body: bytes, content_type: str) -> Iterator[str]:
    """Answers everything the same."""

    class Same(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *arguments: object) -> None: ...

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Same)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_port}/fhir"
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(arguments)
    return code, capsys.readouterr().out


def test_what_holds_what_does_not_and_what_cannot_be_known(capsys: pytest.CaptureFixture[str]) -> None:
    refusal = json.dumps(OUTCOME).encode()
    with server(400, refusal, "application/fhir+json; charset=utf-8") as base:
        code, out = call(capsys, base, "--only", "ERR-001")
        assert code == HOLDS and out.splitlines()[0].startswith("pass")
        code, out = call(capsys, base, "--only", "ERR-001", "--only", "OPS-001")
        assert code == FAILS and "expected  200 with Parameters" in out and "POST /fhir/Encounter/$code-encounter -> 400" in out
        code, out = call(capsys, base, "--only", "CAP-010")
        assert code == PROVES_NOTHING and "skip" in out
    with server(400, refusal, "text/plain") as base:
        code, out = call(capsys, base, "--only", "ERR-001")
        assert code == FAILS and "an OperationOutcome as application/fhir+json" in out


def test_a_call_that_makes_no_sense_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    wrong = tmp_path / "refused.json"
    wrong.write_text('{"stale": "x"}')
    for words, told in {
        ("--only", "OPS", "--only", "NO-SUCH"): "--only NO-SUCH: no requirement has such an id; they begin with OPS, DEF",
        ("--only", "SEC-042", "--level", "SHALL"): "nothing of it is SHALL",
        ("--backend-services", str(tmp_path / "missing.json")): "missing.json",
        ("--refused", str(wrong)): "refused.json",
        ("--ca", str(tmp_path / "none.pem")): "there is no such file",
        ("--output", str(tmp_path / "nowhere" / "report.html")): "cannot be written there",
    }.items():
        assert main(["http://127.0.0.1:1", *words]) == UNUSABLE
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("conformance: ") and told in line


@pytest.mark.parametrize("words", [["--timeout", "0"], ["--timeout", "nan"], ["--format", "pdf"], ["@/no/such/file"], []])
def test_options_that_are_none_end_the_call(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["http://127.0.0.1:1", *words] if words else [])
    assert ended.value.code == UNUSABLE and capsys.readouterr().err.startswith("usage:")


def test_each_verdict_of_a_check() -> None:
    def fails(target: Target) -> None:
        expect(False, "this", "that")

    def skips(target: Target) -> None:
        raise Skipped("no token")

    def omits(target: Target) -> None:
        raise Omitted("not claimed")

    def breaks(target: Target) -> None:
        raise KeyError("parameter")

    checks = {"fails": fails, "skips": skips, "omits": omits, "breaks": breaks, "passes": lambda target: None}
    found = tried(Target("http://127.0.0.1:1"), checks)
    assert {name: one.verdict.value for name, one in found.items()} == {
        "fails": "fail",
        "skips": "skip",
        "omits": "omit",
        "breaks": "error",
        "passes": "pass",
    }
    assert (found["fails"].expected, found["fails"].received) == ("this", "that")


def test_what_a_server_sends_does_not_steer_a_terminal() -> None:
    with pytest.raises(Unsatisfied) as raised:
        expect(False, "this", "\x1b[2J" + "x" * 10_000)
    assert "\x1b" not in raised.value.received and len(raised.value.received) <= 500


@pytest.mark.parametrize(
    ("received", "told"),
    [(set(), "none"), (None, "none"), (False, "false"), (["b", "a"], "b, a"), ({"b", "a"}, "a, b"), ({"a": None}, '{"a": null}'), (0, "0")],
)
def test_a_report_is_not_in_python(received: object, told: str) -> None:
    with pytest.raises(Unsatisfied) as raised:
        expect(False, "this", received)
    assert raised.value.received == told


WORDS = 'a "b" <c> & \x00 d'


def made_up() -> Run:
    """A run with every verdict, and words that must be escaped."""

    def judged(number: int, verdict: Verdict | None) -> Judged:
        checks = ("errors.x",) if verdict else ()
        requirement = Requirement(f"ERR-{number:03}", WORDS, Level.SHALL, WORDS, checks, "" if verdict else WORDS)
        return Judged(requirement, (Finding("errors.x", verdict, WORDS, WORDS, "GET /x -> 200", 0.25),) if verdict else ())

    verdicts = (*Verdict, None)
    return Run(
        "http://x/fhir", datetime(2026, 11, 27, tzinfo=UTC), 1.5, "made up 1", tuple(judged(n, one) for n, one in enumerate(verdicts))
    )


def test_every_report_tells_every_verdict() -> None:
    reports = {name: report(made_up()) for name, report in REPORTS.items()}
    for name in ("text", "json", "html"):
        for word in ("pass", "fail", "error", "skip", "omit", "not tested"):
            assert word in reports[name], (name, word)
    assert json.loads(reports["json"])["counts"] == {"pass": 1, "fail": 1, "skip": 1, "omit": 1, "error": 1, "not tested": 1}
    assert "<c>" not in reports["html"] and "&lt;c&gt;" in reports["html"]


def test_what_was_not_tried_stands_together_by_its_reason() -> None:
    def judged(name: str, verdict: Verdict, why: str) -> Judged:
        return Judged(Requirement(name, "s", Level.SHALL, "t.", ("a",), ""), (Finding("a", verdict, "", why),))

    skipped = [judged(f"ERR-{n:03}", Verdict.SKIP, "give --x") for n in (1, 2, 3, 5)]
    others = [judged("INP-001", Verdict.SKIP, "give --y"), judged("SEC-006", Verdict.SKIP, "give --x"), judged("SEC-007", Verdict.PASS, "")]
    run = Run("http://x/fhir", datetime(2026, 11, 27, tzinfo=UTC), 1, "", (*skipped, *others))
    lines = REPORTS["text"](run).splitlines()
    at = lines.index("skip       give --x")
    assert lines[at + 1].split("  ")[-1].strip() == "ERR-001 to ERR-003, ERR-005, SEC-006"
    assert lines[at + 2] == "skip       give --y"
    assert lines[-1] == "All of the 1 requirements that were tried hold."
    page = REPORTS["html"](run)
    assert "What needs attention" not in page and "Errors</a> (4), " in page and 'href="#SEC"' in page and '<details id="SEC"' in page


def test_what_fails_is_told_by_how_binding_it_is() -> None:
    for report in (REPORTS["text"], REPORTS["html"]):
        assert "Of 2 requirements that were tried 1 does not hold: 1 SHALL, 0 SHOULD, 0 MAY. Of 1 nothing is known" in report(made_up())
    empty = Run("http://x/fhir", datetime(2026, 11, 27, tzinfo=UTC), 1, "", ())
    assert all("Nothing was tried." in REPORTS[name](empty) for name in ("text", "html"))


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    page = REPORTS["html"](made_up())
    assert "python -m conformance http://x/fhir --only ERR-001" in page  # how to see the first failure again
    assert not any(one in page for one in ("<script", "src=", "<link", "@import", "url("))


def test_a_reader_that_leaves_early_is_no_error() -> None:
    with server(400, json.dumps(OUTCOME).encode(), "application/fhir+json") as base:
        words = [sys.executable, "-m", "conformance", base, "--only", "ERR"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout and process.stderr
            process.stdout.close()
            assert process.stderr.read() == b""
    assert process.returncode == FAILS


def test_progress_is_one_line_and_goes_away(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress.end()
    for verdict in (Verdict.PASS, Verdict.FAIL):
        progress(Finding("errors.x" * 20, verdict))
    progress.end()
    parts = capsys.readouterr().err.split("\r\x1b[K")
    assert [one.split(":")[0] for one in parts] == ["", "1 checks, 0 failed", "2 checks, 1 failed", ""]
    assert max(map(len, parts)) < 80


def test_junit_counts_as_build_servers_do() -> None:
    suite = ET.fromstring(REPORTS["junit"](made_up())).find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "1",
        "errors": "1",
        "skipped": "3",
    }
    assert len(suite.findall("testcase/failure")) == 1 and len(suite.findall("testcase/skipped")) == 3


def test_exit_codes() -> None:
    whole = made_up()
    assert exit_code(whole) == FAILS
    only = {
        verdict: Run("x", whole.begun, 0, "", tuple(one for one in whole.judged if one.verdict is verdict)) for verdict in (*Verdict, None)
    }
    assert {one for one, run in only.items() if exit_code(run) == HOLDS} == {Verdict.PASS}
    assert {one for one, run in only.items() if exit_code(run) == PROVES_NOTHING} == {Verdict.SKIP, Verdict.OMIT, None}


def test_a_failure_counts_before_a_pass_and_a_pass_before_a_skip() -> None:
    requirement = Requirement("A-1", "s", Level.SHALL, "t.", ("a", "b"), "")

    def of(*verdicts: Verdict) -> Verdict | None:
        return Judged(requirement, tuple(Finding("a", one) for one in verdicts)).verdict

    assert of(Verdict.PASS, Verdict.FAIL) is Verdict.FAIL
    assert of(Verdict.SKIP, Verdict.PASS) is Verdict.PASS
    assert of(Verdict.ERROR, Verdict.PASS) is Verdict.ERROR
    assert of() is None
