"""Tokens, later answers, discovery, keys and launch."""

from __future__ import annotations

from tests.conformance.broken.discovery import WELL_KNOWN
from tests.conformance.broken.keys import PLACE
from tests.conformance.broken.launch import changing
from tests.conformance.broken.proxy import Asked, Broken, Reply
from tests.conformance.broken.tokens import at_jobs, given, letting_in, part_of, retelling
from tests.conformance.broken.wire import when


def at_jobs_as_nobody(asked: Asked) -> bool:
    return "/_jobs/" in asked.path and not given(asked)


def takes_back(asked: Asked) -> bool:
    return at_jobs(asked) and asked.method == "DELETE"


def unsigned_in_other_letters(asked: Asked) -> bool:
    alg = str(part_of(asked, 0).get("alg", ""))
    return alg.lower() == "none" and alg != "none"


def escapes_the_dollar(asked: Asked) -> bool:
    return not given(asked) and "%24" in str(asked.environ.get("REQUEST_URI", ""))


def challenged_with_the_token(asked: Asked, reply: Reply) -> Reply:
    told = f'Bearer realm="x", error="invalid_token", error_description="cannot take {given(asked)}"'
    return reply.with_header("WWW-Authenticate", told)


def kept_by_the_browser(asked: Asked, reply: Reply) -> Reply:
    return reply.with_header("Cache-Control", "private, max-age=60")


def as_fhir(asked: Asked, reply: Reply) -> Reply:
    return reply.with_header("Content-Type", "application/fhir+json") if asked.path.endswith(WELL_KNOWN) else reply


GUARDED = (
    Broken("gives later answers to whoever has no token", ("PRE-015",), request=letting_in(at_jobs_as_nobody)),
    Broken("lets another caller take an answer back", ("PRE-015",), request=letting_in(takes_back)),
    Broken("takes alg None in other letters", ("SEC-009",), request=letting_in(unsigned_in_other_letters)),
    Broken("repeats the token in the challenge", ("SEC-033",), retelling(challenged_with_the_token)),
    Broken("opens to strangers who write %24", ("SEC-003",), request=letting_in(escapes_the_dollar)),
    Broken("lets the asking browser keep answers", ("SEC-035", "SEC-036"), kept_by_the_browser),
    Broken("calls its SMART configuration FHIR", ("SMA-002",), as_fhir),
    Broken("publishes keys as a bare array", ("BKS-005",), when(PLACE, lambda document: document["keys"])),
    Broken("comes back to an address with a fragment", ("LAU-004",), changing("redirect_uri", lambda uri: f"{uri}#done")),
    Broken("has a challenge in hexadecimal letters", ("LAU-012",), changing("code_challenge", lambda one: one.encode().hex()[:64])),
)
