"""Pages from templates. Everything that is put in is escaped, whatever it is; a name that a template misses is an error, not a gap."""

from __future__ import annotations

from typing import Any

from flask import Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from fhir_coder.review.protection import TOKEN_FIELD, protect
from fhir_coder.review.session import ReviewSession


class Pages:
    """``root`` is the path below which browsers see our addresses, ``idle_minutes`` the time to the automatic logoff.

    ``known_origins`` are those of every EHR that may frame us: a page without a session (an error, the end of a session) holds nothing of
    anybody, and must be seen in the frame where it happens; browsers show a blank one in its place otherwise.
    """

    def __init__(self, root: str, idle_minutes: int, known_origins: tuple[str, ...] = ()) -> None:
        self._environment = Environment(
            loader=PackageLoader("fhir_coder.review"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._root = root
        self._idle_minutes = idle_minutes
        self._known_origins = known_origins

    def page(
        self,
        name: str,
        session: ReviewSession | None = None,
        status: int = 200,
        frame_ancestors: tuple[str, ...] = (),
        **values: Any,
    ) -> Response:
        """The page of a template, with the headers of all pages. One that shows a session leaves the screen when the session is over."""
        html = self._environment.get_template(f"{name}.html").render(
            root=self._root, session=session, token_field=TOKEN_FIELD, idle_minutes=self._idle_minutes, **values
        )
        ancestors = self._known_origins if session is None else session.frame_ancestors
        response = protect(Response(html, status, content_type="text/html; charset=utf-8"), frame_ancestors or ancestors)
        if session is not None and session.id:
            response.headers["Refresh"] = f"{self._idle_minutes * 60 + 5}; url={self._root}/review/left"
        return response

    def redirect(self, location: str, frame_ancestors: tuple[str, ...] = ()) -> Response:
        """Another address to get. ``location`` is one of ours, or made by the flow from the configuration."""
        return protect(Response(status=303, headers={"Location": location}), frame_ancestors)

    def local(self, path: str) -> str:
        """An address of ours as browsers see it."""
        return self._root + path
