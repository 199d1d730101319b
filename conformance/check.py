"""Checks by their ids: a function that asks a server and returns when it does what it should."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache

from conformance.target import Target

Check = Callable[[Target], None]
_FOUND: dict[str, Check] = {}


def check(function: Check) -> Check:
    """Register a check; its id is ``module.name``, the module without its package."""
    identifier = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
    if identifier in _FOUND:
        raise ValueError(f"two checks are called {identifier}")
    _FOUND[identifier] = function
    return function


@cache
def all_checks() -> Mapping[str, Check]:
    """Every check of :mod:`conformance.checks`, in order of module and place."""
    from conformance import checks

    for module in sorted(pkgutil.iter_modules(checks.__path__), key=lambda one: one.name):
        importlib.import_module(f"{checks.__name__}.{module.name}")
    return dict(_FOUND)


def meaning(function: Check) -> str:
    """The first line of what a check says of itself."""
    return (function.__doc__ or "").strip().splitlines()[0]
