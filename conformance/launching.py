"""A launch as the EHR and a browser make it: the launch URL is opened, and what the app wants of the authorization server is read. Nobody signs in."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

from conformance.exchange import Answer
from conformance.target import Target
from conformance.verdict import Skipped, Unsatisfied, expect

LAUNCH = "conformance-Launch_1.2~3+4/5=6&7%8"
"""An opaque launch value, with what is often spoilt on the way."""
_ALPHABETS = (string.digits, string.digits + "abcdef", string.digits + "ABCDEF", string.digits + string.ascii_lowercase)
_BASE64_LETTERS = 64
_WAYS_BACK = {301, 302, 303, 307, 308}


@dataclass
class Browser:
    """Somebody's browser: it keeps the cookies that it is given, Secure ones over plain HTTP too, as browsers do on their own machine."""

    target: Target
    cookies: dict[str, str] = field(default_factory=dict)

    def open(self, url: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """Go to an address, as a person does: no redirect is followed."""
        told = {"Accept": "text/html", "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()) or None}
        answer = self.target.get(url, query=list(query), headers=told, is_known=False)
        for line in answer.cookies:
            name, _, value = line.partition(";")[0].strip().partition("=")
            self.cookies[name] = value
        return answer


@dataclass(frozen=True)
class AuthorizationRequest:
    """Where the browser is sent, and with what; ``answer`` sends it."""

    endpoint: str
    parameters: dict[str, list[str]]
    answer: Answer

    def __getitem__(self, name: str) -> str:
        """A parameter that is there once. Unsatisfied otherwise."""
        values = self.parameters.get(name, [])
        if len(values) != 1 or not values[0]:
            raise Unsatisfied(f"{name} once in the authorization request", f"{len(values)} of it" if values != [""] else "an empty one")
        return values[0]


def launch_url(target: Target) -> str:
    """Skipped where none was given."""
    if not target.launch:
        raise Skipped("give --launch: where an EHR launches the app")
    return target.launch


def known_iss(target: Target) -> str:
    """Skipped where none was given."""
    if not target.launch_iss:
        raise Skipped("give --launch-iss: the FHIR base of an EHR that is configured at the app")
    return target.launch_iss


def open_launch(target: Target, iss: str, *more: tuple[str, str], launch: str = LAUNCH) -> Answer:
    """The launch URL with an iss, in a new browser."""
    return Browser(target).open(launch_url(target), [("iss", iss), ("launch", launch), *more])


def begin(target: Target, browser: Browser | None = None, *more: tuple[str, str]) -> AuthorizationRequest:
    """A launch by the EHR that is configured. Unsatisfied where it leads to no authorization request."""
    url, iss = launch_url(target), known_iss(target)
    answer = (browser or Browser(target)).open(url, [("iss", iss), ("launch", LAUNCH), *more])
    return request_in(answer, url)


def request_in(answer: Answer, url: str) -> AuthorizationRequest:
    """What an answer of ``url`` asks the browser to send: by a redirect, or by a form that it posts."""
    if answer.status in _WAYS_BACK:
        location = urljoin(url, answer.headers.get("location", ""))
        return AuthorizationRequest(location.partition("?")[0], parse_qs(urlsplit(location).query, keep_blank_values=True), answer)
    form = _Form()
    form.feed(answer.body.decode("utf-8", "replace"))
    expect(answer.status == 200 and form.action and form.method == "post", "a redirect or a form to the authorization endpoint", answer)
    return AuthorizationRequest(urljoin(url, form.action), form.fields, answer)


def callback(request: AuthorizationRequest, browser: Browser, **query: str) -> Answer:
    """The browser comes back to the app with these parameters."""
    return browser.open(request["redirect_uri"], list(query.items()))


def bits_of(values: Sequence[str]) -> float:
    """Entropy that several values can have at most: the places that change, by the letters in use. Dashes and what stays the same count nothing."""
    shortest = min(map(len, values))
    changing = [at for at in range(shortest) if len({one[at] for one in values}) > 1]
    letters = {one[at] for one in values for at in changing}
    size = next((len(alphabet) for alphabet in _ALPHABETS if letters <= set(alphabet)), _BASE64_LETTERS)
    return len(changing) * math.log2(size)


class _Form(HTMLParser):
    """The first form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.action, self.method = "", ""
        self.fields: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Of the form, and of its fields."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action, self.method = given.get("action", ""), given.get("method", "get").lower()
        elif tag == "input" and given.get("name"):
            self.fields.setdefault(given["name"], []).append(given.get("value", ""))
