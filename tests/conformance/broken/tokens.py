"""Doors that open to the wrong people, or tell them wrongly."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from tests.conformance.broken.proxy import Asked, Broken, Reply, SpoilReply, SpoilRequest
from tests.smart.issuer import AUDIENCE, token

UNIVERSAL = 'Bearer realm="broken", error="invalid_token"'
REFUSED = {401, 403}
Claims = Mapping[str, Any]
Change = Callable[[Asked, Reply], Reply]


def given(asked: Asked) -> str:
    """The Authorization header as it came."""
    return asked.header("Authorization")


def part_of(asked: Asked, place: int) -> Claims:
    """Header (0) or claims (1) of the token, unproved; empty for what is no JWT."""
    parts = given(asked).partition(" ")[2].split(".")
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[place] + "=" * (-len(parts[place]) % 4)))
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def letting_in(who: Callable[[Asked], object]) -> SpoilRequest:
    """Requests of whom ``who`` says yes are made with a good token."""

    def spoil(asked: Asked) -> None:
        if who(asked):
            asked.environ["HTTP_AUTHORIZATION"] = f"Bearer {token()}"

    return spoil


def at_jobs(asked: Asked) -> bool:
    """Whether it is the address of an answer that comes later, and somebody has a token."""
    return "/_jobs/" in asked.path and bool(given(asked))


def refusing(who: Callable[[Asked], object], status: int = 401) -> SpoilReply:
    """Requests of whom ``who`` says yes are refused, whatever the server says."""
    refusal = Reply(status, (("Content-Type", "text/plain"), ("WWW-Authenticate", UNIVERSAL)), b"no")
    return lambda asked, reply: refusal if who(asked) else reply


def retelling(change: Change, *statuses: int) -> SpoilReply:
    """Refusals with one of the statuses are told otherwise."""
    return lambda asked, reply: change(asked, reply) if reply.status in (statuses or REFUSED) else reply


def challenged(value: str | None) -> Change:
    return lambda asked, reply: reply.with_header("WWW-Authenticate", value)


def with_status(status: int) -> Change:
    return lambda asked, reply: replace(reply, status=status)


def unchallenged_403(asked: Asked, reply: Reply) -> Reply:
    return replace(reply, status=403).with_header("WWW-Authenticate", None)


def issue(reply: Reply, **members: str) -> Reply:
    """An OperationOutcome with other members in its issues."""
    outcome = reply.resource
    return reply.holding(outcome | {"issue": [one | members for one in outcome["issue"]]}) if outcome else reply


def repeats_token(asked: Asked, reply: Reply) -> Reply:
    return issue(reply, diagnostics=given(asked))


def repeats_body(asked: Asked, reply: Reply) -> Reply:
    return issue(reply, diagnostics=asked.body.decode())


def is_processing(asked: Asked, reply: Reply) -> Reply:
    return issue(reply, code="processing")


def has_expired(asked: Asked) -> bool:
    return float(part_of(asked, 1).get("exp", time.time())) < time.time()


def is_narrow(asked: Asked) -> bool:
    return part_of(asked, 1).get("scope") == "system/Patient.rs"


def fits(asked: Asked) -> bool:
    """Claims that would do, whoever wrote them."""
    return part_of(asked, 1).get("aud") == AUDIENCE and not has_expired(asked)


def of_the_address(asked: Asked) -> None:
    found = parse_qs(asked.environ["QUERY_STRING"]).get("access_token")
    if found:
        asked.environ |= {"QUERY_STRING": "", "HTTP_AUTHORIZATION": f"Bearer {found[0]}"}


def first_of_two(asked: Asked) -> None:
    words = given(asked).replace(",", " ").split()
    asked.environ |= {"QUERY_STRING": "", "HTTP_AUTHORIZATION": " ".join(words[:2])}


def under_bearer(asked: Asked) -> None:
    found = given(asked).removeprefix("Bearer").removeprefix(" token=").split(" ")[-1]
    asked.environ["HTTP_AUTHORIZATION"] = f"Bearer {found}"


def body_first(asked: Asked, reply: Reply) -> Reply:
    is_good = not asked.is_operation or asked.body.startswith(b'{"resourceType": "Parameters"')
    return reply if is_good else Reply(400, (("Content-Type", "text/plain"),), b"not what was asked")


def kept(asked: Asked, reply: Reply) -> Reply:
    return reply.with_header("Cache-Control", "public, max-age=600")


def anonymous_of(end: str) -> Callable[[Asked], bool]:
    return lambda asked: asked.path.endswith(end) and not given(asked)


NAMED = 'Bearer realm="x", error="insufficient_scope", '
FALSE = ("SEC-006", "SEC-007", "SEC-008", "SEC-009", "SEC-010", "SEC-011", "SEC-012", "SEC-013")
TOKENS = (
    Broken("tells anybody with a token what another asked", ("PRE-015",), request=letting_in(at_jobs)),
    Broken("keeps an answer from whoever asked", ("PRE-015",), refusing(at_jobs, 404)),
    Broken("opens to nobody", ("SEC-001", "SEC-017", "SEC-031", "SEC-032"), refusing(lambda asked: asked.is_operation)),
    Broken(
        "opens to everybody without a token",
        ("SEC-002", "SEC-003", "SEC-004", "SEC-005", "SEC-018", "SEC-019"),
        request=letting_in(lambda asked: not given(asked)),
    ),
    Broken("answers 403 without a challenge", ("SEC-002", "SEC-004", "SEC-019"), retelling(unchallenged_403, 401)),
    Broken("challenges by Basic", ("SEC-004", "SEC-005", "SEC-007"), retelling(challenged('Basic realm="x"'))),
    Broken("challenges by Bearer alone", ("SEC-004", "SEC-007"), retelling(challenged("Bearer"))),
    Broken(
        "tells strangers that their token is invalid", ("SEC-005",), retelling(challenged('Bearer realm="x", error="invalid_token"'), 401)
    ),
    Broken(
        "opens on an instance without a token", ("SEC-003",), request=letting_in(lambda asked: not given(asked) and "visit" in asked.path)
    ),
    Broken("takes every token", (*FALSE, "SEC-020", "SEC-021", "SEC-022", "SEC-029"), request=letting_in(given)),
    Broken(
        "answers 403 to tokens that prove nothing",
        ("SEC-007", "SEC-011", "SEC-013", "SEC-020", "SEC-021"),
        retelling(with_status(403), 401),
    ),
    Broken("does not look at signatures", ("SEC-008",), request=letting_in(fits)),
    Broken("takes unsigned tokens", ("SEC-008", "SEC-009"), request=letting_in(lambda asked: part_of(asked, 0).get("alg") == "none")),
    Broken("takes expired tokens", ("SEC-010", "SEC-011", "SEC-021"), request=letting_in(has_expired)),
    Broken(
        "takes tokens of others", ("SEC-012", "SEC-013"), request=letting_in(lambda asked: "elsewhere" in part_of(asked, 1).get("aud", ""))
    ),
    Broken("takes the first of two tokens", ("SEC-014",), request=first_of_two),
    Broken("takes tokens from the address", ("SEC-015",), request=of_the_address),
    Broken("takes tokens under any scheme", ("SEC-016",), request=under_bearer),
    Broken("wants Bearer with a capital", ("SEC-017",), refusing(lambda asked: given(asked) and not given(asked).startswith("Bearer "))),
    Broken("looks at the body first", ("SEC-018",), body_first),
    Broken("calls refusals processing", ("SEC-019", "SEC-020", "SEC-021", "SEC-027", "SEC-030"), retelling(is_processing)),
    Broken("asks for no scope", ("SEC-022", "SEC-023", "SEC-024", "SEC-025", "SEC-026", "SEC-027"), request=letting_in(is_narrow)),
    Broken("answers 401 where scope or patient do not fit", ("SEC-023", "SEC-030"), retelling(with_status(401), 403)),
    Broken("answers 403 where scope lacks without a challenge", ("SEC-024", "SEC-025", "SEC-026"), retelling(unchallenged_403)),
    Broken("calls lack of scope invalid", ("SEC-025",), retelling(challenged('Bearer realm="x", error="invalid_token"'), 403)),
    Broken("names no scope", ("SEC-026",), retelling(challenged(NAMED.rstrip(", ")), 403)),
    Broken("says error twice", ("SEC-028",), retelling(challenged(f'{NAMED}error="invalid_token"'))),
    Broken("quotes inside scope", ("SEC-028",), retelling(challenged(NAMED + r'scope="a \"b\""'))),
    Broken("does not look whose patient", ("SEC-029", "SEC-030"), request=letting_in(lambda asked: "patient" in part_of(asked, 1))),
    Broken("knows scopes of SMART 2 alone", ("SEC-031",), refusing(lambda asked: ".read" in part_of(asked, 1).get("scope", ""), 403)),
    Broken("knows scopes of SMART 1 alone", ("SEC-032",), refusing(lambda asked: ".rs" in part_of(asked, 1).get("scope", ""), 403)),
    Broken("repeats the token", ("SEC-033",), retelling(repeats_token)),
    Broken("repeats the token beside a wrong body", ("SEC-033",), retelling(repeats_token, 400)),
    Broken("repeats the body", ("SEC-034",), retelling(repeats_body, 400)),
    Broken("lets answers be kept", ("SEC-035", "SEC-036"), kept),
    Broken("hides its description", ("SEC-037",), refusing(anonymous_of("/metadata"))),
    Broken("hides its definition", ("SEC-038",), refusing(anonymous_of("/OperationDefinition/code-encounter"))),
)
