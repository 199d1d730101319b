"""The redirect URI of the app: what comes back from the authorization server is believed only where the app asked for it, in that browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from conformance.check import check
from conformance.exchange import Answer
from conformance.intruding import MARK
from conformance.launching import AuthorizationRequest, Browser, begin, callback
from conformance.target import Target
from conformance.verdict import Omitted, Skipped, expect

DENIED = {"error": "access_denied", "error_description": f"{MARK} said no"}
ANSWERS: dict[str, dict[str, str]] = {"an error": DENIED, "a code": {"code": "conformance"}}
SCRIPT = f"<script>{MARK}()</script>"
ELSEWHERE = "https://stranger.example/"
_SAFE_REFERRERS = frozenset(
    {"no-referrer", "same-origin", "origin", "strict-origin", "origin-when-cross-origin", "strict-origin-when-cross-origin"}
)


@check
def without_state_is_refused(target: Target) -> None:
    """An answer without state is refused, code or error."""
    for what, given in ANSWERS.items():
        browser, request = _begun(target)
        _expect_not_believed(callback(request, browser, **given), f"{what} without state")


@check
def wrong_state_is_refused(target: Target) -> None:
    """An answer with another state than the app gave is refused."""
    for change in (lambda state: state[:-1], lambda state: f"{state}x", str.swapcase, lambda state: "conformance"):
        for what, given in ANSWERS.items():
            browser, request = _begun(target)
            _expect_not_believed(callback(request, browser, state=change(request["state"]), **given), f"{what} with another state")


@check
def state_is_of_one_browser(target: Target) -> None:
    """A right state is not believed in another browser, one that began nothing or one that began another launch."""
    browser, request = _begun(target)
    right, wrong = (
        _sign(callback(request, browser, state=request["state"], **DENIED)),
        _sign(callback(request, browser, state="x", **DENIED)),
    )
    if right == wrong:
        raise Skipped("the app tells an answer that is its own like one that is not, so that they cannot be told apart")
    for other in (Browser(target), _begun(target)[0]):
        _, another = _begun(target)
        found = _sign(callback(another, other, state=another["state"], **DENIED))
        expect(
            found == wrong,
            f"the state of another browser to be told like a wrong one (HTTP {wrong[0]})",
            f"HTTP {found[0]}, as if it were its own",
        )


@check
def state_serves_once(target: Target) -> None:
    """A state that came back is used up."""
    browser, request = _begun(target)
    first = _sign(callback(request, browser, state=request["state"], **DENIED))
    second = callback(request, browser, state=request["state"], **DENIED)
    if first == _sign(callback(request, browser, state="x", **DENIED)):
        raise Skipped("the app tells an answer that is its own like one that is not, so that they cannot be told apart")
    _expect_not_believed(second, "a state that was used")


@check
def refusal_is_told(target: Target) -> None:
    """When the authorization server says no, the person is told, and nothing falls over."""
    browser, request = _begun(target)
    answer = callback(request, browser, state=request["state"], **DENIED)
    expect(400 <= answer.status < 500, "HTTP 4xx with a page for error=access_denied", f"HTTP {answer.status}")
    expect(answer.media_type == "text/html", "a page that a person can read", answer.media_type)


@check
def description_is_not_run(target: Target) -> None:
    """What comes with an error is shown as text, never as markup."""
    browser, request = _begun(target)
    for given in (
        {"error": "access_denied", "error_description": SCRIPT},
        {"error": SCRIPT, "error_description": SCRIPT, "error_uri": SCRIPT},
    ):
        answer = callback(request, browser, state=request["state"], **given)
        expect(SCRIPT.encode() not in answer.body, "the description escaped", f"HTTP {answer.status} with the markup as it came")
        browser, request = _begun(target)


@check
def leads_nowhere_else(target: Target) -> None:
    """Nothing that comes back sends the browser to another site."""
    for name in ("return_to", "next", "redirect", "redirect_uri", "url", "error_uri", "iss", "RelayState"):
        browser, request = _begun(target)
        for state in ("conformance", request["state"]):
            answer = callback(request, browser, state=state, **DENIED, **{name: ELSEWHERE})
            _expect_at_home(answer, request, f"an answer with {name}={ELSEWHERE}")


@check
def cookies_are_secure(target: Target) -> None:
    """Cookies of a launch are Secure."""
    for name, attributes in _cookies(target):
        expect("secure" in attributes, f"Secure of the cookie {name}", sorted(attributes))


@check
def cookies_are_http_only(target: Target) -> None:
    """No script reads the cookies of a launch: they are HttpOnly."""
    for name, attributes in _cookies(target):
        expect("httponly" in attributes, f"HttpOnly of the cookie {name}", sorted(attributes))


@check
def cookies_say_same_site(target: Target) -> None:
    """Cookies of a launch say with which requests of other sites they go; with all of them (None) only where they are Secure."""
    for name, attributes in _cookies(target):
        found = attributes.get("samesite", "").lower()
        expect(found in {"lax", "strict", "none"}, f"SameSite of the cookie {name}", sorted(attributes))
        expect(found != "none" or "secure" in attributes, f"Secure with SameSite=None of the cookie {name}", sorted(attributes))


@check
def pages_say_who_may_frame_them(target: Target) -> None:
    """Pages say who may show them in a frame, and it is not everyone."""
    for answer in _pages(target):
        found = _directive(answer, "frame-ancestors")
        expect(
            found is not None, "frame-ancestors in Content-Security-Policy", answer.headers.get("content-security-policy", "no such header")
        )
        expect(not {"*", "http:", "https:"} & set(found or ()), "frame-ancestors that names whom", " ".join(found or ()))


@check
def pages_are_not_kept(target: Target) -> None:
    """Neither the redirect nor the page of an answer is kept by anybody in between."""
    browser, request = _begun(target)
    for answer in (request.answer, callback(request, browser, state=request["state"], **DENIED)):
        expect(
            "no-store" in answer.headers.get("cache-control", ""),
            "Cache-Control: no-store",
            answer.headers.get("cache-control", "no such header"),
        )


@check
def address_is_not_told(target: Target) -> None:
    """The page of an answer does not tell its address, in which codes stand, to other sites."""
    browser, request = _begun(target)
    answer = callback(request, browser, state=request["state"], **DENIED)
    found = answer.headers.get("referrer-policy", "").lower()
    expect(found in _SAFE_REFERRERS, "Referrer-Policy: no-referrer, or one that leaves the query out", found or "no such header")


def _begun(target: Target) -> tuple[Browser, AuthorizationRequest]:
    browser = Browser(target)
    return browser, begin(target, browser)


def _sign(answer: Answer) -> tuple[int, bool]:
    """What tells answers apart: the status, and whether the description is shown."""
    return answer.status, MARK.encode() in answer.body


def _expect_not_believed(answer: Answer, what: str) -> None:
    expect(400 <= answer.status < 500, f"{what} to be refused on a page", f"HTTP {answer.status} {answer.headers.get('location', '')}")
    expect(
        MARK.encode() not in answer.body,
        f"nothing of {what} to be told as the authorization server's word",
        f"HTTP {answer.status} that tells it",
    )


def _expect_at_home(answer: Answer, request: AuthorizationRequest, what: str) -> None:
    host = urlsplit(answer.headers.get("location", "")).netloc
    allowed = {"", urlsplit(request["redirect_uri"]).netloc, urlsplit(request.endpoint).netloc}
    expect(host in allowed and answer.status < 500, f"{what} to lead nowhere else", f"HTTP {answer.status} to {host}")


def _cookies(target: Target) -> list[tuple[str, dict[str, str]]]:
    lines = begin(target).answer.cookies
    if not lines:
        raise Omitted("a launch sets no cookie")
    return [(line.partition("=")[0], _attributes(line)) for line in lines]


def _attributes(line: str) -> dict[str, str]:
    parts = (one.strip().partition("=") for one in line.split(";")[1:])
    return {name.lower(): value for name, _, value in parts}


def _pages(target: Target) -> list[Answer]:
    browser, request = _begun(target)
    return [callback(request, browser, state="x", **DENIED), callback(request, browser, state=request["state"], **DENIED)]


def _directive(answer: Answer, name: str) -> list[str] | None:
    """The values of a directive of the Content-Security-Policy, or None."""
    for one in answer.headers.get("content-security-policy", "").split(";"):
        words = one.split()
        if words and words[0].lower() == name:
            return words[1:]
    return None
