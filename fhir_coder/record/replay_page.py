"""What a replay found, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from fhir_coder import __version__
from fhir_coder.record.replay import Replay, Today


def replay_page(replay: Replay) -> str:
    """The outcome as text."""
    return "\n".join(_lines(replay))


def replay_document(replay: Replay) -> dict[str, Any]:
    """The outcome as one JSON object."""
    today = replay.today
    return {
        "codingId": replay.coding.id,
        "encounter": replay.coding.encounter_reference,
        "equal": replay.is_equal,
        "software": {"then": replay.coding.engine_version, "now": __version__, "same": replay.is_same_software},
        "notes": replay.sources,
        "caveats": list(replay.caveats),
        "differences": [asdict(one) for one in replay.differences],
        "attribution": attribution(replay) if replay.differences else "",
        "today": None
        if today is None
        else {
            "differences": [asdict(one) for one in today.differences],
            "causes": [
                {"name": one.name, "failure": one.failure, "differences": [asdict(d) for d in one.differences]} for one in today.causes
            ],
            "unattributed": [asdict(one) for one in today.unattributed],
        },
    }


def attribution(replay: Replay) -> str:
    """What differences on the same artifacts and settings come from, as far as that can be known."""
    if replay.caveats:
        return "not certain: the software or what is said above"
    if replay.is_same_software:
        return "unexplained: software, artifacts, settings and notes are the same"
    then = replay.coding.engine_version
    return f"the software: {then} then, {__version__} now" if then != __version__ else f"the software: another build of {then} then"


def _lines(replay: Replay) -> Iterator[str]:
    coding = replay.coding
    yield f"Replay of {coding.id}, {coding.encounter_reference or 'an encounter without an address'}"
    yield f"  coded {coding.created_at.isoformat(timespec='seconds')} by {coding.engine_version}, now {__version__}"
    sources = {"stored": "from the store", "version": "read again by version", "current": "read again, unchanged"}
    yield from (f"  note {note}: {sources[source]}" for note, source in replay.sources.items())
    yield from (f"  {one}" for one in replay.caveats)
    yield ""
    if replay.differences:
        yield f"On the same artifacts and settings: {len(replay.differences)} differences (record -> replay)"
        yield from (f"  {one.sentence}" for one in replay.differences)
        yield (
            f"They come from {attribution(replay)}."
            if not attribution(replay).startswith(("un", "not"))
            else f"Cause {attribution(replay)}."
        )
    else:
        yield "On the same artifacts and settings: everything came out as recorded."
    if replay.today is not None:
        yield from _today(replay.today)


def _today(today: Today) -> Iterator[str]:
    yield ""
    if not today.causes:
        yield "Artifacts and settings of today are those of then."
        return
    yield f"On those of today ({', '.join(one.name for one in today.causes)} changed): {len(today.differences)} differences (then -> now)"
    yield from (f"  {one.sentence}" for one in today.differences)
    for cause in today.causes:
        made = [one for one in cause.differences if one in today.differences]
        yield f"{cause.name}: {cause.failure}" if cause.failure else f"{cause.name} alone makes {len(made)} of them"
        yield from (f"  {one.sentence}" for one in made if len(today.causes) > 1)
    if today.unattributed:
        yield f"not attributed (several changes together): {len(today.unattributed)}"
        yield from (f"  {one.sentence}" for one in today.unattributed)
