"""One request to an authorization server, and its JSON answer."""

from __future__ import annotations

from collections.abc import Callable

import requests

Sessions = Callable[[], requests.Session]
"""Opens an HTTP session, which says where requests may lead."""
