"""What can go wrong with one request: each effect hands it on, or not, and makes something of the reply."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.simulator.exchange import Forward, Reply, Request, Resource

LOGIN_PAGE = b"<!DOCTYPE html><title>Sign in</title><p>Your session has ended."
OUTSIDE = "/elsewhere"
"""A path of the simulator that is no part of any EHR: what is asked there followed a link that it should not have."""
EXPIRED = "_expired"
"""Search parameter of a page link that nobody knows any more."""


@dataclass(frozen=True)
class Order:
    """Which effect (``does``) and what it needs: the ``status``, issue ``code`` and ``headers`` of an answer, whether the EHR ``acts`` on the request
    all the same, ``seconds`` of a delay, the ``elements`` that get lost. ``tokens``: how many had been given when it was ordered."""

    does: str
    status: int = 500
    code: str = "transient"
    headers: Mapping[str, str] = field(default_factory=dict)
    acts: bool = False
    seconds: float = 0.0
    elements: tuple[str, ...] = ()
    tokens: int = 0


Effect = Callable[[Order, Request, Forward], Reply]


def _status(order: Order, request: Request, forward: Forward) -> Reply:
    """Answers with a status and an OperationOutcome."""
    if order.acts:
        forward(request)
    reply = Reply.refusal(order.status, order.code, "fault to order")
    return replace(reply, headers={**reply.headers, **order.headers})


def _slow(order: Order, request: Request, forward: Forward) -> Reply:
    """Acts at once and answers late."""
    return replace(forward(request), delay_s=order.seconds)


def _drop(order: Order, request: Request, forward: Forward) -> Reply:
    """Closes the connection without an answer."""
    if order.acts:
        forward(request)
    return Reply(0, {}, None)


def _cut(order: Order, request: Request, forward: Forward) -> Reply:
    """Acts, and breaks off in the middle of the answer."""
    return replace(forward(request), is_cut=True)


def _login_page(order: Order, request: Request, forward: Forward) -> Reply:
    """A web page in place of FHIR, under 200."""
    return Reply(200, {"Content-Type": "text/html; charset=utf-8"}, LOGIN_PAGE)


def _redirect(order: Order, request: Request, forward: Forward) -> Reply:
    """Leads to a sign-in page outside the EHR."""
    return Reply(302, {"Location": f"{request.origin}{OUTSIDE}/login"})


def _mistyped(order: Order, request: Request, forward: Forward) -> Reply:
    """The right body under the wrong Content-Type."""
    reply = forward(request)
    return replace(reply, headers={**reply.headers, "Content-Type": "text/plain"})


def _stale_link(order: Order, request: Request, forward: Forward) -> Reply:
    """A search whose next page has expired: it answers 410."""
    if f"{EXPIRED}=1" in request.query:
        return Reply.refusal(410, "processing", "the page has expired")
    return _linked(forward(request), f"{_address(request)}?{EXPIRED}=1")


def _loop(order: Order, request: Request, forward: Forward) -> Reply:
    """A search whose next page is the same page again."""
    return _linked(forward(request), f"{_address(request)}?{request.query}")


def _endless(order: Order, request: Request, forward: Forward) -> Reply:
    """A search that always has one more page."""
    return _linked(forward(request), f"{_address(request)}?{request.query}&_turned=1")


def _astray(order: Order, request: Request, forward: Forward) -> Reply:
    """A search whose next page is outside the EHR."""
    return _linked(forward(request), f"{request.origin}{OUTSIDE}/page")


def _deaf(order: Order, request: Request, forward: Forward) -> Reply:
    """A search that ignores its parameters and gives everything of the type."""
    return forward(replace(request, query="_count=200"))


def _leak(order: Order, request: Request, forward: Forward) -> Reply:
    """A search that gives what was asked for and everything of other patients beside it."""
    reply, more = forward(request), forward(replace(request, query="_count=200"))
    bundle = reply.resource
    known = {one["fullUrl"] for one in bundle.get("entry", ())}
    added = [one for one in more.resource.get("entry", ()) if one["fullUrl"] not in known]
    return reply.with_resource({**bundle, "entry": [*bundle.get("entry", ()), *added]})


def _mixed_up(order: Order, request: Request, forward: Forward) -> Reply:
    """A search whose matches name another patient."""
    reply = forward(request)
    bundle = reply.resource
    for entry in bundle.get("entry", ()):
        entry["resource"]["subject"] = {"reference": "Patient/somebody-else"}
    return reply.with_resource(bundle)


def _miscount(order: Order, request: Request, forward: Forward) -> Reply:
    """A search whose total is larger than what it gives."""
    reply = forward(request)
    return reply.with_resource({**reply.resource, "total": 4711})


def _malformed(order: Order, request: Request, forward: Forward) -> Reply:
    """A search with one more match, which is no valid FHIR R4."""
    reply = forward(request)
    bundle = reply.resource
    entries = bundle.get("entry", [])
    broken = [{**one, "resource": {**one["resource"], "id": "malformed", "status": ["current", None]}} for one in entries[:1]]
    return reply.with_resource({**bundle, "entry": [*entries, *broken]})


def _other_type(order: Order, request: Request, forward: Forward) -> Reply:
    """A read that gives a resource of another type."""
    return forward(request).with_resource({"resourceType": "Basic", "id": request.path.rpartition("/")[2], "code": {"text": "other"}})


def _other_id(order: Order, request: Request, forward: Forward) -> Reply:
    """A read that gives another resource of the type."""
    reply = forward(request)
    return reply.with_resource({**reply.resource, "id": "another"})


def _expire(order: Order, request: Request, forward: Forward) -> Reply:
    """Takes none of the tokens that were given until now."""
    if request.interaction in {"token", "discovery"} or request.token_number > order.tokens:
        return forward(request)
    return Reply.refusal(401, "login", "the token has expired", WWW_Authenticate='Bearer error="invalid_token"')


def _lose(order: Order, request: Request, forward: Forward) -> Reply:
    """Stores what is written without some elements."""
    try:
        sent = json.loads(request.body)
    except ValueError:
        return forward(request)
    for resource in _written(sent):
        for element in order.elements:
            _remove(resource, element.split("."))
    return forward(replace(request, body=json.dumps(sent).encode()))


def _double(order: Order, request: Request, forward: Forward) -> Reply:
    """Creates although the condition of the create is met already: If-None-Exist is ignored."""
    return forward(request.without("if-none-exist"))


def _touch(order: Order, request: Request, forward: Forward) -> Reply:
    """Somebody else writes the resource between our reading and our update, which so comes too late."""
    read = replace(request, method="GET", query="", body=b"").without("if-match")
    current = forward(read)
    if current.status == 200:
        forward(replace(request, body=current.body or b"").without("if-match"))
    return forward(request)


def _address(request: Request) -> str:
    return f"{request.base}/{request.path}"


def _linked(reply: Reply, url: str) -> Reply:
    bundle = reply.resource
    links = [one for one in bundle.get("link", ()) if one["relation"] != "next"]
    return reply.with_resource({**bundle, "link": [*links, {"relation": "next", "url": url}]})


def _written(sent: Resource) -> Iterator[Resource]:
    """The resources of a create, an update or a transaction."""
    if sent.get("resourceType") != "Bundle":
        yield sent
    for entry in sent.get("entry", ()) if sent.get("resourceType") == "Bundle" else ():
        yield entry.get("resource", {})


def _remove(value: Any, path: list[str]) -> None:
    if isinstance(value, list):
        for one in value:
            _remove(one, path)
    elif isinstance(value, dict) and len(path) == 1:
        value.pop(path[0], None)
    elif isinstance(value, dict):
        _remove(value.get(path[0]), path[1:])
        if value.get(path[0]) in ({}, []):
            value.pop(path[0])


EFFECTS: Mapping[str, Effect] = {
    "status": _status,
    "slow": _slow,
    "drop": _drop,
    "cut": _cut,
    "login-page": _login_page,
    "redirect": _redirect,
    "wrong-content-type": _mistyped,
    "stale-page-link": _stale_link,
    "paging-loop": _loop,
    "endless-pages": _endless,
    "page-outside": _astray,
    "ignores-parameters": _deaf,
    "leaks-others": _leak,
    "mixes-up-patients": _mixed_up,
    "wrong-total": _miscount,
    "malformed-entry": _malformed,
    "wrong-type": _other_type,
    "wrong-id": _other_id,
    "token-expired": _expire,
    "loses": _lose,
    "ignores-condition": _double,
    "changed-meanwhile": _touch,
}
"""Every effect by the name that a fault orders it by."""
