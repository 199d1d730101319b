"""Rates: read, counted in windows that slide, shared by processes, and never in the way when the counters are lost."""

from __future__ import annotations

import logging
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter

from fhir_coder.errors import ConfigurationError, Throttled
from fhir_coder.settings import Settings
from fhir_coder.throttle.counter_file import CounterFile
from fhir_coder.throttle.rates import COUNTERS, Rates, Storage, Throttle, open_counters, read_rates, subscriber_of

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """Seconds since 1970, at the begin of a minute."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def throttle_of(counters: Storage, calls: str = "3/minute", failures: str = "2/minute", **more: Any) -> Throttle:
    return Throttle(counters, Rates(read_rates(calls), read_rates(failures)), **more)


def passes(throttle: Throttle, times: int, tenant: str = "north", client: str = "a") -> list[str]:
    """For each of so many calls what it was told: nothing, or to wait for how long."""
    told = []
    for _ in range(times):
        try:
            throttle.call(tenant, client)
            told.append("")
        except Throttled as error:
            told.append(error.headers["Retry-After"])
    return told


# ------------------------------------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize(("raw", "count"), [("600/minute", 1), ("5 per second", 1), ("20/second; 600/minute", 2), ("", 0), (" ", 0)])
def test_rates_are_read(raw: str, count: int) -> None:
    assert len(read_rates(raw)) == count


@pytest.mark.parametrize("raw", ["600", "minute", "-1/minute", "0/minute", "6/fortnight", "secret-value", ";"])
def test_what_is_no_rate_stops_the_start(raw: str) -> None:
    with pytest.raises(ConfigurationError, match="FHIR_CODER_RATE_LIMIT") as caught:
        Settings.from_environment({"FHIR_CODER_RATE_LIMIT": raw})
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("raw", ["memory://", "http://secret-host/", "secret-value"])
def test_what_is_no_store_of_counters_stops_the_start(raw: str) -> None:
    with pytest.raises(ConfigurationError, match="FHIR_CODER_RATE_STORE") as caught:
        Settings.from_environment({"FHIR_CODER_RATE_STORE": raw})
    assert "secret" not in caught.value.message


# ------------------------------------------------------------------------------------------------------------------------ counting


def test_the_call_over_the_rate_is_told_when_to_come_back(tmp_path: Path, clock: Clock) -> None:
    throttle = throttle_of(CounterFile(tmp_path / "c.sqlite", clock))
    assert passes(throttle, 5) == ["", "", "", "60", "60"]
    clock.now += 60
    assert passes(throttle, 1) == ["1"]  # the window before still weighs nearly whole
    clock.now += 1
    assert passes(throttle, 2) == ["", "20"]


def test_who_waits_as_told_gets_through(tmp_path: Path, clock: Clock) -> None:
    throttle = throttle_of(CounterFile(tmp_path / "c.sqlite", clock), "7/minute")
    for pause in (0, 13, 29, 5, 59, 61, 3):
        clock.now += pause
        for told in passes(throttle, 9):
            if told:
                clock.now += float(told) + 0.001
                assert passes(throttle, 1) == [""]
                break


def test_no_window_of_a_minute_holds_much_more_than_the_rate(tmp_path: Path, clock: Clock) -> None:
    """A caller who calls all the time; fixed windows would let twice the rate through at the turn of the minute."""
    throttle = throttle_of(CounterFile(tmp_path / "c.sqlite", clock), "60/minute")
    clock.now += 30
    let_in = []
    for _ in range(1200):
        if passes(throttle, 1) == [""]:
            let_in.append(clock.now)
        clock.now += 0.25
    most = max(sum(begin <= one < begin + 60 for one in let_in) for begin in let_in)
    assert 60 <= most <= 90


def test_clients_and_tenants_are_counted_apart(tmp_path: Path, clock: Clock) -> None:
    throttle = throttle_of(CounterFile(tmp_path / "c.sqlite", clock), "1/minute")
    assert passes(throttle, 2) == ["", "60"]
    assert passes(throttle, 1, client="b") == passes(throttle, 1, tenant="south") == [""]
    assert passes(throttle, 1, tenant="no", client="rth\0a") == [""]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9%eth0", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_addresses_of_one_subscriber_are_one_place(address: str, place: str) -> None:
    assert subscriber_of(address) == place


def test_another_address_of_the_same_subscriber_does_not_begin_anew(tmp_path: Path, clock: Clock) -> None:
    throttle = throttle_of(CounterFile(tmp_path / COUNTERS, clock), failures="2/minute")
    throttle.failure("2001:db8::1")
    throttle.failure("2001:db8::2")
    with pytest.raises(Throttled):
        throttle.failure("2001:db8::3")


def test_failures_are_counted_apart_from_calls(tmp_path: Path, clock: Clock) -> None:
    throttle = throttle_of(CounterFile(tmp_path / "c.sqlite", clock), failures="2/minute")
    for _ in range(2):
        throttle.failure("192.0.2.1")
    with pytest.raises(Throttled):
        throttle.failure("192.0.2.1")
    throttle.failure("192.0.2.2")
    assert passes(throttle, 1, tenant="failure", client="192.0.2.1") == [""]


def test_no_rate_is_no_limit(tmp_path: Path) -> None:
    assert set(passes(throttle_of(CounterFile(tmp_path / "c.sqlite"), calls=""), 1000)) == {""}


def test_several_rates_hold_at_once(tmp_path: Path, clock: Clock) -> None:
    throttle = throttle_of(CounterFile(tmp_path / "c.sqlite", clock), "2/second; 3/minute")
    assert passes(throttle, 3) == ["", "", "1"]


# ------------------------------------------------------------------------------------------------------------------------ the file


def test_the_file_names_nobody_and_forgets(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "c.sqlite"
    throttle = throttle_of(CounterFile(path, clock))
    for number in range(50):
        passes(throttle, 1, client=f"marker-{number}")
    clock.now += 121
    passes(throttle, 1, client="marker-last")
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM counter").fetchone() == (1,)
    connection.close()
    assert path.stat().st_mode & 0o077 == 0
    assert not any(b"marker" in one.read_bytes() for one in tmp_path.iterdir())


def test_it_is_a_storage_as_the_library_understands_it(tmp_path: Path, clock: Clock) -> None:
    counters, rate = CounterFile(tmp_path / "c.sqlite", clock), parse("2/minute")
    fixed = FixedWindowRateLimiter(counters)
    assert [fixed.hit(rate, "a") for _ in range(3)] == [True, True, False]
    assert fixed.get_window_stats(rate, "a") == (clock.now + 60, 0)
    fixed.clear(rate, "a")
    assert fixed.hit(rate, "a") and fixed.get_window_stats(rate, "a").remaining == 1
    clock.now += 60
    assert counters.get(rate.key_for("a")) == 0
    sliding = SlidingWindowCounterRateLimiter(counters)
    assert sliding.hit(rate, "b") and sliding.hit(rate, "b") and not sliding.hit(rate, "b")
    sliding.clear(rate, "b")
    assert sliding.test(rate, "b") and counters.check()
    counters.incr("c", 60)
    assert counters.reset() == 1 and counters.get_expiry(rate.key_for("a")) == clock.now


CALLER = """
import sys
from pathlib import Path
from fhir_coder.errors import Throttled
from fhir_coder.throttle.rates import Rates, Throttle, open_counters, read_rates
throttle = Throttle(open_counters(sys.argv[1], Path(sys.argv[2])), Rates(read_rates("100/hour")))
sys.stdin.readline()
let_in = 0
for _ in range(80):
    try:
        throttle.call("north", "a")
        let_in += 1
    except Throttled:
        pass
print(let_in)
"""


def let_in_by_two_processes(store: str, data: Path) -> int:
    """How many of 160 calls two processes let in, which begin at the same moment."""
    command = [sys.executable, "-c", CALLER, store, str(data)]
    running = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    return sum(int(one.communicate("go\n", timeout=60)[0]) for one in running)


@pytest.fixture
def begin_of_an_hour() -> None:
    """At the turn of an hour the first calls would fall into another window: then the test waits."""
    if 3600 - time.time() % 3600 < 10:
        time.sleep(11)


def test_two_processes_share_one_count(tmp_path: Path, begin_of_an_hour: None) -> None:
    assert let_in_by_two_processes("", tmp_path) == 100


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("redis")
    if not (server := shutil.which("redis-server")):
        pytest.skip("needs redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    running = subprocess.Popen([server, *options], stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        running.terminate()
        running.wait()


def test_processes_of_several_machines_share_one_count(redis_url: str, tmp_path: Path, begin_of_an_hour: None) -> None:
    assert let_in_by_two_processes(redis_url, tmp_path) == 100
    assert list(tmp_path.glob(f"{COUNTERS}*")) == []


# -------------------------------------------------------------------------------------------------------------------- lost counters


def test_lost_counters_let_everybody_in_and_say_so_once_a_minute(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    counters, lost, now = CounterFile(tmp_path / "c.sqlite"), [], [0.0]
    throttle = throttle_of(counters, on_lost=lambda: lost.append(1), clock=lambda: now[0])
    with sqlite3.connect(tmp_path / "c.sqlite") as connection:
        connection.execute("DROP TABLE counter")
    connection.close()
    with caplog.at_level(logging.WARNING):
        assert set(passes(throttle, 10)) == {""}
        now[0] = 60.0
        assert passes(throttle, 1) == [""]
    assert len(lost) == 11
    assert [one.message for one in caplog.records] == ["calls are not limited: the counters cannot be reached (OperationalError)"] * 2


def test_a_redis_that_is_not_there_lets_everybody_in(tmp_path: Path) -> None:
    pytest.importorskip("redis")
    lost: list[int] = []
    assert passes(throttle_of(open_counters("redis://127.0.0.1:9/0", tmp_path), on_lost=lambda: lost.append(1)), 2) == ["", ""]
    assert lost == [1, 1]


def test_a_file_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / COUNTERS).mkdir()
    with pytest.raises(ConfigurationError, match="FHIR_CODER_DATA"):
        open_counters("", tmp_path)
