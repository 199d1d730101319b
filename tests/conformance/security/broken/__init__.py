"""Servers that break one rule each, to prove that the kit catches them.

To add some: write ``tests/conformance/broken/GROUP.py`` with a tuple ``BROKEN`` of :class:`Broken`; nothing is registered elsewhere. Each puts
a wrapper before our server (:mod:`tests.conformance.security.guarded_site`), made with what :mod:`tests.conformance.security.broken.wrapping` offers, and names
the requirements that must come out as ``fail``. ``test_broken_servers.py`` tries them: on our server alone each of these passes, behind the
wrapper each fails.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from tests.conformance.security.serving import Wsgi


@dataclass(frozen=True)
class Broken:
    """``name`` says what it does wrong, ``rules`` are ids of the requirements that it breaks, ``wrap`` makes it of our application."""

    name: str
    rules: tuple[str, ...]
    wrap: Callable[[Wsgi], Wsgi]


def all_broken() -> tuple[Broken, ...]:
    """Those of every file in this folder."""
    files = sorted(one.name for one in pkgutil.iter_modules(__path__))
    return tuple(one for name in files for one in getattr(importlib.import_module(f"{__name__}.{name}"), "BROKEN", ()))
