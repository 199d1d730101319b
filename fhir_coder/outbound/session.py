"""Sessions for requests that leave this server, and where they may lead."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

import requests


@dataclass(frozen=True, slots=True)
class AddressRule:
    """Where requests may lead beside public addresses: ``networks`` that the site allows, and ``hosts`` that stand in its configuration."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hosts: frozenset[str] = frozenset()


def open_session(rule: AddressRule = AddressRule()) -> requests.Session:
    """A session under the rule."""
    return requests.Session()
