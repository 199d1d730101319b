"""An EHR that fails to order: whatever it does, nothing is lost, nothing is doubled, and the caller is told clearly what happened.

Each case breaks one encounter's exchanges, calls the operation, then lets the EHR recover and calls again. In the end the EHR must hold
exactly what an EHR that never failed would hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

import pytest
from flask.testing import FlaskClient

from fhir_coder.settings import Settings
from tests.contracts.answers import named, proposed, statuses
from tests.contracts.calls import WRITTEN, code_encounter, held
from tests.contracts.faulty_proxy import Fault, FaultyEhr, altered, answer, cut, drop, slow
from tests.contracts.peers import FhirServer, Resource, fhir_server
from tests.one_engine import create_app

NOTES = r"/DocumentReference\?"
LOGIN_PAGE = b"<!DOCTYPE html><title>Sign in</title><p>Your session has ended."
TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Case:
    """What goes wrong, the HTTP status and issue code our caller then gets; ``status`` 200 means that the failure is in the receipt."""

    name: str
    faults: Callable[[], list[Fault]]
    status: int
    issue: str = ""


def _lie(bundle: Resource) -> Resource:
    return {**bundle, "total": 4711}


def _expire(bundle: Resource) -> Resource:
    return {**bundle, "link": [{"relation": "next", "url": bundle["link"][0]["url"] + "&_expired=1"}]}


READING = (
    Case("down", lambda: [Fault("GET", "/", drop, forwards=False)], 502, "transient"),
    Case("slow", lambda: [Fault("GET", "/Encounter/", slow(3 * TIMEOUT_S))], 504, "timeout"),
    Case("truncated encounter", lambda: [Fault("GET", "/Encounter/", cut)], 502, "transient"),
    Case("truncated list of notes", lambda: [Fault("GET", NOTES, cut)], 502, "transient"),
    Case("busy for good", lambda: [Fault("GET", NOTES, answer(429, Retry_After="0"), forwards=False)], 502, "transient"),
    Case("busy for an hour", lambda: [Fault("GET", NOTES, answer(429, Retry_After="3600"), forwards=False)], 502, "transient"),
    Case("broken for good", lambda: [Fault("GET", NOTES, answer(500), forwards=False)], 502, "transient"),
    Case("signed out", lambda: [Fault("GET", NOTES, answer(200, LOGIN_PAGE, Content_Type="text/html"))], 502, "processing"),
    Case("redirects to a login", lambda: [Fault("GET", NOTES, answer(302, Location="https://login.example"))], 502, "processing"),
    Case(
        "expired page",
        lambda: [Fault("GET", "_expired", answer(410), forwards=False), Fault("GET", NOTES, altered(_expire))],
        502,
        "transient",
    ),
)

RECOVERING = (
    Case("busy once", lambda: [Fault("GET", NOTES, answer(429, Retry_After="0"), times=1, forwards=False)], 200),
    Case("broken once", lambda: [Fault("GET", "/Encounter/", answer(503), times=1, forwards=False)], 200),
    Case("lost answer to a read", lambda: [Fault("GET", "/Patient/", drop, times=1)], 200),
    Case("a total that lies", lambda: [Fault("GET", NOTES, altered(_lie))], 200),
    Case("busy once while writing", lambda: [Fault("POST", "/", answer(429, Retry_After="0"), times=1, forwards=False)], 200),
)

WRITING = (
    Case("500 in the middle of a write", lambda: [Fault("POST", "/", answer(500), times=1, after=2, forwards=False)], 200, "transient"),
    Case("500 at the first write", lambda: [Fault("POST", "/", answer(500), times=1, forwards=False)], 200, "transient"),
    Case("500 after the work was done", lambda: [Fault("POST", "/", answer(500), times=1)], 200, "transient"),
    Case("no answer after the work was done", lambda: [Fault("POST", "/", drop, times=1)], 200, "transient"),
    Case("no answer to the second write", lambda: [Fault("POST", "/", drop, times=1, after=1)], 200, "transient"),
    Case("down from the second write", lambda: [Fault("POST", "/", drop, after=1, forwards=False)], 200, "transient"),
    Case("down while writing", lambda: [Fault("POST", "/", drop, forwards=False)], 200, "transient"),
    Case("every write refused", lambda: [Fault("POST", "/", answer(403), forwards=False)], 200, "processing"),
    Case("answers to writes cut off", lambda: [Fault("POST", "/", cut)], 200, "transient"),
)
SEVERAL_WRITES = {"500 in the middle of a write", "no answer to the second write", "down from the second write"}
"""Cases that need more than one exchange to write by: where an EHR takes transactions there is only one."""


@pytest.fixture(scope="module")
def upstream(peers, export: list[Resource]) -> Iterator[FhirServer]:
    """A FHIR server of its own, so that what it holds is this module's doing."""
    with fhir_server(peers) as server:
        server.put(export)
        yield server


@pytest.fixture(scope="module")
def transacting(peers, export: list[Resource]) -> Iterator[FhirServer]:
    """The same with transactions and conditional create."""
    with fhir_server(peers, "--advertise=transaction,conditional") as server:
        server.put(export)
        yield server


@dataclass
class Bench:
    """Our server before one faulty EHR, and the server behind that."""

    client: FlaskClient
    ehr: FaultyEhr
    upstream: FhirServer


@pytest.fixture(scope="module")
def benches(server_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[FhirServer], Bench]]:
    """The assembled application with the proxy before a server as its only EHR; made once for each, in whatever order the cases come."""
    with ExitStack() as stack:

        @cache
        def bench_of(server: FhirServer) -> Bench:
            ehr = stack.enter_context(FaultyEhr(server.base_url).running())
            store = tmp_path_factory.mktemp("faults") / "store.sqlite"
            tenants = f'[{{"id": "default", "ehrs": [{{"id": "faulty", "base_url": "{ehr.base_url}", "timeout_s": {TIMEOUT_S}}}]}}]'
            variables = server_settings | {"FHIR_CODER_TENANTS": tenants, "FHIR_CODER_DATABASE_URL": f"sqlite:///{store}"}
            settings = Settings.from_environment(variables, sandbox=True, builtin_ehr=False)
            return Bench(create_app(settings).test_client(), ehr, server)

        yield bench_of


@pytest.fixture(params=["plain", "transacting"])
def bench(request: pytest.FixtureRequest, benches: Callable[[FhirServer], Bench]) -> Bench:
    """The bench of one of the two servers."""
    return benches(request.getfixturevalue("upstream" if request.param == "plain" else "transacting"))


@pytest.fixture
def encounter(bench: Bench, encounter_ids: list[str], request) -> str:
    """An encounter of this case's own, so that cases do not see each other's writes."""
    used = request.config.stash.setdefault(USED, {})
    taken = used.setdefault(bench.upstream.base_url, 0)
    used[bench.upstream.base_url] = taken + 1
    return encounter_ids[taken % len(encounter_ids)]


USED = pytest.StashKey[dict[str, int]]()


def of_encounter(held_now: dict[str, list[Resource]], encounter: str) -> dict[str, list[str]]:
    """The names of what the EHR holds for one encounter, by type, sorted."""
    mark = f".{encounter}."
    names = {kind: sorted(_name(one) for one in found if mark in f"{_name(one)}.") for kind, found in held_now.items()}
    return {kind: found for kind, found in names.items() if found}


def _name(resource: Resource) -> str:
    if resource["resourceType"] == "Provenance":
        return resource["meta"]["tag"][0]["code"]
    return resource["identifier"][0]["value"]


def wanted(answered: Resource) -> dict[str, list[str]]:
    """The names of what an answer proposes, by type, sorted."""
    names = {kind: sorted(_name(one) for one in proposed(answered, kind)) for kind in WRITTEN}
    return {kind: found for kind, found in names.items() if found}


@pytest.mark.parametrize("bench", ["plain"], indirect=True)  # reading is the same from both
@pytest.mark.parametrize("case", READING, ids=lambda case: case.name)
def test_a_failure_while_reading_codes_nothing_and_says_so(bench: Bench, case: Case, encounter_ids: list[str]) -> None:
    before = held(bench.upstream)
    faults = bench.ehr.faults = case.faults()
    status, outcome = code_encounter(bench.client, encounter_ids[-1])
    bench.ehr.faults = []
    assert all(one.seen > one.after for one in faults)
    assert (status, outcome["resourceType"], outcome["issue"][0]["code"]) == (case.status, "OperationOutcome", case.issue)
    assert held(bench.upstream) == before


@pytest.mark.parametrize("bench", ["plain"], indirect=True)  # reading is the same from both
@pytest.mark.parametrize("case", RECOVERING, ids=lambda case: case.name)
def test_a_failure_that_passes_is_not_seen_by_the_caller(bench: Bench, case: Case, encounter: str) -> None:
    faults = bench.ehr.faults = case.faults()
    status, answered = code_encounter(bench.client, encounter)
    bench.ehr.faults = []
    assert all(one.seen > one.after for one in faults)
    assert status == case.status
    assert set(statuses(answered)) <= {"200", "201"}
    assert of_encounter(held(bench.upstream), encounter) == wanted(answered)


@pytest.mark.parametrize(
    ("bench", "case"),
    [("plain", case) for case in WRITING] + [("transacting", case) for case in WRITING if case.name not in SEVERAL_WRITES],
    ids=lambda one: one if isinstance(one, str) else one.name,
    indirect=["bench"],
)
def test_a_failure_while_writing_is_in_the_receipt_and_a_second_call_completes(bench: Bench, case: Case, encounter: str) -> None:
    faults = bench.ehr.faults = case.faults()
    status, first = code_encounter(bench.client, encounter)
    bench.ehr.faults = []
    assert status == case.status
    assert all(one.seen > one.after for one in faults)
    failed = [one for one in named(first, "receipt")[0]["resource"]["entry"] if one["response"]["status"][:1] != "2"]
    issues = {issue["code"] for one in failed for issue in one["response"]["outcome"]["issue"]}
    assert failed == [] or case.issue in issues
    status, second = code_encounter(bench.client, encounter)
    assert status == 200
    assert set(statuses(second)) <= {"200", "201"}
    assert of_encounter(held(bench.upstream), encounter) == wanted(second)
