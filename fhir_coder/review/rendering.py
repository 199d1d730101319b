"""Pages from templates. Everything that is put in is escaped, whatever it is; a name that a template misses is an error, not a gap."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from jinja2 import Environment, PackageLoader, StrictUndefined

from fhir_coder.review.protection import TOKEN_FIELD, protect
from fhir_coder.review.session import ReviewSession

_FRAMES = "review_frame_ancestors"


def allow_frames(ancestors: tuple[str, ...]) -> None:
    """Whoever launched us may frame the pages of this request, errors too: an EHR that shows us in a frame can show no other place."""
    setattr(g, _FRAMES, ancestors)


class Pages:
    """``root`` is the path below which browsers see our addresses, ``idle_minutes`` the time to the automatic logoff."""

    def __init__(self, root: str, idle_minutes: int) -> None:
        self._environment = Environment(
            loader=PackageLoader("fhir_coder.review"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._root = root
        self._idle_minutes = idle_minutes
        self._idle_s, self._left = idle_minutes * 60 + 5, f"{root}/review/left"

    def page(
        self,
        name: str,
        session: ReviewSession | None = None,
        status: int = 200,
        frame_ancestors: tuple[str, ...] = (),
        has_script: bool = False,
        connects: bool = False,
        swaps: bool = False,
        leaves: bool = True,
        takes_words: bool = False,
        **values: Any,
    ) -> Response:
        """The page of a template, with the headers of all pages. One that shows a session leaves the screen when the session is over.

        A page works without script; ``has_script`` lets it load ours, ``connects`` lets that ask us for more, ``swaps`` put in place what we answer. Without ``leaves``
        the page sees to its leaving itself, as it uses the session without being loaded anew. One that ``takes_words`` does so by a script that warns
        first and keeps what was typed (WCAG 2.2, 2.2.1 and 2.2.5): a header would take it away in the middle of a word.
        """
        warns = takes_words and session is not None and bool(session.id)
        html = self.part(name, session, takes_words=takes_words, warns=warns, **values)
        response = protect(
            Response(html, status, content_type="text/html; charset=utf-8"),
            _ancestors(session) or frame_ancestors or g.get(_FRAMES, ()),
            has_script or takes_words,
            connects or takes_words,
            swaps,
        )
        if leaves and not warns and session is not None and session.id:
            response.headers["Refresh"] = f"{self._idle_s}; url={self._left}"
        return response

    def part(self, name: str, session: ReviewSession | None = None, **values: Any) -> str:
        """The HTML of a template, a whole page or a part of one."""
        return self._environment.get_template(f"{name}.html").render(
            root=self._root,
            session=session,
            token_field=TOKEN_FIELD,
            idle_minutes=self._idle_minutes,
            idle_s=self._idle_s,
            left=self._left,
            **values,
        )

    def redirect(self, location: str, frame_ancestors: tuple[str, ...] = ()) -> Response:
        """Another address to get. ``location`` is one of ours, or made by the flow from the configuration."""
        return protect(Response(status=303, headers={"Location": location}), frame_ancestors)

    def local(self, path: str) -> str:
        """An address of ours as browsers see it."""
        return self._root + path


def _ancestors(session: ReviewSession | None) -> tuple[str, ...]:
    return session.frame_ancestors if session else ()
