"""A requests transport that calls a WSGI application in this process instead of a socket."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class WsgiAdapter(BaseAdapter):
    """Mount it on a session for the base URL of the application."""

    def __init__(self, application: WSGIApplication) -> None:
        super().__init__()
        self._application = application
        self._http = HTTPAdapter()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: object = True,
        cert: object = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Run the application once; timeouts and TLS do not apply."""
        url = urlsplit(request.url or "")
        builder = EnvironBuilder(
            request.path_url,
            f"{url.scheme}://{url.netloc}",
            method=request.method or "GET",
            headers=Headers(list(request.headers.items())),
            data=_body(request),
        )
        try:
            body, status, headers = run_wsgi_app(self._application, builder.get_environ(), buffered=True)
        finally:
            builder.close()
        code, _, reason = status.partition(" ")
        raw = HTTPResponse(BytesIO(b"".join(body)), headers=dict(headers), status=int(code), reason=reason, preload_content=False)
        response = self._http.build_response(request, raw)
        if not stream:
            response.content  # noqa: B018 - reads the body, as requests' own adapter is asked to
        return response

    def close(self) -> None:
        """Nothing is held open."""
        self._http.close()


def _body(request: requests.PreparedRequest) -> bytes:
    return request.body.encode() if isinstance(request.body, str) else request.body or b""
