"""Apps that are launched by strangers, ask wrongly for a person, or believe whatever comes back."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.conformance.broken.proxy import Asked, Broken, Reply, SpoilReply, SpoilRequest
from tests.conformance.guarded_site import EHR

Parameters = dict[str, str]
AUTHORIZE = "https://auth.example/authorize"
SERIAL = count(1000)
NOT_FOUND = Reply(404, (("Content-Type", "text/plain"),), b"")


def is_launch(asked: Asked) -> bool:
    return asked.path.endswith("/launch")


def is_callback(asked: Asked) -> bool:
    return asked.path.endswith("/callback")


def query_of(asked: Asked) -> Parameters:
    """The parameters of the address, the first of each name."""
    return {name: values[0] for name, values in parse_qs(asked.environ["QUERY_STRING"], keep_blank_values=True).items()}


def requesting(change: Callable[[Asked, Parameters], Parameters], endpoint: str = AUTHORIZE) -> SpoilReply:
    """Other parameters in the authorization request."""

    def spoil(asked: Asked, reply: Reply) -> Reply:
        location = reply.header("Location")
        if not is_launch(asked) or not location:
            return reply
        return reply.with_header("Location", f"{endpoint}?{urlencode(change(asked, dict(parse_qsl(urlsplit(location).query))))}")

    return spoil


def asking_for(**members: str | None) -> SpoilReply:
    """Other values; None leaves one out."""
    return requesting(lambda asked, given: {name: value for name, value in (given | members).items() if value is not None})


def changing(name: str, change: Callable[[str], str]) -> SpoilReply:
    """Another value made of the right one."""
    return requesting(lambda asked, given: given | {name: change(given[name])})


def redirected_as_told(asked: Asked, given: Parameters) -> Parameters:
    return given | {"redirect_uri": query_of(asked).get("redirect_uri", given["redirect_uri"])}


def launching_as_known(iss: Callable[[str], str]) -> SpoilRequest:
    """Takes for the address of the EHR what ``iss`` makes of the one given."""

    def spoil(asked: Asked) -> None:
        if is_launch(asked):
            asked.environ["QUERY_STRING"] = urlencode({"iss": iss(query_of(asked).get("iss", "")), "launch": "x"})

    return spoil


def by_its_beginning(given: str) -> str:
    return EHR if given.startswith(EHR) else given


def asks_whom_it_is_told(asked: Asked) -> None:
    """Discovery before the comparison."""
    parts = urlsplit(query_of(asked).get("iss", ""))
    if is_launch(asked) and parts.hostname:
        with suppress(OSError), socket.create_connection((parts.hostname, parts.port or 443), timeout=1):
            pass


def falls_over(when: Callable[[Asked], object]) -> SpoilReply:
    return lambda asked, reply: replace(reply, status=500) if when(asked) else reply


class Loose:
    """Remembers what was given with each launch, so that it need not be brought back."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}
        self.answers: dict[str, Reply] = {}
        self.last = ""

    def note(self, asked: Asked, reply: Reply) -> Reply:
        """Keep the state and the cookie of an authorization request."""
        state = parse_qs(urlsplit(reply.header("Location")).query).get("state", [""])[0]
        if state:
            self.last, self.cookies[state] = state, reply.header("Set-Cookie").partition(";")[0]
        return reply

    def any_state(self, asked: Asked) -> None:
        """Take whatever comes back as an answer to the last launch."""
        if is_callback(asked):
            asked.environ["QUERY_STRING"] = urlencode(query_of(asked) | {"state": self.last})

    def any_browser(self, asked: Asked) -> None:
        """Take whoever brings a state for whom it was given."""
        cookie = self.cookies.get(query_of(asked).get("state", ""))
        if is_callback(asked) and cookie:
            asked.environ["HTTP_COOKIE"] = cookie

    def note_and_repeat(self, asked: Asked, reply: Reply) -> Reply:
        """Answer a state that came back before as it was answered then."""
        state = query_of(asked).get("state", "")
        return self.answers.setdefault(state, reply) if is_callback(asked) and state in self.cookies else self.note(asked, reply)


LOOSE = Loose()


def unescaped(asked: Asked, reply: Reply) -> Reply:
    return replace(reply, body=reply.body.replace(b"&lt;", b"<").replace(b"&gt;", b">")) if is_callback(asked) else reply


def leads_on(names: Iterable[str]) -> SpoilReply:
    """An open redirector."""

    def spoil(asked: Asked, reply: Reply) -> Reply:
        given = query_of(asked)
        place = next((given[name] for name in names if name in given), "")
        return Reply(302, (("Location", place),), b"") if is_callback(asked) and place else reply

    return spoil


def without_cookie_words(*words: str) -> SpoilReply:
    def spoil(asked: Asked, reply: Reply) -> Reply:
        line = "; ".join(one for one in reply.header("Set-Cookie").split("; ") if one not in words)
        return reply.with_header("Set-Cookie", line) if line else reply

    return spoil


def with_header(name: str, value: str) -> SpoilReply:
    return lambda asked, reply: reply.with_header(name, value)


LAUNCH = (
    Broken("knows no launch", ("LAU-001",), lambda asked, reply: NOT_FOUND if is_launch(asked) else reply),
    Broken("sends people to a place without TLS", ("LAU-001",), requesting(lambda asked, given: given, "http://auth.example/authorize")),
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
    Broken("is launched by anybody", ("LAU-015", "LAU-017", "LAU-018"), request=launching_as_known(lambda given: EHR)),
    Broken("asks a stranger's server", ("LAU-016",), request=asks_whom_it_is_told),
    Broken("compares the beginning of iss", ("LAU-017",), request=launching_as_known(by_its_beginning)),
    Broken("takes the first of two iss", ("LAU-018",), request=launching_as_known(lambda given: given)),
    Broken("falls over a launch without iss", ("LAU-019",), falls_over(lambda asked: is_launch(asked) and "iss" not in query_of(asked))),
    Broken("does not look at state", ("LAU-020", "LAU-021"), LOOSE.note, LOOSE.any_state),
    Broken("believes a state in any browser", ("LAU-022",), LOOSE.note, LOOSE.any_browser),
    Broken("takes a state again", ("LAU-023",), LOOSE.note_and_repeat),
    Broken("falls over a refusal", ("LAU-024",), falls_over(lambda asked: is_callback(asked) and "error" in query_of(asked))),
    Broken("runs what comes back", ("LAU-025",), unescaped),
    Broken("leads where it is told to", ("LAU-026",), leads_on(("return_to", "next", "url"))),
    Broken("has cookies without Secure", ("LAU-027", "LAU-029"), without_cookie_words("Secure")),
    Broken("has cookies that scripts read", ("LAU-028",), without_cookie_words("HttpOnly")),
    Broken("has cookies that do not say with what they go", ("LAU-029",), without_cookie_words("SameSite=None")),
    Broken("is framed by everyone", ("LAU-030",), with_header("Content-Security-Policy", "frame-ancestors *")),
    Broken("does not say who may frame it", ("LAU-030",), with_header("Content-Security-Policy", "default-src 'self'")),
    Broken("lets its pages be kept", ("LAU-031",), with_header("Cache-Control", "max-age=600")),
    Broken("tells its address", ("LAU-032",), with_header("Referrer-Policy", "unsafe-url")),
)
