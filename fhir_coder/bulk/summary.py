"""The report at the end of a run, for programs and for people. It is made from what the store keeps, so that it is of the whole run, however often that was
stopped and resumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_coder.bulk.ended import Counts

MOST_SHOWN = 10
_FEWEST_S = 0.001


@dataclass(frozen=True, slots=True)
class Effort:
    """What this call of the command did: encounters that ended, seconds that went by while encounters were coded, processes, none where workers coded."""

    encounters: int
    seconds: float
    processes: int

    @property
    def rate(self) -> float:
        """Encounters a second."""
        return self.encounters / max(self.seconds, _FEWEST_S)


def summary(run: str, total: int, counted: Counts, problems: Mapping[str, int], files: Iterable[str], effort: Effort) -> dict[str, Any]:
    """Everything, as it is written to ``summary.json``."""
    ended = {end: counted.ends.get(end, 0) for end in ("coded", "failed", "again")}
    return {
        "run": run,
        "encounters": total,
        **ended,
        "left": total - ended["coded"] - ended["failed"],
        "dispositions": counted.dispositions,
        "failures": counted.errors,
        "triedAgainLater": counted.again,
        "findings": counted.findings,
        "codes": counted.codes,
        "linesOfTheExport": dict(problems),
        "files": list(files),
        "lastCall": {
            "encounters": effort.encounters,
            "seconds": round(effort.seconds, 1),
            "perSecond": round(effort.rate, 2),
            "processes": effort.processes,
        },
    }


def is_complete(told: Mapping[str, Any]) -> bool:
    """Whether every encounter was coded, and every line could be read."""
    return told["coded"] == told["encounters"] and not told["linesOfTheExport"].get("corrupt")


def page(told: Mapping[str, Any]) -> str:
    """The same for people."""
    last = told["lastCall"]
    lines = [
        f"run {told['run']}",
        f"encounters {told['encounters']}: coded {told['coded']}, failed {told['failed']}, to be tried again {told['again']}",
        f"not done yet, those to be tried again included: {told['left']}" if told["left"] else "",
        _list("dispositions", told["dispositions"]),
        _list("failures by error", told["failures"]),
        _list("to be tried again, by error", told["triedAgainLater"]),
        _list("lines of the export", told["linesOfTheExport"]),
        _list("findings by edit", told["findings"]),
        _list("codes", told["codes"]),
        f"this call: {last['encounters']} encounters in {last['seconds']} s, {last['perSecond']} a second, "
        + (f"{last['processes']} processes" if last["processes"] else "at workers"),
    ]
    return "\n".join(filter(None, lines))


def _list(title: str, counts: Mapping[str, int]) -> str:
    shown = [f"{name} {count}" for name, count in list(counts.items())[:MOST_SHOWN]]
    more = f", and {len(counts) - MOST_SHOWN} more" if len(counts) > MOST_SHOWN else ""
    return f"{title}: {', '.join(shown)}{more}" if shown else ""
