"""A broker and a database of a test's own, which it may stop, kill and start again: nobody else's are touched."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

STARTS_S = 30.0


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def wait_until(is_so: Callable[[], bool], longest_s: float = STARTS_S, what: str = "it") -> None:
    """Raises AssertionError where it does not come about in time."""
    deadline = time.monotonic() + longest_s
    while not is_so():
        assert time.monotonic() < deadline, f"{what} took longer than {longest_s:.0f} s"
        time.sleep(0.1)


def answers(port: int) -> bool:
    """Whether somebody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


class Redis:
    """A Redis that keeps nothing on disk: when it is killed, every message is lost."""

    missing = "" if shutil.which("redis-server") else "redis-server is not installed"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Until it answers."""
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(self._port), what="Redis")

    def kill(self) -> None:
        """At once."""
        if self._process:
            self._process.kill()
            self._process.wait()


class PostgreSQL:
    """A cluster of its own. It refuses to run as root, and is run as the account that Debian gives it then, in a folder where that account can go."""

    _folders = (Path(found).resolve().parent for found in [shutil.which("initdb") or ""] if found)
    programs = next(iter([*_folders, *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]), None)
    missing = "" if programs and (programs / "initdb").exists() else "PostgreSQL's server programs are not installed"

    def __init__(self, *options: str) -> None:
        """``options`` are of ``initdb``."""
        self._port = free_port()
        self.place = Path(tempfile.mkdtemp(prefix="fhir-coder-postgresql-"))
        self.folder = self.place / "cluster"
        self._account: str | None = None
        if os.geteuid() == 0:
            self._account = "postgres"
            found = pwd.getpwnam(self._account)
            os.chown(self.place, found.pw_uid, found.pw_gid)
        self.run("initdb", "-D", str(self.folder), "-A", "trust", "-U", "postgres", "--no-sync", *options)
        self.run("sh", "-c", "echo fsync = off >> cluster/postgresql.conf")  # processes are killed here, and no machine
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def where(self) -> list[str]:
        """Options of the server that say where it is reached."""
        return ["-p", str(self._port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}"]

    def start(self) -> None:
        """Until it takes connections."""
        with (self.place / "postgres.log").open("ab") as log:
            command = self._command("postgres", "-D", str(self.folder), *self.where)
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=self._account)
        wait_until(self._is_ready, what="PostgreSQL")

    def kill(self) -> None:
        """At once, with all its processes, as by a power cut (SIGQUIT: no checkpoint, recovery at the next start)."""
        if self._process:
            self._process.send_signal(3)
            self._process.wait()

    def remove(self) -> None:
        """With all that it holds."""
        self.kill()
        shutil.rmtree(self.place, ignore_errors=True)

    def _is_ready(self) -> bool:
        asked = self._command("pg_isready", "-h", "127.0.0.1", "-p", str(self._port))
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    def run(self, program: str, *options: str, **environment: str) -> str:
        """What a command prints, run as the account that the cluster runs as, with PostgreSQL's programs at hand. Raises AssertionError where it fails."""
        at_hand = {**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}", **environment}
        done = subprocess.run(
            [program, *options], capture_output=True, text=True, check=False, user=self._account, cwd=self.place, env=at_hand
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _command(self, program: str, *options: str) -> list[str]:
        return [str((self.programs or Path()) / program), *options]
