"""Before a run: is a FHIR server there, does it take what we prove ourselves with, and is the simulator where it is said to be? A wrong address would
come out as hundreds of failures of a server that nobody asked."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import requests

from conformance.body import AnswerWithoutEnd
from conformance.exchange import FHIR_JSON, FHIR_XML, Answer
from conformance.target import OPERATION, Target
from conformance.verdict import Skipped, plain

CAPABILITIES = "CapabilityStatement"
_NOTHING = {"resourceType": "Parameters"}


class NothingThere(Exception):
    """No FHIR server is reached; why not, in a line."""


class NotLetIn(Exception):
    """The server, or the simulator, is not what the options say; what does not fit, in a line."""


def require_address(url: str) -> None:
    """Raises NotLetIn for what is no address."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise NotLetIn(f"{plain(url)} is no FHIR base: expected an address such as http://127.0.0.1:8080/fhir")


def require_server(target: Target) -> None:
    """Raises NothingThere for an address where no FHIR server answers, NotLetIn for one that does not take our token."""
    described, called = _ask(target, "GET", "metadata"), _ask(target, "POST", f"Encounter/${OPERATION}")
    if not any(one is None or (one.status != 404 and _is_fhir(one)) for one in (described, called)):
        raise NothingThere(f"no FHIR base at {target.base}: {_met(described)}{_advice(target, described)}")
    if called and called.status in {401, 403} and target.authorize():
        why = "does not take the token" if called.status == 401 else "takes the token, but not for the operation"
        raise NotLetIn(f"the server {why}: {_met(called)}")


def require_simulator(target: Target) -> None:
    """Raises NotLetIn where a simulator is named and is not there."""
    if not target.simulator:
        return
    try:
        found = target.session.get(target.simulator, timeout=target.timeout_s, allow_redirects=False)
        is_one = found.status_code == 200 and isinstance(found.json().get("ehrs"), dict)
    except (requests.RequestException, ValueError, AttributeError):
        is_one = False
    if not is_one:
        raise NotLetIn(f"--simulator: no EHR simulator answers at {target.simulator}; it prints its control address when it starts")


def _ask(target: Target, method: str, path: str) -> Answer | None:
    """The answer, or None from a server that is there and has no time or no token for us. Raises NothingThere."""
    try:
        return target.send(method, path, body=_NOTHING if method == "POST" else None)
    except Skipped:
        return None
    except requests.exceptions.SSLError as error:
        raise NothingThere(
            f"{target.base} is not trusted: {_certificate(error)}. --ca FILE names the certificates (PEM) to trust"
        ) from error
    except requests.Timeout as error:
        raise NothingThere(f"{target.base} does not answer within {target.timeout_s:g} s; --timeout waits longer") from error
    except AnswerWithoutEnd as error:
        raise NothingThere(f"no FHIR base at {target.base}: {method} {path} is answered without end") from error
    except requests.RequestException as error:
        raise NothingThere(f"nobody answers at {target.base} ({type(error).__name__}): is the server up, and the address right?") from error


def _is_fhir(answer: Answer) -> bool:
    """By its type, or by what it holds under another type: then the checks say what is wrong with it."""
    if answer.media_type in {FHIR_JSON, FHIR_XML}:
        return True
    try:
        found = json.loads(answer.body)
    except ValueError:
        return False
    return isinstance(found, dict) and "resourceType" in found


def _met(answer: Answer | None) -> str:
    if answer is None:
        return "no answer"
    led = f" to {plain(answer.headers['location'])}" if "location" in answer.headers else ""
    return f"{answer.told}{led} ({plain(answer.headers.get('content-type', 'without Content-Type'))})"


def _advice(target: Target, met: Answer | None) -> str:
    """What is wrong there, or where the base is perhaps: many end so."""
    if met and met.status >= 500:
        return ". The server fails: its own log says why"
    below = Target(f"{target.base}/fhir", session=target.session, timeout_s=target.timeout_s)
    try:
        found = below.get("metadata", is_known=False, waits=False)
    except requests.RequestException:
        return ""
    is_base = found.status == 200 and _is_fhir(found) and CAPABILITIES.encode() in found.body
    return (
        f". A FHIR server answers at {below.base}" if is_base else ". The FHIR base is the address whose /metadata is a CapabilityStatement"
    )


def _certificate(error: requests.exceptions.SSLError) -> str:
    told = str(error)
    known = {"self-signed": "its certificate is self-signed, or of an authority of one's own", "expired": "its certificate has expired"}
    mismatch = {"Hostname mismatch": "its certificate is for another host", "IP address mismatch": "its certificate is for another host"}
    return next((words for mark, words in (known | mismatch).items() if mark in told), "its certificate cannot be verified")
