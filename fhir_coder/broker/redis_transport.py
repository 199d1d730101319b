"""Kombu's transport for Redis, but for one thing. A worker that loses its Redis gives the connection up while a job is being done, and acknowledges the job's message on it later:
kombu then looks for the address in a connection that is gone and fails with an AttributeError, which ends the worker. Here it fails as on any lost connection, which Celery bears."""

from __future__ import annotations

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis


class Channel(redis.Channel):  # type: ignore[misc]
    """A channel whose connection may be gone."""

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.connection.client is None:
            raise ConnectionResetError("the connection to the broker was given up")
        return super()._connparams(asynchronous)


class Transport(redis.Transport):  # type: ignore[misc]
    """What is used in its place."""

    Channel = Channel


def use() -> None:
    """For all connections of this process that are made from now on."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"
