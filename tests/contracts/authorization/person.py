"""A person at the EHR who signs in and decides, without a browser: forms are posted and redirects followed, to where the app is called back."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from tests.contracts.authorization.authorization_server import AuthorizationServer

Query = dict[str, list[str]]
_LONGEST = 12


class Person:
    """Has cookies of the EHR's sign-in page, and no others."""

    def __init__(self, server: AuthorizationServer) -> None:
        self._server = server
        self._session = requests.Session()

    def decides(self, url: str, decision: str = "allow") -> Query:
        """The parameters with which the app is called back, after the person was sent to ``url`` and pressed ``allow`` or ``refuse``."""
        answer = self._session.get(url, allow_redirects=False, timeout=10)
        for _ in range(_LONGEST):
            if answer.is_redirect:
                url = urljoin(url, answer.headers["Location"])
                if url.startswith(self._server.coder):
                    return parse_qs(urlsplit(url).query, keep_blank_values=True)
                answer = self._session.get(url, allow_redirects=False, timeout=10)
            else:
                form = re.search(rf'action="([^"]+/{decision})"', answer.text)
                assert form, f"{answer.status_code} {answer.text[:500]}"
                url = urljoin(url, form[1])
                answer = self._session.post(url, allow_redirects=False, timeout=10)
        raise AssertionError("redirects without end")
