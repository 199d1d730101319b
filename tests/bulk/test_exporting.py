"""An export fetched from an EHR that fails in every way: what is here in the end is whole, and nothing is asked for twice without need."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.backend_settings import BackendClient
from fhir_coder.bulk.export_steps import read_state
from fhir_coder.bulk.exporting import Exporting
from fhir_coder.bulk.manifest import read_manifest
from fhir_coder.ehr.backend_token import tokens_of
from fhir_coder.ehr.bulk_server import BulkServer, ExportAsked
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.errors import Conflict, EhrError, EhrRefused, EhrUnavailable, InvalidContent
from fhir_coder.outbound.rule import AddressRule
from fhir_coder.outbound.session import open_session
from fhir_coder.smart.signing_key import new_key
from fhir_coder.tenant_settings import EhrSettings, rule_of
from tests.bulk.bulk_ehr import BulkEhr, cut_off
from tests.bulk.conftest import Bulk
from tests.bulk.exports import COVERAGE, PATIENT, PRACTITIONER, encounter, lines_of, note
from tests.ehr.guarded_ehr import CLIENT, Canned, serving

ASKED = ExportAsked("g1", "2026-05-01T00:00:00Z", ("Encounter", "Patient"))


def ndjson(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


FILES = {
    "a": ("Encounter", ndjson(*map(encounter, range(40)))),
    "b": ("Patient", ndjson(PATIENT)),
    "c": ("Encounter", ndjson(*map(encounter, range(40, 60)))),
}
WHOLE = {"0000.Encounter.ndjson": FILES["a"][1], "0001.Patient.ndjson": FILES["b"][1], "0002.Encounter.ndjson": FILES["c"][1]}


@dataclass
class Site:
    """The EHR, our configuration of it, the folder of the output, what was waited (seconds) and told."""

    ehr: BulkEhr
    settings: EhrSettings
    out: Path
    waits: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def exporting(self, told: Callable[[str], None] | None = None, **changes: Any) -> Exporting:
        settings = replace(self.settings, **changes)
        server = BulkServer(settings, open_session(rule_of(settings)), tokens_of(settings), self.waits.append, RetryPolicy(attempts=3))
        return Exporting(server, self.out, told or self.told.append, self.waits.append)

    def fetch(self, is_again: bool = False, **changes: Any) -> dict[str, bytes]:
        """The files, by name."""
        folder = self.exporting(**changes).fetch("main", ASKED, is_again)
        return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    key = new_key(tmp_path / "key.pem", "ES384")
    ehr = BulkEhr(files=dict(FILES), keys=[key.public()])
    (tmp_path / "out").mkdir()
    with serving(ehr):
        backend = BackendClient(CLIENT, "system/*.rs", str(tmp_path / "key.pem"), token_url=ehr.token_url)
        yield Site(ehr, EhrSettings("main", ehr.base, timeout_s=2, backend=backend), tmp_path / "out")


def test_an_export_is_asked_for_waited_for_and_fetched(site: Site) -> None:
    progress = Canned(202, b"", {"X-Progress": "40 % \x1b[31mdone", "Retry-After": "3"})
    site.ehr.polls = [Canned(202), progress, Canned(202)]
    assert site.fetch() == WHOLE
    ((path, query, prefer),) = site.ehr.kick_offs
    assert (path, prefer) == ("/fhir/Group/g1/$export", "respond-async")
    assert query == {
        "_outputFormat": ["application/fhir+ndjson"],
        "_since": ["2026-05-01T00:00:00Z"],
        "_type": ["Encounter,Patient"],
    }
    assert site.waits == [5.0, 3.0, 20.0]
    assert "the EHR is at it: 40 % [31mdone" in site.told
    assert site.ehr.deleted
    assert all(authorization.startswith("Bearer ") for path, authorization in site.ehr.seen if path.startswith("/files/"))


def test_everybody_is_exported_where_no_group_is_named(site: Site) -> None:
    site.exporting().fetch("main", ExportAsked())
    assert site.ehr.kick_offs == [("/fhir/$export", {"_outputFormat": ["application/fhir+ndjson"]}, "respond-async")]


def test_too_many_questions_are_answered_by_waiting(site: Site) -> None:
    site.ehr.polls = [Canned(429, b"", {"Retry-After": "120"}), Canned(429, b"", {"Retry-After": "7"})]
    assert site.fetch() == WHOLE
    assert 120.0 in site.waits and 7.0 in site.waits
    assert len(site.ehr.kick_offs) == 1


def test_a_token_that_runs_out_on_the_way_is_replaced(site: Site) -> None:
    def expire(name: str, times: int, answer: Canned) -> Canned:
        site.ehr.live.clear()
        return answer

    site.ehr.on_file = expire
    assert site.fetch() == WHOLE
    assert len(site.ehr.forms) == 4


def test_a_file_that_breaks_off_is_gone_on_with(site: Site) -> None:
    half = len(FILES["a"][1]) // 2
    site.ehr.on_file = lambda name, times, answer: cut_off(answer, half) if (name, times) == ("a", 1) else answer
    assert site.fetch() == WHOLE
    assert site.ehr.asked_ranges == ["", f"bytes={half}-", "", ""]


def test_a_file_that_breaks_off_again_and_again_comes_piece_by_piece(site: Site) -> None:
    """More pieces than attempts: as long as each brings something, it goes on."""
    site.ehr.on_file = lambda name, times, answer: cut_off(answer, len(FILES["a"][1]) // 12) if name == "a" and times < 12 else answer
    assert site.fetch() == WHOLE
    assert site.ehr.times["a"] == 12


def test_where_no_parts_are_given_a_file_is_fetched_from_its_beginning(site: Site) -> None:
    site.ehr.ranges = False
    site.ehr.on_file = lambda name, times, answer: cut_off(answer, 100) if (name, times) == ("a", 1) else answer
    assert site.fetch() == WHOLE


def test_another_part_than_was_asked_for_is_not_taken(site: Site) -> None:
    def elsewhere(name: str, times: int, answer: Canned) -> Canned:
        if (name, times) == ("a", 1):
            return cut_off(answer, 100)
        return Canned(206, answer.body, {"Content-Range": "bytes 7-9/4000"}) if (name, times) == ("a", 2) else answer

    site.ehr.on_file = elsewhere
    assert site.fetch() == WHOLE


def test_a_packed_file_that_breaks_off_is_fetched_from_its_beginning(site: Site) -> None:
    def packed(name: str, times: int, answer: Canned) -> Canned:
        whole = Canned(200, gzip.compress(FILES["a"][1]), {"Content-Encoding": "gzip"})
        return answer if name != "a" else cut_off(whole, len(whole.body) - 40) if times == 1 else whole

    site.ehr.on_file = packed
    assert site.fetch() == WHOLE
    assert site.ehr.asked_ranges[:2] == ["", ""]


def test_what_never_comes_ends_the_run_and_the_next_one_goes_on(site: Site) -> None:
    half = len(FILES["a"][1]) // 2
    site.ehr.on_file = lambda name, times, answer: cut_off(answer, half if times == 1 else 0)
    with pytest.raises(EhrUnavailable, match="broke off"):
        site.fetch()
    site.ehr.on_file = lambda name, times, answer: answer
    site.ehr.asked_ranges.clear()
    assert site.fetch() == WHOLE
    assert site.ehr.asked_ranges == [f"bytes={half}-", "", ""]
    assert len(site.ehr.kick_offs) == 1


def test_a_file_with_fewer_resources_than_announced_is_not_taken_for_whole(site: Site) -> None:
    """It ends without a word, as a server that is stopped ends it: only the count tells."""
    short = FILES["a"][1][: FILES["a"][1].index(b"\n") + 1]
    site.ehr.on_file = lambda name, times, answer: Canned(200, short) if (name, times) == ("a", 1) else answer
    assert site.fetch() == WHOLE
    assert any("as many resources as announced" in one for one in site.told)


def test_a_file_that_never_holds_what_was_announced_ends_the_run(site: Site) -> None:
    site.ehr.on_file = lambda name, times, answer: Canned(200, b"") if name == "c" else answer
    with pytest.raises(EhrUnavailable, match="as many resources"):
        site.fetch()
    state = read_state(site.out)
    assert state and sorted(state.done) == ["0000.Encounter.ndjson", "0001.Patient.ndjson"]


def test_links_to_another_host_are_not_followed(site: Site) -> None:
    with serving(other := BulkEhr(files=dict(FILES), needs_token=False)):
        site.ehr.elsewhere = other.origin
        site.ehr.needs_token = False
        with pytest.raises(EhrRefused, match="another host"):
            site.fetch()
        assert other.seen == [] and site.ehr.times == {}
        assert site.fetch(foreign_urls=(f"{other.origin}/files",)) == WHOLE
        assert {authorization for _, authorization in other.seen} == {""}


def test_our_token_goes_to_no_other_host(site: Site) -> None:
    with serving(other := BulkEhr(files=dict(FILES))):
        site.ehr.elsewhere = other.origin
        with pytest.raises(EhrRefused, match="needs a token"):
            site.fetch(foreign_urls=(f"{other.origin}/files",))
        assert other.seen == []


def test_no_token_goes_where_none_is_needed(site: Site) -> None:
    site.ehr.needs_token = False
    assert site.fetch() == WHOLE
    assert {authorization for path, authorization in site.ehr.seen if path.startswith("/files/")} == {""}


@pytest.mark.parametrize("location", ["https://elsewhere.example/jobs/1", "ftp://ehr/jobs/1", ""])
def test_a_job_that_is_to_be_asked_after_elsewhere_is_refused(site: Site, location: str) -> None:
    site.ehr.canned["/fhir/Group/g1/$export"] = [Canned(401), Canned(202, b"", {"Content-Location": location} if location else {})]
    with pytest.raises(EhrRefused):
        site.fetch()


@pytest.mark.parametrize("status", [404, 410])
def test_a_job_that_is_gone_is_said_to_be_and_another_asked_for_on_request(site: Site, status: int) -> None:
    site.ehr.polls = [Canned(status)] * 2
    for _ in range(2):
        with pytest.raises(EhrRefused, match="--again"):
            site.fetch()
    assert len(site.ehr.kick_offs) == 1
    assert site.fetch(is_again=True) == WHOLE
    assert len(site.ehr.kick_offs) == 2


def test_files_that_are_gone_are_said_to_be(site: Site) -> None:
    site.ehr.on_file = lambda name, times, answer: Canned(410) if name == "b" else answer
    with pytest.raises(EhrRefused, match=r"gone \(HTTP 410\).*--again"):
        site.fetch()
    site.ehr.on_file = lambda name, times, answer: answer
    assert site.fetch(is_again=True) == WHOLE


def test_a_run_that_is_stopped_at_any_step_goes_on_with_the_next(site: Site) -> None:
    """Every sentence is a step: the process is stopped at each of them once."""

    class Stopped(Exception):
        pass

    site.ehr.polls = [Canned(202), Canned(202)]
    for step in range(1, 20):
        told: list[str] = []

        def stop(sentence: str, told: list[str] = told, step: int = step) -> None:
            told.append(sentence)
            if len(told) == step:
                raise Stopped

        try:
            site.exporting(stop).fetch("main", ASKED)
            break
        except Stopped:
            continue
    assert step > 2
    assert site.fetch() == WHOLE
    assert len(site.ehr.kick_offs) == 1
    assert site.ehr.times == dict.fromkeys(FILES, 1)


def test_a_process_stopped_when_a_file_was_whole_and_not_yet_named_does_not_fetch_it_again(site: Site) -> None:
    site.ehr.on_file = lambda name, times, answer: cut_off(answer, 0) if name == "a" else answer
    with pytest.raises(EhrUnavailable):
        site.fetch()
    (site.out / "export" / "0000.Encounter.ndjson.partial").write_bytes(FILES["a"][1])
    site.ehr.on_file = lambda name, times, answer: answer
    assert site.fetch() == WHOLE


def test_an_ehr_that_fails_for_a_while_is_asked_again(site: Site) -> None:
    site.ehr.polls = [Canned(500), Canned(503), Canned(503), Canned(502), Canned(502)]
    assert site.fetch() == WHOLE


def test_an_ehr_that_fails_for_good_ends_the_run_and_not_the_export(site: Site) -> None:
    site.ehr.polls = [Canned(500)] * 8
    with pytest.raises(EhrUnavailable, match="can be resumed"):
        site.fetch()
    assert site.fetch() == WHOLE
    assert len(site.ehr.kick_offs) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(400, EhrRefused), (403, EhrRefused), (302, EhrRefused), (200, EhrRefused), (500, EhrUnavailable)]
)
def test_an_export_that_is_not_taken_on_is_said_not_to_be(site: Site, status: int, error: type[EhrError]) -> None:
    site.ehr.live.add("token-1")
    site.ehr.canned["/fhir/Group/g1/$export"] = [Canned(status)]
    with pytest.raises(error):
        site.fetch()
    assert read_state(site.out) is None


def test_an_export_that_is_refused_while_it_is_made_is_said_to_be(site: Site) -> None:
    site.ehr.polls = [Canned(400)]
    with pytest.raises(EhrRefused, match="400"):
        site.fetch()


def test_another_export_does_not_go_into_the_folder(site: Site) -> None:
    site.fetch()
    for ehr, asked in (("other", ASKED), ("main", ExportAsked("g2"))):
        with pytest.raises(Conflict, match="another export"):
            site.exporting().fetch(ehr, asked)


def test_an_export_that_is_being_coded_is_not_replaced(site: Site) -> None:
    site.fetch()
    (site.out / "run.json").write_text(json.dumps({"id": "r", "tenant": "t", "ehr": "", "since": "", "export": "x"}), encoding="utf-8")
    with pytest.raises(Conflict, match="another folder"):
        site.fetch(is_again=True)


def test_a_private_address_is_not_asked_unless_it_is_configured(site: Site) -> None:
    """The rule on addresses is the session's: a session that leads to public ones alone does not come through."""
    session = open_session(AddressRule.of((), ()))
    server = BulkServer(replace(site.settings, backend=None), session, tokens_of(replace(site.settings, backend=None)), site.waits.append)
    with pytest.raises(EhrRefused, match="not public"):
        server.kick_off(ASKED)


def test_the_state_is_its_owners_alone(site: Site) -> None:
    site.fetch()
    assert (site.out / "export.json").stat().st_mode & 0o077 == 0
    assert (site.out / "export").stat().st_mode & 0o077 == 0
    assert "token" not in (site.out / "export.json").read_text(encoding="utf-8").replace("needs_token", "")
    (site.out / "export.json").write_text("{", encoding="utf-8")
    with pytest.raises(InvalidContent, match=r"export\.json"):
        site.fetch()


BAD = {
    "not JSON": b"<html>",
    "a list": b"[]",
    "no output": b'{"requiresAccessToken": true}',
    "no word on the token": b'{"output": []}',
    "a word on the token that is none": b'{"output": [], "requiresAccessToken": "false"}',
    "a type that leads elsewhere": b'{"output": [{"type": "../x", "url": "u"}], "requiresAccessToken": true}',
    "a file without an address": b'{"output": [{"type": "Patient"}], "requiresAccessToken": true}',
    "a count that is none": b'{"output": [{"type": "Patient", "url": "u", "count": "7"}], "requiresAccessToken": true}',
    "nested without end": b"[" * 100_000,
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_what_is_no_manifest_is_refused(body: bytes) -> None:
    with pytest.raises(EhrRefused, match="manifest"):
        read_manifest(body)


def test_errors_of_the_export_are_told(site: Site) -> None:
    site.ehr.manifest = {"error": [{"type": "OperationOutcome", "url": "x"}]}
    site.fetch()
    assert "the EHR says that it could not export everything: 1 files of errors" in site.told


def test_exported_and_coded(
    site: Site, bulk: Bulk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command: the first call finds the job gone, the second asks for another and codes; the note of one encounter is a Binary at the EHR."""
    site.ehr.files = {
        "e": ("Encounter", ndjson(encounter(0), encounter(1))),
        "d": ("DocumentReference", ndjson(note(0), note(1, content=[{"attachment": {"contentType": "text/plain", "url": "Binary/b9"}}]))),
        "p": ("Patient", ndjson(PATIENT)),
        "o": ("Practitioner", ndjson(PRACTITIONER)),
        "c": ("Coverage", ndjson(COVERAGE)),
    }
    data = note(1)["content"][0]["attachment"]["data"]
    site.ehr.inside.put({"resourceType": "Binary", "id": "b9", "contentType": "text/plain", "data": data})
    site.ehr.polls = [Canned(410)]
    registration = {"client_id": CLIENT, "scope": "system/*.rs", "key": str(tmp_path / "key.pem"), "token_url": site.ehr.token_url}
    tenants = [{"id": "default", "ehrs": [{"id": "main", "base_url": site.ehr.base, **registration}]}]
    monkeypatch.setenv("FHIR_CODER_TENANTS", json.dumps(tenants))
    arguments = ("--export", "--ehr", "main", "--group", "g1", "--out", site.out)
    (site.out / "lock").touch()
    assert bulk(*arguments) == 1
    assert "--again" in capsys.readouterr().err
    assert bulk(*arguments, "--again") == 0
    assert len(lines_of(site.out, "Condition")) == 2
    assert bulk(*arguments) == 0
    assert [path for path, _, _ in site.ehr.kick_offs] == ["/fhir/Group/g1/$export"] * 2


def test_an_export_with_nothing_new_in_it_is_a_run_with_nothing_to_do(
    site: Site, bulk: Bulk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site.ehr.files = {}
    site.ehr.live.add("fixed")
    tenants = [{"id": "default", "ehrs": [{"id": "main", "base_url": site.ehr.base, "token": "fixed"}]}]
    monkeypatch.setenv("FHIR_CODER_TENANTS", json.dumps(tenants))
    assert bulk("--export", "--ehr", "main", "--since", "2026-05-04T00:00:00Z", "--out", tmp_path / "new") == 0
    assert "encounters 0: coded 0" in capsys.readouterr().out
