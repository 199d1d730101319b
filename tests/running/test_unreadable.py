"""What is no request never reaches the application: it is answered with an OperationOutcome, and nothing of it is logged or sent back. It may be the rest of a note whose
length was told wrongly."""

from __future__ import annotations

import json
import logging
import socket
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidResponseHeader
from gunicorn.http.parser import RequestParser

from fhir_coder.commands.serve import _Worker
from tests.running.processes import MARKER

REQUESTS = {
    "the rest of a body": (f"Assessment: {MARKER} syndrome\r\n\r\n", 400),
    "a space in the query": (f"GET /fhir/Patient?name=Anna {MARKER} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a method that is none": (f"{MARKER} /fhir/metadata HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a header that is none": (f"GET / HTTP/1.1\r\nHost: a\r\nX-Note {MARKER}: b\r\n\r\n", 400),
    "a folded header": (f"GET / HTTP/1.1\r\nHost: a\r\nX-Note: a\r\n {MARKER}\r\n\r\n", 400),
    "a long line": (f"GET /{MARKER}{'a' * 5000} HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "a long header": (f"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: {MARKER}{'a' * 9000}\r\n\r\n", 431),
    "an expectation": (f"GET / HTTP/1.1\r\nHost: a\r\nExpect: {MARKER}\r\n\r\n", 417),
    "another coding": (f"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {MARKER}\r\n\r\n", 501),
}


def answered(error: Exception, caplog: pytest.LogCaptureFixture) -> str:
    """What a caller gets for an error of the parser; nothing of the request is in it or in the log."""
    ours, theirs = socket.socketpair()
    with ours, theirs, caplog.at_level(logging.DEBUG):
        _Worker.handle_error(SimpleNamespace(log=logging.getLogger("gunicorn.error")), None, ours, ("127.0.0.1", 1), error)
        text = theirs.recv(65536).decode()
    assert MARKER not in text + caplog.text and type(error).__name__ in caplog.text
    return text


@pytest.mark.parametrize(("request_", "status"), REQUESTS.values(), ids=REQUESTS)
def test_what_is_no_request_is_refused_and_not_repeated(request_: str, status: int, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Exception) as caught:
        next(RequestParser(Config(), iter([request_.encode()]), ("127.0.0.1", 1)))
    head, _, body = answered(caught.value, caplog).partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ") and "Content-Type: application/fhir+json" in head and "Connection: close" in head
    assert f"Content-Length: {len(body)}" in head
    outcome = json.loads(body)
    assert outcome["resourceType"] == "OperationOutcome" and str(status) in outcome["issue"][0]["diagnostics"]


@pytest.mark.parametrize("error", [InvalidResponseHeader("X-Ours"), ZeroDivisionError("one")], ids=["a header of ours", "another"])
def test_a_fault_of_ours_is_500(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    assert answered(error, caplog).startswith("HTTP/1.1 500 ")


def test_who_is_gone_is_told_nothing(caplog: pytest.LogCaptureFixture) -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        _Worker.handle_error(SimpleNamespace(log=logging.getLogger("gunicorn.error")), None, ours, None, ValueError("one"))
    assert "a request failed" in caplog.text
