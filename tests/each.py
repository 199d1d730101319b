"""Many small cases in one test: pytest spends more on a test of its own than such a case takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

Test = Callable[..., None]


def for_each(names: str, cases: Iterable[Any], ids: Callable[[Any], str] = str) -> Callable[[Test], Test]:
    """As ``pytest.mark.parametrize``, but the test is one, tries every case and fails with the name and the traceback of each that does not hold.

    ``names`` are those of the parameters, separated by commas; a case is a value, a tuple of values, or a ``pytest.param`` with an id. ``ids`` makes the
    name of a case without one. The cases share the fixtures of the test: it is for what leaves nothing behind.
    """
    wanted = names.replace(" ", "").split(",")
    told = [_named(case, len(wanted), ids) for case in cases]
    assert told, "a test of no case proves nothing"

    def one_test(test: Test) -> Test:
        @wraps(test)
        def every(**fixtures: Any) -> None:
            failed: dict[str, Exception] = {}
            for name, values in told:
                try:
                    test(**dict(zip(wanted, values, strict=True)), **fixtures)
                except Exception as error:
                    error.add_note(f"case: {name}")
                    failed[name] = error
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(told)} cases: {', '.join(failed)}", list(failed.values()))

        signature = inspect.signature(test)
        left = [one for name, one in signature.parameters.items() if name not in wanted]
        every.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return every

    return one_test


def _named(case: Any, width: int, ids: Callable[[Any], str]) -> tuple[str, tuple[Any, ...]]:
    """The name of a case, and its values."""
    if hasattr(case, "values") and hasattr(case, "marks"):
        assert not case.marks, "a case that is marked is a test of its own"
        return case.id or ", ".join(map(ids, case.values)), tuple(case.values)
    values = (case,) if width == 1 else tuple(case)
    return ", ".join(map(ids, values)), values
