"""Apps that are launched by strangers, ask wrongly for a person, or believe whatever comes back."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from werkzeug.wrappers import Request, Response

from tests.conformance.security.broken import Broken
from tests.conformance.security.broken.wrapping import Ask, Wrapper, answering, asking, between, plain, with_headers, with_query
from tests.conformance.security.guarded_site import EHR

Parameters = dict[str, str]
AUTHORIZE = "https://auth.example/authorize"
SERIAL = count(1000)
MALFORMED = "https://stranger.example/callback"


def is_launch(request: Request) -> bool:
    return request.path.endswith("/launch")


def is_callback(request: Request) -> bool:
    return request.path.endswith("/callback")


def requesting(change: Callable[[Request, Parameters], Parameters | None], endpoint: str = AUTHORIZE) -> Wrapper:
    """Other parameters in the authorization request: changed in place, or those that ``change`` gives."""

    def changed(request: Request, given: Response) -> None:
        location = given.headers.get("Location", "")
        if is_launch(request) and location:
            parameters = dict(parse_qsl(urlsplit(location).query))
            given.headers["Location"] = f"{endpoint}?{urlencode(change(request, parameters) or parameters)}"

    return answering(changed)


def asking_for(**members: str | None) -> Wrapper:
    """Other values; None leaves one out."""
    return requesting(lambda request, given: {name: value for name, value in (given | members).items() if value is not None})


def changing(name: str, change: Callable[[str], str]) -> Wrapper:
    """Another value made of the right one."""
    return requesting(lambda request, given: given.update({name: change(given[name])}))


def launching_as_known(iss: Callable[[Request], str]) -> Wrapper:
    """Takes for the known EHR whatever ``iss`` makes its address of."""

    def changed(request: Request) -> Request:
        return with_query(request, urlencode({"iss": iss(request), "launch": "x"})) if is_launch(request) else request

    return asking(changed)


def by_its_beginning(request: Request) -> str:
    given = request.args.get("iss", "")
    return EHR if given.startswith(EHR) else given


def asks_whom_it_is_told(request: Request, ask: Ask) -> Response:
    """Discovery before the comparison."""
    parts = urlsplit(request.args.get("iss", ""))
    if is_launch(request) and parts.hostname:
        with suppress(OSError), socket.create_connection((parts.hostname, parts.port or 443), timeout=1):
            pass
    return ask(request)


def falls_over(when: Callable[[Request], object]) -> Wrapper:
    return between(lambda request, ask: plain(500, "oops", "text/plain") if when(request) else ask(request))


class Remembering:
    """What was given with each launch, so that it need not be brought back."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.last = ""

    def note(self, given: Response) -> Response:
        """Keep the state and the cookie of an authorization request."""
        state = parse_qs(urlsplit(given.headers.get("Location", "")).query).get("state")
        if state:
            self.last = state[0]
            self.cookies[state[0]] = given.headers.get("Set-Cookie", "").partition(";")[0]
        return given


def not_looking_at_state() -> Wrapper:
    kept = Remembering()

    def answer(request: Request, ask: Ask) -> Response:
        if is_callback(request):
            return ask(with_query(request, urlencode({**request.args.to_dict(), "state": kept.last})))
        return kept.note(ask(request))

    return between(answer)


def believing_any_browser() -> Wrapper:
    kept = Remembering()

    def answer(request: Request, ask: Ask) -> Response:
        cookie = kept.cookies.get(request.args.get("state", ""))
        return ask(with_headers(request, cookie=cookie)) if is_callback(request) and cookie else kept.note(ask(request))

    return between(answer)


def taking_a_state_again() -> Wrapper:
    kept = Remembering()

    def answer(request: Request, ask: Ask) -> Response:
        state = request.args.get("state", "")
        if not is_callback(request) or state not in kept.cookies:
            return kept.note(ask(request))
        if state not in kept.answers:
            first = ask(request)
            kept.answers[state] = (first.status_code, first.get_data())
        status, body = kept.answers[state]
        return Response(body, status, content_type="text/html")

    return between(answer)


def unescaped(request: Request, given: Response) -> None:
    if is_callback(request):
        given.set_data(given.get_data().replace(b"&lt;", b"<").replace(b"&gt;", b">"))


def leads_on(names: Iterable[str]) -> Wrapper:
    """An open redirector."""

    def answer(request: Request, ask: Ask) -> Response:
        place = next((request.args[name] for name in names if name in request.args), "")
        return plain(302, "", "text/plain", Location=place) if is_callback(request) and place else ask(request)

    return between(answer)


def without_cookie_words(*words: str) -> Wrapper:
    def changed(request: Request, given: Response) -> None:
        lines = given.headers.getlist("Set-Cookie")
        given.headers.setlist("Set-Cookie", ["; ".join(one for one in line.split("; ") if one not in words) for line in lines])

    return answering(changed)


def with_header(name: str, value: str) -> Wrapper:
    return answering(lambda request, given: given.headers.set(name, value))


def redirected_as_told(request: Request, given: Parameters) -> None:
    given["redirect_uri"] = request.args.get("redirect_uri", given["redirect_uri"])


BROKEN = (
    Broken("knows no launch", ("LAU-001",), between(lambda request, ask: plain(404) if is_launch(request) else ask(request))),
    Broken("sends people to a place without TLS", ("LAU-001",), requesting(lambda request, given: None, "http://auth.example/authorize")),
    Broken("asks for a token in the address", ("LAU-002",), asking_for(response_type="token")),
    Broken("does not say who asks", ("LAU-003",), asking_for(client_id=None)),
    Broken("comes back without TLS", ("LAU-004",), asking_for(redirect_uri="http://coder.example/callback")),
    Broken("comes back to another place each time", ("LAU-005",), changing("redirect_uri", lambda uri: f"{uri}/{next(SERIAL)}")),
    Broken("does not ask for the context", ("LAU-006",), asking_for(scope="openid launch/patient")),
    Broken("spoils the launch", ("LAU-007",), changing("launch", lambda launch: launch.replace("+", " "))),
    Broken("adds a slash to aud", ("LAU-008",), changing("aud", lambda aud: f"{aud}/")),
    Broken("has one state for all", ("LAU-009", "LAU-010"), asking_for(state="e7c1d1a29f8b4d6c8a40b3f5d0c2e917")),
    Broken("counts its states", ("LAU-010",), changing("state", lambda state: f"e7c1d1a29f8b4d6c8a40b3f5d0c2{next(SERIAL)}")),
    Broken("has short states", ("LAU-010",), changing("state", lambda state: state[:20])),
    Broken("uses plain PKCE", ("LAU-011",), asking_for(code_challenge_method="plain")),
    Broken("uses no PKCE", ("LAU-011", "LAU-012", "LAU-013"), asking_for(code_challenge_method=None, code_challenge=None)),
    Broken("pads its challenge", ("LAU-012",), changing("code_challenge", lambda challenge: f"{challenge}=")),
    Broken("has one challenge for all", ("LAU-013",), asking_for(code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")),
    Broken("lets the launch say where to come back", ("LAU-014",), requesting(redirected_as_told)),
    Broken("is launched by anybody", ("LAU-015", "LAU-017", "LAU-018"), launching_as_known(lambda request: EHR)),
    Broken("asks a stranger's server", ("LAU-016",), between(asks_whom_it_is_told)),
    Broken("compares the beginning of iss", ("LAU-017",), launching_as_known(by_its_beginning)),
    Broken("takes the first of two iss", ("LAU-018",), launching_as_known(lambda request: request.args.get("iss", ""))),
    Broken("falls over a launch without iss", ("LAU-019",), falls_over(lambda request: is_launch(request) and "iss" not in request.args)),
    Broken("does not look at state", ("LAU-020", "LAU-021"), not_looking_at_state()),
    Broken("believes a state in any browser", ("LAU-022",), believing_any_browser()),
    Broken("takes a state again", ("LAU-023",), taking_a_state_again()),
    Broken("falls over a refusal", ("LAU-024",), falls_over(lambda request: is_callback(request) and "error" in request.args)),
    Broken("runs what comes back", ("LAU-025",), answering(unescaped)),
    Broken("leads where it is told to", ("LAU-026",), leads_on(("return_to", "next", "url"))),
    Broken("has cookies without Secure", ("LAU-027", "LAU-029"), without_cookie_words("Secure")),
    Broken("has cookies that scripts read", ("LAU-028",), without_cookie_words("HttpOnly")),
    Broken("has cookies that do not say with what they go", ("LAU-029",), without_cookie_words("SameSite=None")),
    Broken("is framed by everyone", ("LAU-030",), with_header("Content-Security-Policy", "frame-ancestors *")),
    Broken("does not say who may frame it", ("LAU-030",), with_header("Content-Security-Policy", "default-src 'self'")),
    Broken("lets its pages be kept", ("LAU-031",), with_header("Cache-Control", "max-age=600")),
    Broken("tells its address", ("LAU-032",), with_header("Referrer-Policy", "unsafe-url")),
)
