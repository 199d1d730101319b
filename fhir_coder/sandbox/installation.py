"""Setting the built-in EHR up: its file in the data folder, its encounters, its routes and a way to reach it without a socket."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import requests
from flask import Blueprint, Flask

from fhir_coder.sandbox.app import PREFIX, create_blueprint, create_sandbox_app
from fhir_coder.sandbox.resource_store import ResourceStore
from fhir_coder.sandbox.seed import seed
from fhir_coder.sandbox.transport import WsgiAdapter

ORIGIN = "http://sandbox.invalid"
"""Names the built-in EHR inside this process; the reserved domain never resolves (RFC 6761), so a stray request goes nowhere."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The built-in EHR of one process. ``blueprint`` serves it to the outside, :meth:`session` reaches it from within."""

    blueprint: Blueprint
    application: Flask
    base_url: str = ORIGIN + PREFIX

    def session(self) -> requests.Session:
        """A session whose requests to ``base_url`` are answered in process."""
        session = requests.Session()
        session.mount(ORIGIN, WsgiAdapter(self.application))
        return session


def open_sandbox(data: Path) -> Sandbox:
    """Open, and on first use fill, the built-in EHR in the data folder."""
    store = ResourceStore(data / "sandbox.sqlite")
    seed(store)
    return Sandbox(create_blueprint(store), create_sandbox_app(store))
