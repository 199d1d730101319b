"""A configured destination as something that delivers: a form and a way out."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from fhir_coder.billing.answer import Answer
from fhir_coder.billing.csv_file import csv_file
from fhir_coder.billing.dft import Addressed, dft_message
from fhir_coder.billing.file_drop import FileDrop
from fhir_coder.billing.mllp import Connect, Mllp
from fhir_coder.billing.outgoing import Render
from fhir_coder.billing.signed import Correction, SignedEncounter
from fhir_coder.billing_settings import BillingDestination, Kind, TlsFiles
from fhir_coder.errors import ConfigurationError
from fhir_coder.outbound.connecting import Connector


class Carrier(Protocol):
    """Takes one message out."""

    def deliver(self, control_number: str, message: bytes) -> Answer:
        """Never raises for what the other side does."""


@dataclass(frozen=True, slots=True)
class OpenDestination:
    """What :class:`fhir_coder.billing.delivery.Delivery` needs of one."""

    settings: BillingDestination
    render: Render
    carrier: Carrier


def open_destination(settings: BillingDestination, connector: Connector) -> OpenDestination:
    """Raises ConfigurationError for a folder that is not there and for TLS files that cannot be used."""
    if settings.kind is Kind.DFT_MLLP:
        return OpenDestination(settings, _dft(settings), Mllp(_connect(settings, connector), settings.timeout_s))
    folder = Path(settings.folder)
    if not folder.is_dir():
        raise ConfigurationError(f"the folder {folder} of billing destination {settings.id} is not there")
    if settings.kind is Kind.CSV:
        return OpenDestination(settings, csv_file, FileDrop(folder, ".csv"))
    return OpenDestination(settings, _dft(settings), FileDrop(folder, ".hl7"))


def _dft(settings: BillingDestination) -> Render:
    sends = (settings.sending_application, settings.sending_facility)
    addressed = Addressed(*sends, settings.receiving_application, settings.receiving_facility, settings.processing)

    def render(signed: SignedEncounter, correction: Correction | None) -> bytes:
        return dft_message(signed, correction, addressed, datetime.now(UTC))

    return render


def _connect(settings: BillingDestination, connector: Connector) -> Connect:
    open_plain: Callable[[float], socket.socket] = partial(connector.connect, settings.host, settings.port)
    if settings.tls is None:
        return open_plain
    context = _context(settings.tls, settings.id)

    def connect(timeout_s: float) -> socket.socket:
        plain = open_plain(timeout_s)
        try:
            return context.wrap_socket(plain, server_hostname=settings.host)
        except BaseException:
            plain.close()
            raise

    return connect


def _context(files: TlsFiles, name: str) -> ssl.SSLContext:
    """TLS 1.2 or newer, the receiver's name verified."""
    try:
        context = ssl.create_default_context(cafile=files.ca or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if files.cert:
            context.load_cert_chain(files.cert, files.key, password=lambda: b"")  # asks nobody at a terminal
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"the TLS files of billing destination {name} cannot be used ({type(error).__name__})") from None
    return context
