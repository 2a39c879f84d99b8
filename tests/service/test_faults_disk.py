"""A full disk: one clear message, the store as it was before, and all well when there is room again.

The disks are file systems in memory of a few megabytes, mounted by the tests where they may; what needs none
(a limit on the size of files) is tried everywhere.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fault_kit import (
    CSV,
    NO_LIMITS,
    check_imports,
    check_refusal,
    headers_of,
    make_file,
    make_mission,
    take,
    tell_log,
    wait_for,
)
from postgis_server import NoServerError, PostGISServer
from service_process import Running, running_service

MEBIBYTE = 2**20
N_SMALL, N_LARGE = 50, 8_000
FILE_LIMIT = 3 * MEBIBYTE


class SmallDisk:
    """A file system of a few megabytes."""

    def __init__(self, folder: Path, n_bytes: int) -> None:
        self.folder = folder
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", str(folder)]
        if (
            shutil.which("mount") is None
            or subprocess.run(command, capture_output=True, check=False).returncode
        ):
            pytest.skip("a small disk cannot be mounted here: that needs the rights of the administrator")

    def fill(self, *, but: int = 0) -> None:
        """Leave so many bytes."""
        room = shutil.disk_usage(self.folder).free - but
        with (self.folder / "filler").open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, room)

    def make_room(self) -> None:
        (self.folder / "filler").unlink()

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def make_disk() -> Iterator[Callable[[str, int], SmallDisk]]:
    disks: list[SmallDisk] = []
    # A server under an account of its own may not look into the folders of the tests.
    with tempfile.TemporaryDirectory(prefix="truceline-disks-") as folder:
        Path(folder).chmod(0o755)

        def make(name: str, n_bytes: int) -> SmallDisk:
            disks.append(SmallDisk(Path(folder) / name, n_bytes))
            return disks[-1]

        yield make
        for disk in disks:
            disk.unmount()


def run_import(
    address: str, file: Path, *, file_limit: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command, with a limit on the size of any file it writes."""

    process = subprocess.Popen(
        [sys.executable, "-m", "truceline", "monitor", "import", address, str(file), "--who", "desk"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if file_limit is not None:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (file_limit, file_limit))
    out, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


def write_file(folder: Path, label: str, n: int) -> Path:
    file = folder / f"{label}.csv"
    file.write_bytes(make_file(label, n))
    return file


def check_message(done: subprocess.CompletedProcess[str]) -> None:
    """Check that a command said in few words that there is no room, and that nothing was kept."""
    assert done.returncode == 2, done.stderr
    assert "disk" in done.stderr
    assert "full" in done.stderr
    assert "nothing of this change was kept" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_file_that_may_not_grow_is_told_in_one_message_and_the_store_stays_whole(tmp_path: Path) -> None:
    address = str(tmp_path / "mission.duckdb")
    make_mission(address)
    large = write_file(tmp_path, "large", N_LARGE)
    take(address, "small", N_SMALL)
    check_message(run_import(address, large, file_limit=FILE_LIMIT))
    assert check_imports(address, {"small": N_SMALL}) == 1
    take(address, "large", N_LARGE)
    assert check_imports(address, {"small": N_SMALL, "large": N_LARGE}) == 2


def test_a_full_disk_stops_a_store_in_a_file_for_as_long_as_it_is_full(
    tmp_path: Path, make_disk: Callable[[str, int], SmallDisk]
) -> None:
    disk = make_disk("small", 24 * MEBIBYTE)
    address = str(disk.folder / "mission.duckdb")
    key = make_mission(address)
    large = write_file(tmp_path, "large", N_LARGE)
    take(address, "small", N_SMALL)
    disk.fill(but=MEBIBYTE // 2)
    check_message(run_import(address, large))
    assert check_imports(address, {"small": N_SMALL}) == 1
    with running_service(address, *NO_LIMITS, env={"TMPDIR": str(tmp_path)}) as service:
        refused = post(service, key, "web", N_LARGE)
        check_refusal(refused)
        assert "no room" in refused.json()["problem"]
        assert "nothing of this request was kept" in refused.json()["try"]
        assert httpx.get(f"{service.url}/healthz").status_code == 200
        disk.make_room()
        wait_for(lambda: post(service, key, "web", N_LARGE).status_code == 200)
        assert not tell_log(service), tell_log(service)
    take(address, "large", N_LARGE)
    assert check_imports(address, {"small": N_SMALL, "web": N_LARGE, "large": N_LARGE}) == 3


def test_a_full_disk_of_the_database_is_told_and_survived(
    tmp_path: Path, make_disk: Callable[[str, int], SmallDisk]
) -> None:
    """First the disk of the tables, then that of the log that every change goes through."""
    pytest.importorskip("psycopg", reason="no psycopg here: pip install 'truceline[service]'")
    tables, log = make_disk("tables", 160 * MEBIBYTE), make_disk("log", 80 * MEBIBYTE)
    try:
        settings = {"synchronous_commit": "on", "max_wal_size": "48MB", "min_wal_size": "32MB"}
        server = PostGISServer(settings=settings, folder=tables.folder)
    except NoServerError as error:
        pytest.skip(str(error))
    try:
        move_log(server, log)
        address = server.address
        key = make_mission(address)
        large = write_file(tmp_path, "large", N_LARGE)
        take(address, "small", N_SMALL)
        with running_service(address, *NO_LIMITS) as service:
            tables.fill(but=2 * MEBIBYTE)
            check_message(run_import(address, large))
            refused = post(service, key, "web", N_LARGE)
            check_refusal(refused)
            assert "no room" in refused.json()["problem"]
            assert check_imports(address, {"small": N_SMALL}) == 1
            tables.make_room()
            assert post(service, key, "web", N_LARGE).status_code == 200
            log.fill()
            taken: dict[str, int] = {}
            answer = None
            for number in range(40):
                answer = post(service, key, f"log{number}", 4_000)
                if answer.status_code != 200:
                    break
                taken[f"log{number}"] = 4_000
            assert answer is not None
            check_refusal(answer)
            log.make_room()
            server.restart()  # where the log cannot be written, it ends by itself
            kept = {"small": N_SMALL, "web": N_LARGE, **taken}
            check_imports(address, kept)
            wait_for(lambda: post(service, key, "after", N_SMALL).status_code == 200)
            assert not tell_log(service), tell_log(service)
        check_imports(address, {**kept, "after": N_SMALL})
    finally:
        server.remove()


def move_log(server: PostGISServer, disk: SmallDisk) -> None:
    """Put the server's write-ahead log on a disk of its own, as many do."""
    server.stop()
    old, new = server.data / "pg_wal", disk.folder / "pg_wal"
    shutil.copytree(old, new)
    shutil.rmtree(old)
    old.symlink_to(new)
    owner = server.data.stat()
    for path in (disk.folder, new, *new.rglob("*"), old):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    new.chmod(0o700)
    server.start()


def post(service: Running, key: str, label: str, n: int) -> httpx.Response:
    return httpx.post(
        f"{service.url}/v1/reports",
        content=make_file(label, n),
        headers={**headers_of(key), **CSV},
        timeout=60,
    )
