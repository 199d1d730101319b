"""The stages of coding an encounter, as whoever measures them names them. What is measured by is a collaborator: the stages know no clock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar


class Stage(Enum):
    """``ehr`` is gathering an encounter, ``notes`` is making text of one note, within it; the others follow each other."""

    EHR = "ehr"
    NOTES = "notes"
    READING = "reading"
    CODING = "coding"
    EDITS = "edits"
    WRITING = "writing"
    KEEPING = "keeping"


Observe = Callable[[Stage], AbstractContextManager[Any]]
"""What a stage runs in."""


class Observed(Protocol):
    """What has stages."""

    @property
    def observe(self) -> Observe:
        """What they run in."""


def unobserved(stage: Stage) -> AbstractContextManager[None]:
    """Where nobody measures."""
    return nullcontext()


O = TypeVar("O", bound=Observed)  # noqa: E741
P = ParamSpec("P")
R = TypeVar("R")


def runs_as(stage: Stage) -> Callable[[Callable[Concatenate[O, P], R]], Callable[Concatenate[O, P], R]]:
    """A method that is a stage of its object."""

    def decorate(method: Callable[Concatenate[O, P], R]) -> Callable[Concatenate[O, P], R]:
        @wraps(method)
        def observed(self: O, *args: P.args, **kwargs: P.kwargs) -> R:
            with self.observe(stage):
                return method(self, *args, **kwargs)

        return observed

    return decorate
