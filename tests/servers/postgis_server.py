"""A real PostgreSQL with PostGIS for the tests, from the packages of the distribution, on a free port.

Started once for a session and stopped at its end; its data are in a folder of its own, removed then. Nothing
is kept between runs. Without the server's programs, or without PostGIS, the tests that want it are skipped.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

USER = "truceline"
DATABASE = "tests"
START_S = 60.0
STOP_S = 30.0
# Names of users whose right to nothing is enough for a server: it refuses to run as root.
_PLAIN_USERS = ("postgres", "nobody")
# What a test does not wait for: the machine is not switched off while it runs. A server that is killed keeps
# what it committed all the same.
_HASTY = {"fsync": "off", "full_page_writes": "off"}


class NoServerError(Exception):
    """No server can be started here; says why."""


def find_programs() -> Path:
    """Return the folder of the newest server that has PostGIS; NoServerError where there is none."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0,
        reverse=True,
    )
    with suppress(OSError, subprocess.CalledProcessError):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True).stdout
        folders.append(Path(told.strip()))
    complete = [each for each in folders if (each / "initdb").exists() and (each / "postgres").exists()]
    if not complete:
        raise NoServerError("no PostgreSQL server here: apt install postgresql postgresql-15-postgis-3")
    for folder in complete:
        if _has_postgis(folder):
            return folder
    raise NoServerError("PostgreSQL without PostGIS here: apt install postgresql-15-postgis-3")


def _has_postgis(programs: Path) -> bool:
    shared = Path("/usr/share/postgresql") / programs.parent.name
    if not shared.is_dir():
        with suppress(OSError, subprocess.CalledProcessError):
            command = [str(programs / "pg_config"), "--sharedir"]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            shared = Path(told.strip())
    return (shared / "extension" / "postgis.control").exists()


class PostGISServer:
    """A server that can be stopped and started again."""

    def __init__(self, *, settings: dict[str, str] | None = None, folder: Path | None = None) -> None:
        """Start one with PostGIS in its database; `settings` are those of postgresql.conf."""
        self._programs = find_programs()
        self._account = _pick_account()
        self._settings = {**_HASTY, "shared_buffers": "64MB", "max_connections": "100", **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._schemas = count(1)
        # The path of a socket is short: not in the folder of a test.
        self.folder = Path(tempfile.mkdtemp(prefix="truceline-pg-", dir=folder))
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.port = _free_port()
        try:
            self._own(self.folder)
            self._make()
            self.start()
            self._make_database()
        except BaseException:
            self.remove()
            raise

    @property
    def address(self) -> str:
        """Address of the database, by the loopback."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def socket_address(self) -> str:
        """Address of the database, by the socket of the machine."""
        return f"postgresql://{USER}@/{DATABASE}?host={self.folder}&port={self.port}"

    def new_address(self) -> str:
        """Return an address where no store is yet: a schema of its own in the one database."""
        return f"{self.address}?schema=store_{next(self._schemas)}"

    def new_database(self, *, has_postgis: bool = True) -> str:
        """Make a database and return its address."""
        name = f"base_{next(self._schemas)}"
        template = f" TEMPLATE {DATABASE}_template" if has_postgis else ""
        self.run_sql(f"CREATE DATABASE {name}{template}", database="postgres")
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        if self._process is not None:
            return
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            **self._settings,
        }
        command = [str(self._programs / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self._process = self._spawn(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NoServerError(
                    f"the server did not start: {self.log.read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.03)

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server: its clients are cut off; `at_once` as if the power failed."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self, *, at_once: bool = False) -> None:
        """Stop and start."""
        self.stop(at_once=at_once)
        self.start()

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop(at_once=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run_sql(self, sql: str, parameters: Any = None, *, database: str = DATABASE) -> list[tuple[Any, ...]]:
        """Run one statement as an administrator of the server."""
        import psycopg

        with self._connect(psycopg, database) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def _connect(self, psycopg: Any, database: str) -> Any:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, dbname=database, autocommit=True, connect_timeout=10
        )

    def _answers(self) -> bool:
        import psycopg

        with suppress(psycopg.OperationalError), self._connect(psycopg, "postgres"):
            return True
        return False

    def _make(self) -> None:
        command = [
            str(self._programs / "initdb"), "-D", str(self.data), "-U", USER, "--auth=trust",
            "--encoding=UTF8", "--locale=C", "--no-sync",
        ]  # fmt: skip
        process = self._spawn(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        told, _ = process.communicate(timeout=START_S)
        if process.returncode:
            raise NoServerError(f"initdb failed: {told.decode(errors='replace')[-2000:]}")

    def _make_database(self) -> None:
        self.run_sql(f"CREATE DATABASE {DATABASE}", database="postgres")
        self.run_sql("CREATE EXTENSION postgis")
        self.run_sql(f"CREATE DATABASE {DATABASE}_template TEMPLATE {DATABASE}", database="postgres")

    def _spawn(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        if self._account is not None:
            options |= {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return subprocess.Popen(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            env={**env, "LC_ALL": "C.UTF-8"},
            start_new_session=True,  # an interrupted test run stops it itself
            **options,
        )

    def _own(self, folder: Path) -> None:
        if self._account is not None:
            os.chown(folder, self._account.pw_uid, self._account.pw_gid)


@contextmanager
def running_server(**options: Any) -> Iterator[PostGISServer]:
    """Give a server for the length of a block."""
    server = PostGISServer(**options)
    try:
        yield server
    finally:
        server.remove()


def _pick_account() -> pwd.struct_passwd | None:
    """Return the account the server runs under; None for one's own."""
    if os.geteuid() != 0:
        return None
    for name in _PLAIN_USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoServerError("run as root, and there is no other user to run a PostgreSQL server as")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
