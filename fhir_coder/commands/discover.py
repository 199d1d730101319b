"""``fhir-coder discover``: finds encounters that are to be coded, once or for good, and takes on a job for each."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network

from fhir_coder.api.discovery_metrics import DiscoveryMetrics
from fhir_coder.api.log import FIELDS, configure_logging
from fhir_coder.api.metrics import Metrics
from fhir_coder.api.metrics_server import MetricsServer
from fhir_coder.app import open_all_stores
from fhir_coder.commands.actions import patience, pause_s
from fhir_coder.discovering import Discovering, Place, server_context
from fhir_coder.discovery.listener import Listener
from fhir_coder.discovery.round import Report, Round
from fhir_coder.errors import ConfigurationError
from fhir_coder.listening import Address, read_address
from fhir_coder.outbound.addresses import Network
from fhir_coder.protected_urls import is_loopback
from fhir_coder.settings import Settings
from fhir_coder.store.start import Stores

LISTENING_EVERY_S = 60.0
"""How often it looks where it listens and nothing else is said."""
_LOG = logging.getLogger("fhir_coder.discovery")


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("discover", help="find encounters that are to be coded, and take on a job for each")
    command.add_argument("--tenant", default="", help="only EHRs of this tenant")
    command.add_argument("--ehr", default="", help="only EHRs of this id")
    command.add_argument("--every", type=pause_s, metavar="SECONDS", help="go on, looking again after so many seconds")
    command.add_argument(
        "--status", action="store_true", help="print how many encounters stand how and how far each way has come, and find none"
    )
    listening = command.add_argument_group("messages of HL7 v2 over MLLP")
    listening.add_argument("--listen", type=_address, metavar="HOST:PORT", help="take ADT and MDM messages there, and go on")
    listening.add_argument("--tls-certificate", default="", metavar="FILE", help="our certificate (PEM): senders speak TLS")
    listening.add_argument("--tls-key", default="", metavar="FILE", help="its private key (PEM), where it is not in the same file")
    listening.add_argument(
        "--tls-client-ca", default="", metavar="FILE", help="only senders with a certificate of this authority are heard"
    )
    listening.add_argument(
        "--sender",
        type=_network,
        action="append",
        default=[],
        metavar="NETWORK",
        help="only senders of this network are heard; may be repeated",
    )
    listening.add_argument("--trust-network", action="store_true", help="listen beyond this machine although senders prove nothing")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 1 when a way or an EHR failed in a single round."""
    settings = Settings.from_environment()
    configure_logging(settings.log_level)
    stores = open_all_stores(settings, patience=patience(arguments.every or arguments.listen))
    try:
        metrics = Metrics()
        discovering = Discovering(settings, stores, metrics, arguments.tenant, arguments.ehr)
        if arguments.status:
            return _tell(stores, discovering)
        every = arguments.every or (LISTENING_EVERY_S if arguments.listen else None)
        if every and settings.metrics_address:
            MetricsServer(metrics, settings.metrics_address).begin()
        with _listening(arguments, discovering, metrics.discovery), _told_to_end() as over:
            return _rounds(discovering, metrics.discovery, every, over)
    finally:
        stores.close()


def _rounds(discovering: Discovering, metrics: DiscoveryMetrics, every: float | None, over: threading.Event) -> int:
    """Each EHR has a thread, so that none waits for another. What goes on and is told to end has not failed, whatever went wrong in between."""
    failed = threading.Event()

    def go_on(place: Place, one: Round) -> None:
        metrics.begin(place.tenant.id, place.ehr.id)
        while not over.is_set():
            if _is_amiss(place, one, metrics, over):
                failed.set()
            if every is None or over.wait(every):
                return

    threads = [threading.Thread(target=go_on, args=pair, name="discovery") for pair in discovering.rounds()]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():  # a thread that is joined without a limit would keep signals waiting
            thread.join(1.0)
    return 1 if every is None and failed.is_set() else 0


def _is_amiss(place: Place, one: Round, metrics: DiscoveryMetrics, over: threading.Event) -> bool:
    """One round, told in a line and in the log; whether something failed."""
    try:
        report = one.run(over)
    except Exception as error:  # the database may be away for a while
        _LOG.warning("a round of discovery failed: %s", type(error).__name__)
        metrics.count_failed_round(place.tenant.id, place.ehr.id)
        return True
    metrics.count_round(place.tenant.id, place.ehr.id, report)
    fields = {"tenant": place.tenant.id, "ehr": place.ehr.id, "found": report.found, "looked": report.looked, "jobs": report.taken}
    _LOG.info("discovery", extra={FIELDS: fields | {"heldSeconds": report.held_s, "isFull": report.is_full}})
    print(_line(place, report), flush=True)
    for problem in report.problems:
        print(f"{place.tenant.id}/{place.ehr.id}: {problem}", flush=True)
    return bool(report.problems)


def _line(place: Place, report: Report) -> str:
    held = f", left alone for {report.held_s} s" if report.held_s else ""
    withdrawn = f", {report.withdrawn} withdrawn after they were coded" if report.withdrawn else ""
    return (
        f"{place.tenant.id}/{place.ehr.id}: {report.found} found, {report.looked} looked at, {report.taken} jobs taken on{withdrawn}{held}"
    )


def _tell(stores: Stores, discovering: Discovering) -> int:
    for place in discovering.places:
        for one in stores.discovery.counts(place.tenant.id, place.ehr.id):
            print(
                f"{place.tenant.id}/{place.ehr.id}  {one.state.value:<8} {one.reason:<20} {one.count:>7}  oldest found {_time(one.oldest_s)}"
            )
        for way in stores.discovery.reached(place.tenant.id, place.ehr.id):
            print(f"{place.tenant.id}/{place.ehr.id}  way {way.way:<16} up to {way.mark}, since {_time(way.changed_s)}")
        held_s = stores.discovery.held_until_s(place.tenant.id, place.ehr.id)
        if held_s > datetime.now(UTC).timestamp():
            print(f"{place.tenant.id}/{place.ehr.id}  left alone until {_time(held_s)}")
    return 0


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


@contextmanager
def _listening(arguments: argparse.Namespace, discovering: Discovering, metrics: DiscoveryMetrics) -> Iterator[None]:
    """Take messages meanwhile, where that is asked for. Raises ConfigurationError."""
    address: Address | None = arguments.listen
    if address is None:
        yield
        return
    has_tls, proves = bool(arguments.tls_certificate), bool(arguments.tls_client_ca)
    if (arguments.tls_key or proves) and not has_tls:
        raise ConfigurationError("--tls-key and --tls-client-ca go with --tls-certificate")
    if not (is_loopback(address.host) or (has_tls and proves) or arguments.trust_network):
        raise ConfigurationError(
            "messages from beyond this machine are taken of senders that prove who they are: give --tls-certificate and --tls-client-ca, or say with "
            "--trust-network that nobody else reaches the port"
        )
    context = server_context(arguments.tls_certificate, arguments.tls_key, arguments.tls_client_ca) if has_tls else None
    reception = discovering.reception()
    try:
        listener = Listener(
            (address.host, address.port), reception.answer, context, senders=arguments.sender, count=metrics.count_connection
        )
    except OSError as error:
        raise ConfigurationError(f"{address} cannot be listened at ({error.strerror or type(error).__name__})") from None
    listener.start()
    print(f"listening for HL7 v2 at {address}", flush=True)
    try:
        yield
    finally:
        listener.stop()


@contextmanager
def _told_to_end() -> Iterator[threading.Event]:
    """Set when the process is told to end: what is being looked at is looked at to its end, and nothing further is begun."""
    over = threading.Event()
    before = {one: signal.signal(one, lambda number, frame: over.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield over
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise argparse.ArgumentTypeError("expected an address or a network, for instance 10.1.2.0/24") from None


def _address(text: str) -> Address:
    try:
        found = read_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if found is None:
        raise argparse.ArgumentTypeError("expected host:port, for instance 127.0.0.1:2575")
    return found
