"""TLS to PostgreSQL: what is refused before a connection, and a server with a certificate of a test's own that is proved or not."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.engine import open_engine
from fhir_coder.store.exclusive import open_lock_engine
from fhir_coder.store.tls import DatabaseTls

HERE = "postgresql+psycopg://u@127.0.0.1/db"
ELSEWHERE = "postgresql+psycopg://u:secret-word@db.example.org/db"
FILE = __file__

REFUSED: dict[str, tuple[str, DatabaseTls]] = {
    "another host, nothing said": (ELSEWHERE, DatabaseTls()),
    "another host, plain by its URL": (f"{ELSEWHERE}?sslmode=disable", DatabaseTls()),
    "another host, plain if it must": (f"{ELSEWHERE}?sslmode=prefer", DatabaseTls()),
    "another host beside this one": ("postgresql+psycopg://u@/db?host=127.0.0.1,db.example.org", DatabaseTls()),
    "another address under the name of this host": ("postgresql+psycopg://u@localhost/db?hostaddr=198.51.100.7", DatabaseTls()),
    "a name that may lead anywhere": ("postgresql+psycopg://u@localhost.example.org/db", DatabaseTls()),
    "both set": (f"{ELSEWHERE}?sslmode=require", DatabaseTls("verify-full", FILE)),
    "no authorities": (ELSEWHERE, DatabaseTls("verify-full")),
    "no authorities either": (ELSEWHERE, DatabaseTls("verify-ca")),
    "no such file": (ELSEWHERE, DatabaseTls("verify-full", "/no/such/file")),
    "half a certificate": (ELSEWHERE, DatabaseTls("verify-full", FILE, certificate=FILE)),
    "files and no mode": (HERE, DatabaseTls("", FILE)),
    "files and off": (ELSEWHERE, DatabaseTls("off", FILE)),
    "another database": ("sqlite:///x.sqlite", DatabaseTls("verify-full", FILE)),
}


@pytest.mark.parametrize(("url", "tls"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(url: str, tls: DatabaseTls) -> None:
    with pytest.raises(ConfigurationError) as raised:
        tls.applied(make_url(url))
    assert "secret-word" not in raised.value.message


APPLIED: dict[str, tuple[str, DatabaseTls, dict[str, Any]]] = {
    "this machine in plain": (HERE, DatabaseTls(), {}),
    "a socket": ("postgresql+psycopg://u@/db?host=/run/postgresql", DatabaseTls(), {"host": "/run/postgresql"}),
    "by its URL": (f"{ELSEWHERE}?sslmode=verify-full", DatabaseTls(), {"sslmode": "verify-full"}),
    "allowed in plain": (ELSEWHERE, DatabaseTls("off"), {"sslmode": "disable"}),
    "encrypted": (ELSEWHERE, DatabaseTls("require"), {"sslmode": "require"}),
    "the system's": (ELSEWHERE, DatabaseTls("verify-full", "system"), {"sslmode": "verify-full", "sslrootcert": "system"}),
    "all": (
        ELSEWHERE,
        DatabaseTls("verify-full", FILE, FILE, FILE),
        {"sslmode": "verify-full", "sslrootcert": FILE, "sslcert": FILE, "sslkey": FILE},
    ),
}


@pytest.mark.parametrize(("url", "tls", "query"), APPLIED.values(), ids=APPLIED)
def test_what_is_applied(url: str, tls: DatabaseTls, query: dict[str, Any]) -> None:
    assert dict(tls.applied(make_url(url)).query) == query


def test_the_locks_go_the_same_way() -> None:
    engine = open_engine(ELSEWHERE, DatabaseTls("verify-full", FILE))
    assert dict(open_lock_engine(engine).url.query) == dict(engine.url.query) != {}


@dataclass(frozen=True)
class Server:
    """A PostgreSQL that takes TLS connections only; ``ca`` signed its certificate for the address 127.0.0.1, ``other`` did not."""

    port: int
    ca: str
    other: str

    def version(self, tls: DatabaseTls, host: str = "127.0.0.1") -> str:
        """The TLS version that a connection was made with."""
        engine = open_engine(f"postgresql+psycopg://tester@{host}:{self.port}/postgres", tls)
        for each in (engine, open_lock_engine(engine)):
            with each.connect() as connection:
                found = connection.scalar(text("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
            each.dispose()
        return str(found)


def authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    return key, certificate(name, key, key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), is_authority=True)


def certificate(
    name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, issuer: x509.Name, is_authority: bool = False
) -> x509.Certificate:
    now = datetime.now(UTC)
    building = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        names = x509.SubjectAlternativeName([x509.DNSName("db.test")])
        building = building.add_extension(names, critical=False)
    return building.sign(signer, hashes.SHA256())


def pem(path: Path, found: x509.Certificate | ec.EllipticCurvePrivateKey) -> str:
    if isinstance(found, x509.Certificate):
        path.write_bytes(found.public_bytes(serialization.Encoding.PEM))
    else:
        form = serialization.PrivateFormat.PKCS8
        path.write_bytes(found.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    path.chmod(0o600)
    return str(path)


def programs() -> Path:
    """Where initdb and postgres lie, or a skip."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *map(Path, os.environ["PATH"].split(":"))]
    found = next((one for one in folders if (one / "initdb").is_file() and (one / "postgres").is_file()), None)
    if found is None:
        pytest.skip("no PostgreSQL server is installed")
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of the test's own, run as nobody where the tests run as root, as PostgreSQL refuses that."""
    bin_folder, user = programs(), "nobody" if os.geteuid() == 0 else None
    ca_key, ca = authority("ca")
    key = ec.generate_private_key(ec.SECP256R1())
    with TemporaryDirectory(prefix="fhir-coder-tls-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        home = folder / "home"
        home.mkdir()
        files = pem(folder / "ca.pem", ca), pem(folder / "other.pem", authority("other")[1])
        pem(home / "server.crt", certificate("db.test", key, ca_key, ca.subject))
        pem(home / "server.key", key)
        if user:
            for path in (home, *home.iterdir()):
                shutil.chown(path, user)
        with running(bin_folder, home, user) as port:
            yield Server(port, *files)


@contextmanager
def running(bin_folder: Path, home: Path, user: str | None) -> Iterator[int]:
    """The server on a free port, until it answers and until the test is done."""
    data = home / "data"
    options = ["--auth=trust", "--username=tester", "--no-sync", "--encoding=UTF8", "--locale=C"]
    made = subprocess.run([bin_folder / "initdb", "-D", data, *options], user=user, cwd=home, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("initdb does not run here")
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 trust\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "ssl": "on",
        "ssl_cert_file": home / "server.crt",
        "ssl_key_file": home / "server.key",
    }
    settings = [word for name, value in said.items() for word in ("-c", f"{name}={value}")]
    process = subprocess.Popen([bin_folder / "postgres", "-D", data, *settings], user=user, cwd=home, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            asked = [bin_folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            if subprocess.run(asked, check=False).returncode == 0:
                break
            time.sleep(0.1)
        yield port
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(30)


def test_a_server_that_takes_tls_only_is_reached_by_it(server: Server) -> None:
    assert server.version(DatabaseTls("require")).startswith("TLSv1.")
    assert server.version(DatabaseTls("verify-ca", server.ca)).startswith("TLSv1.")


def test_a_server_that_is_not_the_one_it_should_be_is_not_spoken_to(server: Server) -> None:
    wrong = {
        "plain": DatabaseTls("off"),
        "another authority": DatabaseTls("verify-ca", server.other),
        "another name": DatabaseTls("verify-full", server.ca),
    }
    for why, tls in wrong.items():
        with pytest.raises(OperationalError):
            pytest.fail(f"{why}: {server.version(tls)}")


def test_the_name_in_the_certificate_is_the_hosts(server: Server) -> None:
    engine = open_engine(
        f"postgresql+psycopg://tester@db.test:{server.port}/postgres?hostaddr=127.0.0.1", DatabaseTls("verify-full", server.ca)
    )
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) is True
    engine.dispose()
