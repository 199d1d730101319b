"""Sessions for requests that leave this server: they lead where the rule allows, whatever a URL, a name or the environment says."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from fhir_coder.outbound.connecting import LONGEST_S, Connector, LeadsInside, Resolve, system_resolve
from fhir_coder.outbound.head_time import whole_head_within
from fhir_coder.outbound.rule import PUBLIC_ONLY, AddressRule

__all__ = ["AddressRefused", "AddressRule", "open_session"]

CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Where a site names its own certificate authorities, as requests and curl read it."""


class AddressRefused(requests.RequestException):
    """The host leads to no address that may be called. The message names neither host nor address: both may be an attacker's words."""


def open_session(rule: AddressRule = PUBLIC_ONLY, resolve: Resolve = system_resolve) -> requests.Session:
    """A session under the rule; ``resolve`` finds the addresses of hosts.

    Of the environment only the certificate authorities are read: a proxy would resolve names and connect for us, past the rule, and a
    .netrc would add credentials that nobody configured here.
    """
    session = requests.Session()
    session.trust_env = False
    session.verify = next((os.environ[name] for name in CERTIFICATE_VARIABLES if os.environ.get(name)), True)
    adapter = _GuardedAdapter(Connector(rule, resolve))
    for prefix in ("https://", "http://"):
        session.mount(prefix, adapter)
    return session


class _GuardedAdapter(HTTPAdapter):
    """requests' own adapter, whose sockets come from a connector. Name, certificate and Host header stay those of the URL."""

    def __init__(self, connector: Connector) -> None:
        super().__init__()
        self.poolmanager.pool_classes_by_scheme = _pools(connector)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send without a proxy. Raises AddressRefused beside what requests raises."""
        try:
            return super().send(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies={})
        except LeadsInside:
            raise AddressRefused(request=request) from None


def _pools(connector: Connector) -> dict[str, type[HTTPConnectionPool]]:
    """Pools of connections by scheme that take their sockets from the connector."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _opened(self, connector)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]
            with whole_head_within(self.sock, _head_time(self)):
                return super().getresponse()

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _opened(self, connector)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]
            with whole_head_within(self.sock, _head_time(self)):
                return super().getresponse()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _head_time(connection: HTTPConnection) -> float:
    """Seconds for status and headers: as much more than the longest pause as a body may take."""
    return 3 * connection.timeout if isinstance(connection.timeout, int | float) else LONGEST_S


def _opened(connection: HTTPConnection, connector: Connector) -> socket.socket:
    """The socket of one connection, with urllib3's own errors; the name is resolved as it was written, with a dot at its end where it has one."""
    host = connection._dns_host
    timeout_s = connection.timeout if isinstance(connection.timeout, int | float) else None
    try:
        return connector.connect(host.removeprefix("[").removesuffix("]"), connection.port, timeout_s, connection.socket_options)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "connecting took too long") from error
    except (OSError, ValueError) as error:  # ValueError: what no name can be, a label of 64 letters or more
        raise NewConnectionError(connection, type(error).__name__) from error
