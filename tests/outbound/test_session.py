"""Sessions on real sockets: what is refused is never connected to, however it is spelt, named or reached."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import requests

from fhir_coder.errors import EhrRefused, EhrTimeout, EhrUnavailable
from fhir_coder.outbound.addresses import read_networks
from fhir_coder.outbound.attempt import NO_TOKEN, Answer, Call, attempt
from fhir_coder.outbound.connecting import Found
from fhir_coder.outbound.session import AddressRefused, AddressRule, open_session
from tests.outbound.listening import Listening, dripping, listening, self_signed

NEAR = AddressRule(read_networks("127.0.0.0/8"))


class Names:
    """A resolver with answers of ours, one list after the other for each name; the last one stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[Found]:
        self.asked.append(host)
        lists = self._answers[host.split(".")[0]]
        addresses = lists.pop(0) if len(lists) > 1 else lists[0]
        return [(socket.AF_INET6, (one, port, 0, 0)) if ":" in one else (socket.AF_INET, (one, port)) for one in addresses]


@pytest.fixture
def inside() -> Iterator[Listening]:
    with listening() as server:
        yield server


SPELLINGS = (
    "127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "0177.0.0.1", "2130706433", "127.0.0.1.", "0.0.0.0", "0", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "localhost", "LocalHost", "localhost.", "127.0.0.2",
    "１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "ⓛocalhost",
)  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
def test_every_spelling_of_this_machine_is_refused(inside: Listening, host: str) -> None:
    with open_session() as session, pytest.raises((AddressRefused, requests.ConnectionError, requests.exceptions.InvalidURL)):
        session.get(f"http://{host}:{inside.port}/", timeout=5)
    assert inside.seen == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "localhost"])
def test_what_the_spellings_would_have_reached(inside: Listening, host: str) -> None:
    """The control: a plain session gets through, or a session of ours that may."""
    with open_session(NEAR) as session:
        assert session.get(f"http://{host}:{inside.port}/", timeout=5).status_code == 200
    assert len(inside.seen) == 1


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.1", "192.168.1.1", "100.64.0.1", "[fd00:ec2::254]", "[fe80::1]", "0.0.0.0"])
def test_addresses_inside_are_refused_at_once(address: str) -> None:
    begun = time.monotonic()
    with open_session() as session, pytest.raises(AddressRefused) as caught:
        session.get(f"http://{address}/latest/meta-data/", timeout=30)
    assert time.monotonic() - begun < 5
    assert address.strip("[]") not in str(caught.value)


def test_an_address_of_the_configuration_is_called_and_its_neighbour_is_not(inside: Listening) -> None:
    url = f"http://127.0.0.1:{inside.port}/fhir"
    with listening() as neighbour, open_session(AddressRule.of(urls=(url,))) as session:
        assert session.get(url, timeout=5).text == "ok"
        with pytest.raises(AddressRefused):
            session.get(f"http://127.0.0.1:{neighbour.port}/", timeout=5)
        assert neighbour.seen == []


# ------------------------------------------------------------------------------------------------------------------------- names


def test_a_name_that_leads_inside_is_refused(inside: Listening) -> None:
    names = Names(evil=[["127.0.0.1"]])
    with open_session(AddressRule.of(urls=(f"http://evil.example:{inside.port}/",)), names) as session, pytest.raises(AddressRefused):
        session.get(f"http://evil.example:{inside.port}/", timeout=5)
    assert (inside.seen, names.asked) == ([], ["evil.example"])


def test_a_name_that_answers_differently_the_second_time_gains_nothing(inside: Listening) -> None:
    """Rebinding: public when judged, inside when connected to. There is no second question, and the judged address is the one called."""
    names = Names(evil=[["192.0.2.77"], ["127.0.0.1"]])
    rule = AddressRule(read_networks("192.0.2.0/24"))  # stands for a public address, which a test must not call
    with open_session(rule, names) as session, pytest.raises(requests.ConnectionError):
        session.get(f"http://evil.example:{inside.port}/", timeout=0.3)
    assert (inside.seen, names.asked) == ([], ["evil.example"])
    with open_session(rule, names) as session, pytest.raises(AddressRefused):
        session.get(f"http://evil.example:{inside.port}/", timeout=0.3)
    assert inside.seen == []


def test_of_several_addresses_only_those_allowed_are_called(inside: Listening) -> None:
    names = Names(both=[["10.0.0.1", "127.0.0.1", "169.254.169.254", "fe80::1"]])
    with open_session(NEAR, names) as session:
        assert session.get(f"http://both.example:{inside.port}/x", timeout=5).status_code == 200
    assert inside.seen == [(f"both.example:{inside.port}", "", "/x")]


def test_an_address_that_swallows_packets_leaves_time_for_the_next(inside: Listening) -> None:
    names = Names(slow=[["192.0.2.77", "127.0.0.1"]])
    with open_session(AddressRule(read_networks("192.0.2.0/24,127.0.0.0/8")), names) as session:
        assert session.get(f"http://slow.example:{inside.port}/", timeout=1).status_code == 200


def test_a_resolver_that_hangs_is_a_timeout() -> None:
    def hang(host: str, port: int) -> Sequence[Found]:
        time.sleep(2)
        return []

    begun = time.monotonic()
    with open_session(resolve=hang) as session:
        assert isinstance(attempt(session, Call("GET", "http://slow.example/"), NO_TOKEN, 0.2), EhrTimeout)
    assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 64 + ".example", "empty.example"])
def test_a_name_without_an_address_is_unavailable(host: str) -> None:
    with open_session() if "empty" not in host else open_session(resolve=Names(empty=[[]])) as session:
        assert isinstance(attempt(session, Call("GET", f"http://{host}/"), NO_TOKEN, 5), EhrUnavailable)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX: ", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nY"])
def test_headers_that_drip_end(head: bytes, secure: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each letter comes in time, and there is no end of letters."""
    certificate = self_signed(tmp_path / "ehr.pem", "slow.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    begun = time.monotonic()
    with dripping(head, certificate if secure else None) as port, open_session(NEAR, Names(slow=[["127.0.0.1"]])) as session:
        url = f"{'https' if secure else 'http'}://slow.example:{port}/"
        assert isinstance(attempt(session, Call("GET", url), NO_TOKEN, 0.5), EhrTimeout)
    assert time.monotonic() - begun < 5


# --------------------------------------------------------------------------------------------------------------------------- TLS


def test_the_certificate_is_checked_by_name_and_not_by_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path / "ehr.pem", "ehr.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    names = Names(ehr=[["127.0.0.1"]], other=[["127.0.0.1"]])
    with listening(certificate) as server, open_session(NEAR, names) as session:
        assert session.get(f"https://ehr.example:{server.port}/", timeout=5).text == "ok"
        assert (server.names, server.seen[0][0]) == (["ehr.example"], f"ehr.example:{server.port}")
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"https://other.example:{server.port}/", timeout=5)
        assert len(server.seen) == 1


def test_an_unknown_authority_is_not_believed(tmp_path: Path) -> None:
    with listening(self_signed(tmp_path / "ehr.pem", "ehr.example")) as server, open_session(NEAR, Names(ehr=[["127.0.0.1"]])) as session:
        assert isinstance(attempt(session, Call("GET", f"https://ehr.example:{server.port}/"), NO_TOKEN, 5), EhrUnavailable)


# ------------------------------------------------------------------------------------------------------------------- environment


def test_proxies_and_netrc_of_the_environment_are_not_used(inside: Listening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with listening() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with open_session(NEAR) as session:
            session.get(f"http://127.0.0.1:{inside.port}/", timeout=5)
            with pytest.raises(AddressRefused):
                session.get("http://10.0.0.1/", timeout=5)
        assert proxy.seen == []
    assert inside.seen == [(f"127.0.0.1:{inside.port}", "", "/")]


# --------------------------------------------------------------------------------------------------------------------- as errors


def test_a_refused_address_is_an_error_that_says_what_to_do_and_repeats_nothing() -> None:
    call = Call("GET", "http://secret-host.example/secret-path", {"X-Secret": "secret-token"})
    with open_session(resolve=Names(**{"secret-host": [["10.0.0.1"]]})) as session, pytest.raises(EhrRefused) as caught:
        attempt(session, call, NO_TOKEN, 5)
    assert "FHIR_CODER_PRIVATE_NETWORKS" in caught.value.message
    assert "secret" not in f"{caught.value!r}" and "10.0.0.1" not in caught.value.message


def test_a_redirect_inside_is_not_followed(inside: Listening) -> None:
    with listening(location=f"http://127.0.0.1:{inside.port}/") as server:
        url = f"http://127.0.0.1:{server.port}/"
        with open_session(AddressRule.of(urls=(url,))) as session:
            answer = attempt(session, Call("GET", url), NO_TOKEN, 5)
            assert isinstance(answer, Answer) and answer.status == 302
            with pytest.raises(AddressRefused):  # and even where a session follows it
                session.get(url, timeout=5)
    assert inside.seen == []
