"""Which addresses are public, by the registries; what rules allow."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from fhir_coder.outbound.addresses import is_public, is_within, read_networks
from fhir_coder.outbound.rule import AddressRule

INSIDE = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:7f00:1::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "4000::1",
    "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1",
)  # fmt: skip
PUBLIC = (
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
    "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
    "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("address", "is_in"),
    [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("64:ff9b::a01:203", True), ("10.2.0.1", False), ("fd12::1", True), ("fd13::1", False)],
)
def test_networks_that_a_site_lists(address: str, is_in: bool) -> None:
    assert is_within(ip_address(address), read_networks(" 10.1.0.0/16,fd12::/48 ,")) is is_in


@pytest.mark.parametrize("raw", ["10.1.2.3/16", "10.7", "ehr.example", "10.0.0.0/33", "10.0.0.0/8;10.1.0.0/16"])
def test_what_is_no_network(raw: str) -> None:
    with pytest.raises(ValueError, match=r"^expected networks") as caught:
        read_networks(raw)
    assert raw not in str(caught.value)


URLS = (
    "http://127.0.0.1:8103/fhir",
    "https://10.0.0.5/fhir",
    "http://localhost:9000/",
    "https://ehr.example/fhir",
    "https://[fd12::5]/fhir",
)


@pytest.mark.parametrize(
    ("host", "port", "address", "allowed"),
    [
        ("127.0.0.1", 8103, "127.0.0.1", True),
        ("127.0.0.1", 8104, "127.0.0.1", False),  # the same machine is not the same server
        ("127.0.0.2", 8103, "127.0.0.2", False),
        ("10.0.0.5", 443, "10.0.0.5", True),
        ("10.0.0.5", 80, "10.0.0.5", False),
        ("fd12::5", 443, "fd12::5", True),
        ("localhost", 9000, "127.0.0.1", True),
        ("LOCALHOST", 9000, "::1", True),
        ("localhost", 9000, "10.0.0.7", False),  # whatever a hosts file says
        ("localhost", 9001, "127.0.0.1", False),
        ("ehr.example", 443, "10.0.0.5", False),  # a configured name is no configured address
        ("ehr.example", 443, "8.8.8.8", True),
        ("127.1", 8103, "127.0.0.1", False),
    ],
)
def test_addresses_that_stand_in_the_configuration(host: str, port: int, address: str, allowed: bool) -> None:
    assert AddressRule.of(urls=URLS).allows(host, port, ip_address(address)) is allowed
