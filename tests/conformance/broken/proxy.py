"""A WSGI application before another that spoils requests or answers, as it is told at the moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass
class Asked:
    """What came in: who spoils requests changes the environment and the body."""

    environ: WSGIEnvironment
    body: bytes

    @property
    def method(self) -> str:
        return str(self.environ["REQUEST_METHOD"])

    @property
    def path(self) -> str:
        return str(self.environ["PATH_INFO"])

    @property
    def is_operation(self) -> bool:
        return self.path.rstrip("/").endswith("$code-encounter")

    def header(self, name: str) -> str:
        key = name.upper().replace("-", "_")
        return str(self.environ.get(key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}", ""))


@dataclass(frozen=True)
class Reply:
    """What goes out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def with_header(self, name: str, value: str | None) -> Reply:
        """The header with that value alone; None takes it away."""
        others = tuple((key, old) for key, old in self.headers if key.lower() != name.lower())
        return replace(self, headers=others if value is None else (*others, (name, value)))

    @property
    def resource(self) -> Any:
        """The body in JSON, or None."""
        if "json" not in self.header("Content-Type"):
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def holding(self, resource: Any) -> Reply:
        return replace(self, body=json.dumps(resource).encode())


SpoilReply = Callable[[Asked, Reply], Reply]
SpoilRequest = Callable[[Asked], None]


def as_it_is(asked: Asked, reply: Reply) -> Reply:
    """Nothing is spoiled."""
    return reply


def let_pass(asked: Asked) -> None:
    """Nothing is spoiled."""


@dataclass(frozen=True)
class Broken:
    """A server that breaks a rule. ``rules``: requirements that the kit must then call failed, each of them."""

    name: str
    rules: tuple[str, ...]
    reply: SpoilReply = as_it_is
    request: SpoilRequest = let_pass


@dataclass
class Proxy:
    """Stands before ``app``; ``broken`` says what it does now."""

    app: WSGIApplication
    broken: Broken = field(default_factory=lambda: Broken("whole", ()))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        spoiled = Asked(environ, body)
        asked = Asked(dict(environ), body)
        self.broken.request(spoiled)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(spoiled.body), str(len(spoiled.body))
        reply = self.broken.reply(asked, self._ask(environ))
        headers = [(name, value) for name, value in reply.headers if name.lower() != "content-length"]
        start_response(f"{reply.status} X", [*headers, ("Content-Length", str(len(reply.body)))])
        return [reply.body]

    def _ask(self, environ: WSGIEnvironment) -> Reply:
        """What the application answers, all of it, by whichever of the two ways it gives its body (PEP 3333)."""
        begun: list[Any] = []
        written: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
            begun[:] = [int(status.split()[0]), tuple(headers)]
            return written.append

        chunks = self.app(environ, start_response)
        body = b"".join([*written, *chunks])
        if hasattr(chunks, "close"):
            chunks.close()
        return Reply(begun[0], begun[1], body)
