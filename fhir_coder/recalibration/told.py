"""A calibration as a page of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def page(content: dict[str, Any]) -> str:
    """What :func:`fhir_coder.recalibration.kept.content_of` holds, for a terminal."""
    return "\n".join(_lines(content))


def _lines(content: dict[str, Any]) -> Iterator[str]:
    made, wanted = content["made_from"], content["wanted"]
    yield f"Calibration of tenant {content['tenant']} for ranker {content['made_for']['ranker']}, model {content['made_for']['model']}"
    yield f"  encounters      {made['encounters']}, signed {made['first_signed']} to {made['last_signed']}; {made['held_out']} of the newest held out"
    yield f"  not held out    {made['of_known_patients']} of the newest, whose patient is one of the older"
    yield f"  decided codes   {made['codes']}, {made['not_kept']} of them not kept"
    yield f"  unopened codes  {made['unopened']}, {'counted as kept' if made['unopened_counted'] else 'not counted'}"
    yield f"  left out        {made['of_other_models']} encounters that another ranker or model coded; {made['signed_again']} sign-offs before the last of an encounter"
    if refit := content["refit"]:
        yield f"Probabilities drawn anew: level {content['curve']['level']:g}, slope {content['curve']['slope']:g}; on the newest encounters"
        for name, words in (("brier", "Brier score"), ("error", "calibration error")):
            before, after = refit["before"], refit["after"]
            yield f"  {words:18} {before[name]:.4f} {_between(before[f'{name}_interval'])} before, {after[name]:.4f} {_between(after[f'{name}_interval'])} after"
    yield f"pass_probability {content['pass_probability']:g}: codes from there are kept with a precision of {wanted['target']:g} or more"
    for name, words in (("older", "older encounters"), ("newest", "newest encounters, which it was not found on")):
        found = content[name]
        yield f"  {words}"
        yield f"    precision {found['precision']:.4f} {_between(found['precision_interval'])} of {found['codes']} codes, {found['codes_share']:.1%} of those decided"
        yield (
            f"    {found['encounters_share']:.1%} of the encounters have every code there; {found['exact_share']:.1%} "
            f"{_between(found['exact_interval'])} of these were signed as proposed"
        )
    yield from (f"Warning: {one}" for one in content["warnings"])


def _between(interval: tuple[float, float]) -> str:
    return f"({interval[0]:.4f} to {interval[1]:.4f})"
