"""``trail``, ``replay`` and ``artifacts`` as a person uses them, on encounters that the whole server coded and wrote to its built-in EHR."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.app import build_coder, create_app
from fhir_coder.cli import main
from fhir_coder.coding.policy import outpatient
from fhir_coder.record.archive import Archive, Source
from fhir_coder.record.replay import Replayer
from fhir_coder.settings import Settings
from tests.record.test_replay import here
from tests.store.conftest import KEY
from tests.test_server import inline

pytestmark = pytest.mark.usefixtures("loaded_once")

FHIR = "application/fhir+json"
WRITE = {"resourceType": "Parameters", "parameter": [{"name": "writeBack", "valueBoolean": True}]}


@pytest.fixture(scope="module", params=["", KEY], ids=["no key", "key"])
def coded(
    request: pytest.FixtureRequest, built: None, loaded_once: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """A data folder in which two encounters were coded, one of the EHR's, whose note was changed since, and one sent inline; coding ids and
    the environment by name."""
    data, full = tmp_path_factory.mktemp("data"), Settings.from_environment().data
    for name in ("releases", "index"):
        (data / name).symlink_to(full / name)
    environment = {"FHIR_CODER_DATA": str(data), "FHIR_CODER_KEY": request.param}
    client = create_app(Settings.from_environment(environment, sandbox=True)).test_client()

    def code(url: str, body: dict[str, Any]) -> str:
        answer = client.post(url, json=body, headers={"Content-Type": FHIR}).get_json(force=True)
        return next(one["valueId"] for one in answer["parameter"] if one["name"] == "codingId")

    first = code("/fhir/Encounter/heart-failure/$code-encounter", WRITE)
    document = client.get("/sandbox/fhir/DocumentReference/heart-failure-note").get_json(force=True)
    document["content"][0]["attachment"] = {"contentType": "text/plain", "data": "QXNzZXNzbWVudDogZ291dC4="}
    changed = client.put("/sandbox/fhir/DocumentReference/heart-failure-note", json=document, headers={"Content-Type": FHIR})
    assert changed.get_json(force=True)["meta"]["versionId"] == "2"
    yield {**environment, "pulled": first, "inline": code("/fhir/Encounter/$code-encounter", inline())}


@pytest.fixture
def run(coded: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command line in the environment of the folder; gives status, output and errors."""
    for name in ("FHIR_CODER_DATA", "FHIR_CODER_KEY"):
        monkeypatch.setenv(name, coded[name])

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replays start no process, which takes seconds and is as good where the knowledge is today's."""
    monkeypatch.setattr("fhir_coder.replayer.Replayer", partial(Replayer, run=here))


def test_codings_are_listed_newest_first(run: Any, coded: dict[str, str]) -> None:
    status, out, _ = run("trail", "--latest", "5")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == [coded["inline"], coded["pulled"]]
    assert json.loads(run("trail", "--latest", "1", "--json")[1])["codingId"] == coded["inline"]


def test_a_trail_is_found_by_id_and_by_encounter(run: Any, coded: dict[str, str]) -> None:
    status, by_id, _ = run("trail", coded["pulled"])
    assert status == 0 and run("trail", "Encounter/heart-failure")[1] == by_id
    assert "DocumentReference/heart-failure-note version 1" in by_id and "201 Created" in by_id
    document = json.loads(run("trail", coded["pulled"], "--json")[1])
    assert document["codingId"] == coded["pulled"] and document["madeWith"]["settings"]["policy"] == "outpatient"
    assert all(len(digest) == 64 for digest in document["madeWith"]["artifacts"].values())


def test_words_are_there_with_a_key_only(run: Any, coded: dict[str, str]) -> None:
    assert "cardiomyopathy" not in run("trail", coded["pulled"])[1].replace("Ischemic cardiomyopathy", "")
    page = run("trail", coded["pulled"], "--words")[1].lower()
    assert ('assessment-and-plan  "ischemic cardiomyopathy"' in page) is bool(coded["FHIR_CODER_KEY"])


def test_a_replay_on_the_same_software_is_equal(run: Any, coded: dict[str, str]) -> None:
    status, out, _ = run("replay", "Encounter/heart-failure", "--sandbox", "--current")
    assert status == 0 and "everything came out as recorded" in out and "Artifacts and settings of today are those of then" in out
    assert ("from the store" if coded["FHIR_CODER_KEY"] else "read again by version") in out


@pytest.mark.usefixtures("in_this_process")
def test_other_settings_are_a_difference_with_its_cause(run: Any, coded: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    if not coded["FHIR_CODER_KEY"]:  # a cause is told alike with and without one
        return
    monkeypatch.setenv("FHIR_CODER_PASSING", "confident")
    status, out, _ = run("replay", coded["pulled"], "--sandbox", "--current", "--json")
    outcome = json.loads(out)
    assert status == 1 and outcome["differences"] == []
    assert [one["name"] for one in outcome["today"]["causes"]] == ["settings"]


@pytest.mark.usefixtures("in_this_process")
def test_an_inline_encounter_is_replayed_where_its_text_is_stored(run: Any, coded: dict[str, str]) -> None:
    status, out, errors = run("replay", coded["inline"])
    if coded["FHIR_CODER_KEY"]:
        assert (status, errors) == (0, "") and "note note-1: from the store" in out
    else:
        assert (status, errors) == (2, "fhir-coder: FC113: not replayable: notes were sent inline and text storage is off\n")


def test_the_built_in_ehr_is_asked_for_by_an_option(run: Any, coded: dict[str, str]) -> None:
    if not coded["FHIR_CODER_KEY"]:
        status, _, errors = run("replay", coded["pulled"])
        assert status == 2 and errors.endswith("add --sandbox for the built-in EHR\n")


@pytest.mark.parametrize("command", ["trail", "replay"])
@pytest.mark.parametrize("arguments", [("unknown",), ("Encounter/none",), ("Encounter/heart-failure", "--tenant", "other")])
def test_an_unknown_coding_is_one_line(run: Any, command: str, arguments: tuple[str, ...]) -> None:
    status, out, errors = run(command, *arguments)
    assert (status, out, len(errors.splitlines())) == (2, "", 1) and "has no coding" in errors


def test_a_trail_of_nothing_is_refused(run: Any) -> None:
    assert run("trail")[0] == 2


def test_artifacts_are_listed_and_take_no_room_of_their_own(run: Any, coded: dict[str, str]) -> None:
    status, out, _ = run("artifacts", "list")
    assert status == 0
    assert {line.split()[0] for line in out.splitlines()[:-1]} == {"index", "knowledge", "ranker", "release"}
    assert all("installed" in line for line in out.splitlines()[:-1])
    blobs = Path(coded["FHIR_CODER_DATA"], "artifacts", "blobs").rglob("*")
    alone = sum(path.stat().st_size for path in blobs if path.is_file() and path.stat().st_nlink == 1)
    assert alone < 3_000_000


def test_a_command_that_records_nothing_keeps_nothing(tmp_path: Path, run: Any, coded: dict[str, str]) -> None:
    for name in ("releases", "index"):
        (tmp_path / name).symlink_to(Path(coded["FHIR_CODER_DATA"], name))
    settings = Settings.from_environment({"FHIR_CODER_DATA": str(tmp_path)})
    made = build_coder(settings)
    assert made.artifacts(made.catalogue.newest, outpatient()).index and not (tmp_path / "artifacts").exists()


def test_nothing_is_pruned_while_a_coder_lives(run: Any) -> None:
    status, _, errors = run("artifacts", "prune", "--yes")
    assert status == 2 and "in use" in errors


def test_prune_removes_what_nothing_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:

    monkeypatch.setenv("FHIR_CODER_DATA", str(tmp_path))
    Archive(tmp_path / "artifacts").keep("index", "old", {"words": Source(sha256(b"a").hexdigest(), lambda: b"a")})
    assert main(["artifacts", "prune"]) == 0
    assert "--yes removes them" in capsys.readouterr().out and len(list(Archive(tmp_path / "artifacts").sets())) == 1
    assert main(["artifacts", "prune", "--yes"]) == 0
    assert list(Archive(tmp_path / "artifacts").sets()) == [] and not list((tmp_path / "artifacts" / "blobs").glob("*/*"))
