"""Sending a question to the EHR, as far as the EHR takes one: once, whatever happened to an earlier attempt."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.asking.post import Post
from fhir_coder.asking.question import Question, communication_of, name, task_of
from fhir_coder.asking.standing import Asked, Standing, failed, is_lasting, not_allowed, unsure
from fhir_coder.exchange import Resource
from fhir_coder.writeback.receipt_line import number_of

TYPES = ("Communication", "Task")
FOUND_BY_A_PERSON = "a person found it at the EHR"
NO_EHR = "there is no EHR to send it to"


def ask(question: Question, post: Post | None) -> Asked:
    """Send a question: a Communication with its words and a Task on it, or the one of both that the EHR takes. ``post`` is None without an EHR.

    Raises an EhrError where the EHR cannot be asked what stands there: it may be sent again, and what arrived already is found again by its identifier, or
    is not sent again before a person has looked.
    """
    if post is None:
        return Asked(Standing.REFUSED, detail=NO_EHR)
    forbidden = [kind for kind in TYPES if post.is_forbidden(kind, "create")]
    offered = [kind for kind in TYPES if post.offer.can(kind, "create")]
    if not offered:
        return (
            not_allowed(forbidden) if forbidden else Asked(Standing.REFUSED, detail="the EHR takes neither Communication nor Task from us")
        )
    return next(filter(None, _known(question, post, offered)), None) or _sent(question, post, offered, forbidden)


def _known(question: Question, post: Post, offered: list[str]) -> Iterator[Asked | None]:
    """What ends the matter before anything is sent: the Task is there, or something may be."""
    if "Task" in offered:
        task = post.address("Task", name(question, "task"))
        yield Asked(Standing.THERE, task) if task else None
    if any(post.is_said_to_be_there(name(question, kind.lower())) for kind in offered):
        yield Asked(Standing.THERE, detail=FOUND_BY_A_PERSON)
    yield unsure("it") if any(post.is_in_doubt(kind, name(question, kind.lower())) for kind in offered) else None


def _sent(question: Question, post: Post, offered: list[str], forbidden: list[str]) -> Asked:
    words, refusal = "", None
    if "Communication" in offered:
        words = post.address("Communication", name(question, "communication"))
        response = {} if words else post.create(communication_of(question))
        words = words or _address(response)
        if not words and not is_lasting(response):
            return failed(response, "the question")
        refusal = None if words else failed(response, "the question")
    if "Task" in offered:
        return _task_sent(question, post, words)
    if "Task" in forbidden:
        return not_allowed(["Task"])
    return refusal or Asked(Standing.THERE, words, "the EHR takes no Task: it holds the question as a Communication")


def _task_sent(question: Question, post: Post, words: str) -> Asked:
    response = post.create(task_of(question, words))
    if task := _address(response):
        return Asked(Standing.THERE, task)
    if words and is_lasting(response):
        told = f"the EHR refused the Task (HTTP {number_of(response)}): it holds the question as a Communication"
        return Asked(Standing.THERE, words, told)
    return failed(response, "a Task")


def _address(response: Resource) -> str:
    """``Type/id`` of what was written or stood there; empty where nothing did."""
    location: str = response.get("location", "")
    return location.partition("/_history/")[0] if number_of(response) < 300 else ""
