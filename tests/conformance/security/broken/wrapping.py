"""Ways to put something before a WSGI application: change what it is asked, what it answers, or answer in its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.conformance.security.serving import Wsgi

Wrapper = Callable[[Wsgi], Wsgi]
Ask = Callable[[Request], Response]
"""Asks the application behind."""


def between(answer: Callable[[Request, Ask], Response]) -> Wrapper:
    """A wrapper that answers; it may ask the application behind, once or more, with requests of its own making."""

    def wrap(application: Wsgi) -> Wsgi:
        def ask(request: Request) -> Response:
            return Response.from_app(application, request.environ)

        def shown(environ: dict[str, Any], start: Any) -> Any:
            return answer(Request(environ), ask)(environ, start)

        return shown

    return wrap


def answering(change: Callable[[Request, Response], Response | None]) -> Wrapper:
    """A wrapper that changes answers: in place, or by another one."""

    def answer(request: Request, ask: Ask) -> Response:
        given = ask(request)
        return change(request, given) or given

    return between(answer)


def asking(change: Callable[[Request], Request]) -> Wrapper:
    """A wrapper that changes requests."""
    return between(lambda request, ask: ask(change(request)))


def with_headers(request: Request, **headers: str | None) -> Request:
    """The same request with other headers, named with underscores; None leaves one out. The body can still be read."""
    body = request.get_data(cache=True)
    environ = {name: value for name, value in request.environ.items() if not name.startswith("werkzeug.")} | {"wsgi.input": BytesIO(body)}
    for name, value in headers.items():
        environ.pop(f"HTTP_{name.upper()}", None)
        if value is not None:
            environ[f"HTTP_{name.upper()}"] = value
    return Request(environ)


def with_query(request: Request, query: str) -> Request:
    """The same request with another query."""
    again = with_headers(request)
    again.environ["QUERY_STRING"] = query
    return Request(again.environ)


def with_json(response: Response, change: Callable[[Any], Any]) -> Response:
    """An answer with another JSON body: what ``change`` makes of it, or does to it."""
    body = json.loads(response.get_data())
    response.set_data(json.dumps(change(body) or body))
    return response


def plain(status: int, body: Mapping[str, Any] | str = "", content_type: str = "application/json", **headers: str) -> Response:
    """An answer of the wrapper's own; header names with underscores."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Response(text, status, {name.replace("_", "-"): value for name, value in headers.items()}, content_type=content_type)
