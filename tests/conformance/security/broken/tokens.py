"""Doors that open to the wrong people, or tell them wrongly."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Request, Response

from tests.conformance.security.broken import Broken
from tests.conformance.security.broken.wrapping import Ask, Wrapper, answering, asking, between, plain, with_headers, with_json, with_query
from tests.smart.issuer import AUDIENCE, token

OPERATION = "code-encounter"
REFUSED = {401, 403}
Claims = Mapping[str, Any]


def given(request: Request) -> str:
    """The Authorization header as it came."""
    return request.headers.get("Authorization", "")


def part_of(request: Request, place: int) -> Claims:
    """Header (0) or claims (1) of the token, unproved; empty for what is no JWT."""
    parts = given(request).partition(" ")[2].split(".")
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[place] + "=" * (-len(parts[place]) % 4)))
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def with_good_token(request: Request) -> Request:
    return with_headers(request, authorization=f"Bearer {token()}")


def letting_in(who: Callable[[Request], object]) -> Wrapper:
    """Requests of whom ``who`` says yes are made with a good token."""
    return asking(lambda request: with_good_token(request) if who(request) else request)


def refusing(who: Callable[[Request], object], status: int = 401) -> Wrapper:
    """Requests of whom ``who`` says yes are refused, on whatever way."""
    challenge = 'Bearer realm="broken", error="invalid_token"'
    return between(lambda request, ask: plain(status, "no", "text/plain", WWW_Authenticate=challenge) if who(request) else ask(request))


def retelling(change: Callable[[Request, Response], Any], *statuses: int) -> Wrapper:
    """Refusals with one of the statuses are changed in place."""

    def changed(request: Request, response: Response) -> None:
        if response.status_code in (statuses or REFUSED):
            change(request, response)

    return answering(changed)


def challenged(value: str) -> Callable[[Request, Response], None]:
    return lambda request, response: response.headers.set("WWW-Authenticate", value)


def with_status(status: int) -> Callable[[Request, Response], None]:
    def change(request: Request, response: Response) -> None:
        response.status_code = status

    return change


def is_unchallenged_403(request: Request, response: Response) -> None:
    response.status_code = 403
    response.headers.remove("WWW-Authenticate")


def is_processing(request: Request, response: Response) -> None:
    with_json(response, lambda outcome: outcome["issue"][0].update(code="processing"))


def repeats_token(request: Request, response: Response) -> None:
    with_json(response, lambda outcome: outcome["issue"][0].update(diagnostics=given(request)))


def repeating_body(request: Request, ask: Ask) -> Response:
    body, response = request.get_data().decode(), ask(with_headers(request))
    if response.status_code == 400:
        with_json(response, lambda outcome: outcome["issue"][0].update(diagnostics=body))
    return response


def has_expired(request: Request) -> bool:
    return float(part_of(request, 1).get("exp", time.time())) < time.time()


def is_narrow(request: Request) -> bool:
    claims = part_of(request, 1)
    return claims.get("scope") == "system/Patient.rs"


def fits(request: Request) -> bool:
    """Claims that would do, whoever wrote them."""
    return part_of(request, 1).get("aud") == AUDIENCE and not has_expired(request)


def token_of_the_address(request: Request) -> Request:
    found = parse_qs(request.query_string.decode()).get("access_token")
    return with_headers(with_query(request, ""), authorization=f"Bearer {found[0]}") if found else request


def first_of_two(request: Request) -> Request:
    words = given(request).replace(",", " ").split()
    return with_headers(with_query(request, ""), authorization=" ".join(words[:2])) if words else request


def under_bearer(request: Request) -> Request:
    found = given(request).removeprefix("Bearer").removeprefix(" token=").split(" ")[-1]
    return with_headers(request, authorization=f"Bearer {found}") if found else request


def body_first(request: Request, ask: Ask) -> Response:
    if OPERATION in request.path and not request.get_data().startswith(b'{"resourceType": "Parameters"'):
        return plain(400, "not what was asked", "text/plain")
    return ask(with_headers(request))


def kept(request: Request, response: Response) -> None:
    response.headers["Cache-Control"] = "public, max-age=600"


def of_the_operation(request: Request) -> bool:
    return OPERATION in request.path and request.method == "POST"


def anonymous_of(end: str) -> Callable[[Request], bool]:
    return lambda request: request.path.endswith(end) and not given(request)


NAMED = 'Bearer realm="x", error="insufficient_scope", '
FALSE = ("SEC-006", "SEC-007", "SEC-008", "SEC-009", "SEC-010", "SEC-011", "SEC-012", "SEC-013")
BROKEN = (
    Broken("opens to nobody", ("SEC-001", "SEC-017", "SEC-031", "SEC-032"), refusing(of_the_operation)),
    Broken(
        "opens to everybody without a token",
        ("SEC-002", "SEC-003", "SEC-004", "SEC-005", "SEC-018", "SEC-019"),
        letting_in(lambda request: not given(request)),
    ),
    Broken("answers 403 without a challenge", ("SEC-002", "SEC-004", "SEC-019"), retelling(is_unchallenged_403, 401)),
    Broken("challenges by Basic", ("SEC-004", "SEC-005", "SEC-007"), retelling(challenged('Basic realm="x"'))),
    Broken("challenges by Bearer alone", ("SEC-004", "SEC-007"), retelling(challenged("Bearer"))),
    Broken(
        "tells strangers that their token is invalid", ("SEC-005",), retelling(challenged('Bearer realm="x", error="invalid_token"'), 401)
    ),
    Broken(
        "opens on an instance without a token", ("SEC-003",), letting_in(lambda request: not given(request) and "visit" in request.path)
    ),
    Broken("takes every token", (*FALSE, "SEC-020", "SEC-021", "SEC-022", "SEC-029"), letting_in(given)),
    Broken(
        "answers 403 to tokens that prove nothing",
        ("SEC-007", "SEC-011", "SEC-013", "SEC-020", "SEC-021"),
        retelling(with_status(403), 401),
    ),
    Broken("does not look at signatures", ("SEC-008",), letting_in(fits)),
    Broken("takes unsigned tokens", ("SEC-008", "SEC-009"), letting_in(lambda request: part_of(request, 0).get("alg") == "none")),
    Broken("takes expired tokens", ("SEC-010", "SEC-011", "SEC-021"), letting_in(has_expired)),
    Broken("takes tokens of others", ("SEC-012", "SEC-013"), letting_in(lambda request: "elsewhere" in part_of(request, 1).get("aud", ""))),
    Broken("takes the first of two tokens", ("SEC-014",), asking(first_of_two)),
    Broken("takes tokens from the address", ("SEC-015",), asking(token_of_the_address)),
    Broken("takes tokens under any scheme", ("SEC-016",), asking(under_bearer)),
    Broken(
        "wants Bearer with a capital", ("SEC-017",), refusing(lambda request: given(request) and not given(request).startswith("Bearer "))
    ),
    Broken("looks at the body first", ("SEC-018",), between(body_first)),
    Broken("calls refusals processing", ("SEC-019", "SEC-020", "SEC-021", "SEC-027", "SEC-030"), retelling(is_processing)),
    Broken("asks for no scope", ("SEC-022", "SEC-023", "SEC-024", "SEC-025", "SEC-026", "SEC-027"), letting_in(is_narrow)),
    Broken("answers 401 where scope or patient do not fit", ("SEC-023", "SEC-030"), retelling(with_status(401), 403)),
    Broken("answers 403 where scope lacks without a challenge", ("SEC-024", "SEC-025", "SEC-026"), retelling(is_unchallenged_403)),
    Broken("calls lack of scope invalid", ("SEC-025",), retelling(challenged('Bearer realm="x", error="invalid_token"'), 403)),
    Broken("names no scope", ("SEC-026",), retelling(challenged(NAMED.rstrip(", ")), 403)),
    Broken("says error twice", ("SEC-028",), retelling(challenged(f'{NAMED}error="invalid_token"'))),
    Broken("quotes inside scope", ("SEC-028",), retelling(challenged(NAMED + r'scope="a \"b\""'))),
    Broken("does not look whose patient", ("SEC-029", "SEC-030"), letting_in(lambda request: "patient" in part_of(request, 1))),
    Broken("knows scopes of SMART 2 alone", ("SEC-031",), refusing(lambda request: ".read" in part_of(request, 1).get("scope", ""), 403)),
    Broken("knows scopes of SMART 1 alone", ("SEC-032",), refusing(lambda request: ".rs" in part_of(request, 1).get("scope", ""), 403)),
    Broken("repeats the token", ("SEC-033",), retelling(repeats_token)),
    Broken("repeats the token beside a wrong body", ("SEC-033",), retelling(repeats_token, 400)),
    Broken("repeats the body", ("SEC-034",), between(repeating_body)),
    Broken("lets answers be kept", ("SEC-035", "SEC-036"), answering(kept)),
    Broken("hides its description", ("SEC-037",), refusing(anonymous_of("/metadata"))),
    Broken("hides its definition", ("SEC-038",), refusing(anonymous_of(f"/OperationDefinition/{OPERATION}"))),
)
