"""The page on the service tells the truth: its commands make a database, back it up and bring it back.

The commands are read from the page and run as they stand. Stood in for are `sudo` (the user becomes the
role), programs that only an administrator has, and the two folders of the installation.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import postgis_server as servers
import psycopg
import pytest
from fault_kit import make_file

from truceline.store.copying import sum_store
from truceline.store.open import open_store

PAGE = Path(__file__).resolve().parents[2] / "docs" / "service.md"
SUDO = """#!/bin/sh
if [ "$1" = -u ]; then export PGUSER="$2"; shift 2; fi
case "$1" in adduser|apt|systemctl) exit 0;; install) eval "mkdir -p \\"\\${$#}\\""; exit;; esac
exec "$@"
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[servers.PostGISServer]:
    """Give a server whose administrator is `postgres`, as the packages make it."""
    monkeypatch.setattr(servers, "USER", "postgres")
    try:
        made = servers.PostGISServer()
    except servers.NoServerError as error:
        pytest.skip(str(error))
    yield made
    made.remove()


def read_commands(heading: str) -> list[str]:
    """Return the blocks of commands below a heading."""
    text = PAGE.read_text(encoding="utf-8")
    part = re.search(rf"(?ms)^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text)
    assert part, heading
    return re.findall(r"(?ms)^```sh\n(.*?)^```$", part.group(1))


def run(commands: str, folder: Path, port: int) -> str:
    """Run a block of the page in a folder and return what it printed."""
    for name, text in (
        ("sudo", SUDO),
        ("truceline", f'#!/bin/sh\nexec "{sys.executable}" -m truceline "$@"\n'),
    ):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    commands = commands.replace("/opt/truceline/bin/truceline", str(folder / "truceline"))
    commands = commands.replace("/var/backups/truceline", str(folder / "backups"))
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
        "PATH": f"{folder}:{servers.find_programs()}:{os.environ['PATH']}",
        "PGHOST": "127.0.0.1", "PGPORT": str(port),
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_page_makes_a_database_backs_it_up_and_brings_it_back(
    server: servers.PostGISServer, tmp_path: Path
) -> None:
    (making,) = read_commands("2. A database, and a role that can only add")
    (keys,) = read_commands("3. Keys")
    back_up, restore, copy_back = read_commands("6. Backup, and back")
    (upgrade,) = read_commands("7. Upgrading")
    run(making, tmp_path, server.port)
    told = run(keys, tmp_path, server.port)
    assert len(re.findall(r"^truceline_[12]_\S{20,}$", told, re.MULTILINE)) == 2
    (tmp_path / "reports.csv").write_bytes(make_file("page", 300))
    run("sudo -u truceline /opt/truceline/bin/truceline monitor import postgresql:///mission reports.csv",
        tmp_path, server.port)  # fmt: skip
    check_role_can_only_add(server)
    run(back_up, tmp_path, server.port)
    assert "The restored store is the same." in run(restore, tmp_path, server.port)
    assert "The copied store is the same." in run(copy_back, tmp_path, server.port)
    run(upgrade.replace("/opt/truceline/bin/pip", "true"), tmp_path, server.port)
    sums = [sum_of(f"postgresql://postgres@127.0.0.1:{server.port}/{name}") for name in
            ("mission", "mission_restored", "mission_copied")]  # fmt: skip
    assert sums[0] == sums[1] == sums[2] == sum_of(str(tmp_path / "backups" / "mission.duckdb"))
    assert sums[0]["reports"][0] == 300
    assert sums[0]["tokens"][0] == 2


def sum_of(address: str) -> dict[str, tuple[int, str]]:
    with open_store(address) as store:
        return {each.name: (each.n_rows, each.checksum) for each in sum_store(store)}


def check_role_can_only_add(server: servers.PostGISServer) -> None:
    """Check that the role of the service cannot change, erase or make anything."""
    address = f"postgresql://truceline@127.0.0.1:{server.port}/mission"
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in (
            "UPDATE truceline.reports SET text = ''",
            "DELETE FROM truceline.reports",
            "TRUNCATE truceline.changes",
            "DROP TABLE truceline.changes",
            "ALTER TABLE truceline.reports ADD COLUMN more int",
            "CREATE TABLE truceline.more (n int)",
            "CREATE TABLE public.more (n int)",
            "CREATE SCHEMA more",
            "CREATE DATABASE more",
            "CREATE ROLE more",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
