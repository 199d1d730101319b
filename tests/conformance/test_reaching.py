"""Where no FHIR server is, or one that does not let us in, the kit says so in a line instead of hundreds of failures."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from werkzeug.wrappers import Request, Response

from conformance.cli import HOLDS, PROVES_NOTHING, UNUSABLE, main
from conformance.requirement import read_requirements
from conformance.running import run
from conformance.target import NO_TOKEN, Target
from conformance.verdict import Verdict
from tests.conformance.guarded_site import Site
from tests.conformance.serving import serving
from tests.contracts.authorization.certificates import make_certificates

Said = tuple[int, str]
FHIR = "application/fhir+json"
STATEMENT = json.dumps({"resourceType": "CapabilityStatement"})
REFUSAL = json.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login"}]})


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """A run of one requirement: the exit code and what stands on standard error."""

    def said(*words: str) -> Said:
        code = main([*words, "--only", "CAP-001", "--timeout", "5"])
        return code, capsys.readouterr().err.strip()

    return said


def server(metadata: Response, operation: Response) -> Any:
    """FHIR at ``/fhir`` alone; what else is asked for is not found."""

    def application(environ: Any, start_response: Any) -> Any:
        path = Request(environ).path
        answers = {"/fhir/metadata": metadata, "/fhir/Encounter/$code-encounter": operation}
        return answers.get(path, Response(REFUSAL, 404, content_type=FHIR))(environ, start_response)

    return application


@pytest.mark.parametrize("url", ["127.0.0.1:8080/fhir", "ftp://server.example/fhir", "http://", "http://server.example/fhir?x=1"])
def test_what_is_no_address(call: Callable[..., Said], url: str) -> None:
    code, told = call(url)
    assert code == UNUSABLE and "expected an address such as" in told and "\n" not in told


def test_nobody_there(call: Callable[..., Said]) -> None:
    with serving(Response("")) as root:
        pass
    code, told = call(f"{root}/fhir")
    assert code == PROVES_NOTHING and told.startswith(f"conformance: nobody answers at {root}/fhir") and "\n" not in told


@pytest.mark.parametrize(
    "page", [Response("<p>Hello", content_type="text/html"), Response("", 302, {"Location": "https://other.example/"})]
)
def test_a_page(call: Callable[..., Said], page: Response) -> None:
    with serving(page) as root:
        code, told = call(root)
    assert code == PROVES_NOTHING and f"no FHIR base at {root}: GET /metadata -> {page.status_code}" in told
    assert ("https://other.example/" in told) is (page.status_code == 302)


def test_a_server_that_fails_is_not_called_a_wrong_address(call: Callable[..., Said]) -> None:
    with serving(Response("<h1>Internal Server Error", 500, content_type="text/html")) as root:
        code, told = call(f"{root}/fhir")
    assert code == PROVES_NOTHING and told.endswith("GET /fhir/metadata -> 500 (text/html). The server fails: its own log says why")


def test_an_answer_without_end(call: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.body.MOST_BYTES", 1024 * 1024)
    with serving(lambda *given: Response(repeat(b" " * 65536), content_type=FHIR)(*given)) as root:
        code, told = call(f"{root}/fhir")
    assert code == PROVES_NOTHING and told.endswith(": GET metadata is answered without end")


def test_a_base_that_lies_below(call: Callable[..., Said]) -> None:
    whole = server(Response(STATEMENT, content_type=FHIR), Response(REFUSAL, 400, content_type=FHIR))
    with serving(whole) as root:
        code, told = call(root)
        assert code == PROVES_NOTHING and told.endswith(f"A FHIR server answers at {root}/fhir")
        code, told = call(f"{root}/fihr")
        assert code == PROVES_NOTHING and "whose /metadata is a CapabilityStatement" in told
        assert call(f"{root}/fhir") == (HOLDS, "") == call(f"{root}/fhir/")


@pytest.mark.parametrize(("status", "told"), [(401, "does not take the token"), (403, "takes the token, but not for the operation")])
def test_a_token_that_opens_nothing(call: Callable[..., Said], status: int, told: str) -> None:
    with serving(server(Response(STATEMENT, content_type=FHIR), Response(REFUSAL, status, content_type=FHIR))) as root:
        code, err = call(f"{root}/fhir", "--token", "SECRET")
        assert code == UNUSABLE and told in err and "SECRET" not in err
        assert call(f"{root}/fhir") == (HOLDS, "")  # the statement is for everybody


def test_a_certificate_of_ones_own(call: Callable[..., Said], tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.key)
    whole = server(Response(STATEMENT, content_type=FHIR), Response(REFUSAL, 400, content_type=FHIR))
    with serving(whole, ssl_context=context) as origin:
        root = origin.replace("127.0.0.1", "localhost")
        code, told = call(f"{root}/fhir")
        assert code == PROVES_NOTHING and "is not trusted" in told and "--ca FILE" in told and "\n" not in told
        assert call(f"{root}/fhir", "--ca", str(certificates.authority)) == (HOLDS, "")


@pytest.mark.parametrize("answer", [Response("<p>Hello", content_type="text/html"), Response("{}", content_type="application/json")])
def test_a_simulator_that_is_none(call: Callable[..., Said], answer: Response) -> None:
    whole = server(Response(STATEMENT, content_type=FHIR), Response(REFUSAL, 400, content_type=FHIR))
    with serving(whole) as root, serving(answer) as other:
        code, told = call(f"{root}/fhir", "--simulator", f"{other}/_control")
    assert code == UNUSABLE and f"no EHR simulator answers at {other}/_control" in told


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "EC", "crv": "P-384"},
        {"kty": "none"},
        ECKey.generate_key("P-384").as_dict(private=True),
        {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "a", "alg": "ES384"},
    ],
)
def test_a_key_that_cannot_sign(call: Callable[..., Said], key: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "backend.json"
    file.write_text(json.dumps({"token_url": "http://127.0.0.1:1/token", "client_id": "kit", "scope": "s", "key": key}), encoding="utf-8")
    code, told = call("http://127.0.0.1:1/fhir", "--backend-services", str(file))
    assert code == UNUSABLE and "cannot sign" in told and "\n" not in told


def test_without_a_token_a_guarded_server_neither_fails_nor_passes_what_needs_one(site: Site) -> None:
    stranger = Target(f"{site.root}/fhir")
    found = run(stranger, [one for one in read_requirements() if one.id.startswith(("OPS", "ERR", "INP", "OUT", "FMT", "FIX-00"))])
    assert {one.requirement.id: one.findings for one in found.judged if one.verdict in {Verdict.FAIL, Verdict.ERROR}} == {}
    assert {one.findings[0].received for one in found.judged if one.requirement.id.startswith("FIX")} == {NO_TOKEN}
