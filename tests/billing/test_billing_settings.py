"""The member ``billing`` of a tenant: what is read of it, and what stops the start."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fhir_coder.billing_settings import BillingDestination, Kind, TlsFiles, read_billing
from fhir_coder.tenant_settings import read_tenants

MLLP = {"kind": "dft-mllp", "host": "billing.example", "port": 6661}
READ: dict[str, tuple[Any, BillingDestination]] = {
    "csv": ({"kind": "csv", "folder": "/var/billing"}, BillingDestination(Kind.CSV, folder="/var/billing")),
    "mllp": (MLLP, BillingDestination(Kind.DFT_MLLP, host="billing.example", port=6661, tls=TlsFiles())),
    "in plain": (MLLP | {"tls": False}, BillingDestination(Kind.DFT_MLLP, host="billing.example", port=6661)),
    "own authority": (
        [MLLP | {"id": "b", "tls": {"ca": "/ca.pem"}}],
        BillingDestination(Kind.DFT_MLLP, "b", host="billing.example", port=6661, tls=TlsFiles("/ca.pem")),
    ),
}


@pytest.mark.parametrize(("given", "read"), READ.values(), ids=READ.keys())
def test_a_destination_is_read(given: Any, read: BillingDestination) -> None:
    (tenant,) = read_tenants(json.dumps([{"id": "north", "billing": given}]))
    assert tenant.billing == (read,)


def test_a_tenant_without_it_delivers_nowhere() -> None:
    assert read_tenants('[{"id": "north"}]')[0].billing == ()


FAULTS: dict[str, Any] = {
    "no kind": {"folder": "/x"},
    "unknown kind": {"kind": "fax", "folder": "/x"},
    "no folder": {"kind": "csv"},
    "relative folder": {"kind": "csv", "folder": "x"},
    "folder and host": {"kind": "csv", "folder": "/x", "host": "h"},
    "TLS of a folder": {"kind": "csv", "folder": "/x", "tls": False},
    "no port": {"kind": "dft-mllp", "host": "h"},
    "port as text": MLLP | {"port": "6661"},
    "port too large": MLLP | {"port": 65536},
    "folder of mllp": MLLP | {"folder": "/x"},
    "misspelt": MLLP | {"hots": "h"},
    "TLS as text": MLLP | {"tls": "yes"},
    "misspelt TLS": MLLP | {"tls": {"cacert": "/x"}},
    "key without certificate": MLLP | {"tls": {"key": "/x"}},
    "time": MLLP | {"timeout_s": 0},
    "attempts": MLLP | {"attempts": 0},
    "flag": MLLP | {"resend_unanswered": "false"},
    "a name that breaks the header": MLLP | {"receiving_application": "A|B"},
    "processing": MLLP | {"processing": "X"},
    "id": MLLP | {"id": "a/b"},
    "twice": [MLLP, MLLP],
}


@pytest.mark.parametrize("given", FAULTS.values(), ids=FAULTS.keys())
def test_a_mistake_stops_the_start(given: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        read_billing(given)
