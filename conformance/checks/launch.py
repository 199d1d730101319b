"""The launch URL of the app: whom it believes, and how it asks the authorization server for a person."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from conformance.check import check
from conformance.exchange import Answer
from conformance.launching import LAUNCH, AuthorizationRequest, begin, bits_of, known_iss, launch_url, open_launch
from conformance.listening import listening_towards
from conformance.smart_configuration import is_absolute, is_protected
from conformance.target import Target
from conformance.verdict import Skipped, expect

STRANGER = "https://stranger.example/fhir"
LEAST_STATE_BITS = 122
SAMPLES = 8
_CHALLENGE = re.compile(r"[A-Za-z0-9_\-]{43}")
DETOURS = ("redirect_uri", "redirect", "return_to", "returnTo", "next", "url", "target_link_uri", "RelayState")
"""Parameters by which other programs are told where to send people."""


@check
def leads_to_the_authorization_server(target: Target) -> None:
    """A launch by a known EHR sends the browser to an authorization endpoint over TLS."""
    request = begin(target)
    expect(
        is_absolute(request.endpoint) and is_protected(request.endpoint),
        "an absolute https address of the authorization endpoint",
        request.endpoint,
    )


@check
def response_type(target: Target) -> None:
    """The authorization request asks for a code."""
    _expect(begin(target), "response_type", "code")


@check
def client_id(target: Target) -> None:
    """The authorization request says who asks."""
    expect(begin(target)["client_id"], "client_id", "none")


@check
def redirect_uri(target: Target) -> None:
    """The authorization request names a full address to come back to, over TLS, without fragment."""
    found = begin(target)["redirect_uri"]
    expect(is_absolute(found) and is_protected(found) and "#" not in found, "an absolute https redirect_uri without fragment", found)


@check
def redirect_uri_is_fixed(target: Target) -> None:
    """The address to come back to is the same in every launch."""
    found = {begin(target)["redirect_uri"] for _ in range(2)}
    expect(len(found) == 1, "one redirect_uri in every launch", sorted(found))


@check
def scope_has_launch(target: Target) -> None:
    """The authorization request asks for the context of the launch."""
    found = begin(target)["scope"].split(" ")
    expect("launch" in found, "launch among the scopes", " ".join(found))


@check
def launch_is_echoed(target: Target) -> None:
    """The authorization request gives back what the EHR gave as launch, letter for letter."""
    _expect(begin(target), "launch", LAUNCH)


@check
def aud_is_the_iss(target: Target) -> None:
    """aud is the iss of the launch, byte for byte."""
    _expect(begin(target), "aud", known_iss(target))


@check
def state_differs(target: Target) -> None:
    """Each launch has a state of its own."""
    found = [begin(target)["state"] for _ in range(SAMPLES)]
    expect(len(set(found)) == SAMPLES, f"{SAMPLES} states of {SAMPLES} launches", f"{len(set(found))}")


@check
def state_cannot_be_guessed(target: Target) -> None:
    """A state has 122 bits at least that nobody can guess."""
    bits = bits_of([begin(target)["state"] for _ in range(SAMPLES)])
    expect(bits >= LEAST_STATE_BITS, f"{LEAST_STATE_BITS} bits of the state that change from launch to launch", f"{bits:.0f}")


@check
def challenge_method(target: Target) -> None:
    """The authorization request uses PKCE by S256."""
    _expect(begin(target), "code_challenge_method", "S256")


@check
def challenge(target: Target) -> None:
    """The PKCE challenge is a SHA-256 in base64url without padding: 43 characters."""
    found = begin(target)["code_challenge"]
    expect(_CHALLENGE.fullmatch(found), "43 characters of base64url as code_challenge", f"{len(found)} characters: {found[:60]}")


@check
def challenge_differs(target: Target) -> None:
    """Each launch has a PKCE challenge of its own."""
    found = {begin(target)["code_challenge"] for _ in range(3)}
    expect(len(found) == 3, "3 challenges of 3 launches", len(found))


@check
def nothing_else_decides_the_way(target: Target) -> None:
    """No other parameter of the launch changes where the browser goes, or comes back to."""
    plain = begin(target)
    for name in DETOURS:
        other = begin(target, None, (name, "https://stranger.example/callback"))
        told = f"a launch with {name} to lead where it leads without"
        expect(
            (other.endpoint, other["redirect_uri"]) == (plain.endpoint, plain["redirect_uri"]),
            told,
            f"{other.endpoint}, {other['redirect_uri']}",
        )


@check
def unknown_ehr_is_refused(target: Target) -> None:
    """A launch by an EHR that is not configured is refused on a page, and nobody is sent on."""
    launch_url(target)
    for iss in (STRANGER, "http://169.254.169.254/latest/meta-data", "https://stranger.example/fhir#", "file:///etc/passwd", "stranger"):
        _expect_refused(open_launch(target, iss), f"iss {iss}")


@check
def nobody_is_asked_for_an_unknown_ehr(target: Target) -> None:
    """No request is sent to the address that an unknown iss names."""
    try:
        with listening_towards(launch_url(target)) as ear:
            for iss in (f"http://{ear.place}/fhir", f"https://{ear.place}/fhir"):
                open_launch(target, iss)
            heard = ear.heard()
    except OSError as reason:
        raise Skipped("nobody could be listened for at this machine") from reason
    expect(heard == 0, "no connection to the address in iss", f"{heard} connections")


@check
def iss_is_compared_whole(target: Target) -> None:
    """An iss that only resembles a known one is unknown."""
    iss = known_iss(target)
    parts = urlsplit(iss)
    for resembling in (
        f"{iss}.stranger.example",
        f"{iss}@stranger.example/",
        f"{iss}/../stranger",
        f"{iss}/more",
        f"{iss}?x=1",
        f"{parts.scheme}://{parts.netloc}@stranger.example{parts.path}",
        f"{parts.scheme}://{parts.netloc}.stranger.example{parts.path}",
        f"{STRANGER}?{iss}",
    ):
        _expect_refused(open_launch(target, resembling), f"iss {resembling}")


@check
def iss_stands_once(target: Target) -> None:
    """Two iss are refused, whichever is known."""
    iss = known_iss(target)
    for first, second in ((iss, STRANGER), (STRANGER, iss)):
        _expect_refused(open_launch(target, first, ("iss", second)), "two iss")


@check
def incomplete_launch_is_told(target: Target) -> None:
    """A launch without iss is told on a page or begun as a standalone one: nothing falls over, and no EHR is made up."""
    answer = target.get(launch_url(target), query={"launch": LAUNCH}, headers={"Accept": "text/html"}, is_known=False)
    expect(answer.status < 500, "a page, or a standalone launch", answer)


def _expect(request: AuthorizationRequest, name: str, value: str) -> None:
    found = request[name]
    expect(found == value, f"{name}={value} in the authorization request", found)


def _expect_refused(answer: Answer, what: str) -> None:
    location = answer.headers.get("location", "")
    expect(400 <= answer.status < 500 and not location, f"{what} to be refused on a page", f"HTTP {answer.status} {location}")
