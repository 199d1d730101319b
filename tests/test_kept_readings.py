"""What is read stays for a short while only: few, not long, and gone without anybody calling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fhir_coder.kept_readings import KeptReadings


@dataclass
class Time:
    """Seconds that a test moves; work that is due later is done then."""

    now: float = 0.0
    due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        self.due.append((self.now + seconds, work))

    def pass_to(self, moment: float) -> None:
        self.now = moment
        for at, work in list(self.due):
            if at <= moment:
                work()


def kept(time: Time, most: int = 2, lasts_s: float = 10.0) -> KeptReadings[str]:
    return KeptReadings(most, lasts_s, time.clock, time.later)


def test_the_one_used_longest_ago_goes_first() -> None:
    readings = kept(Time())
    readings.put("a", "A")
    readings.put("b", "B")
    assert readings.find("a") == "A"
    readings.put("c", "C")
    assert (readings.find("a"), readings.find("b"), readings.find("c"), len(readings)) == ("A", None, "C", 2)


def test_use_does_not_make_it_last_longer() -> None:
    time = Time()
    readings = kept(time)
    readings.put("a", "A")
    time.now = 9.9
    assert readings.find("a") == "A"
    time.now = 10.0
    assert readings.find("a") is None


def test_it_goes_when_its_time_is_over_though_nobody_asks() -> None:
    time = Time()
    readings = kept(time)
    readings.put("a", "A")
    readings.put("b", "B", lasts_s=3.0)
    time.pass_to(3.0)
    assert len(readings) == 1
    time.pass_to(10.0)
    assert len(readings) == 0


def test_nothing_lasts_longer_than_all() -> None:
    time = Time()
    readings = kept(time)
    readings.put("a", "A", lasts_s=1000.0)
    time.now = 10.0
    assert readings.find("a") is None


def test_a_real_timer_drops_it() -> None:
    import time as clock

    readings: KeptReadings[str] = KeptReadings(2, 0.05)
    readings.put("a", "A")
    until = clock.monotonic() + 5
    while len(readings) and clock.monotonic() < until:
        clock.sleep(0.02)
    assert len(readings) == 0
