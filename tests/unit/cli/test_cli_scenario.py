"""The scenario commands: what they print, what they write, and how they end when something is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

import truceline
from truceline.cli import scenario_commands
from truceline.cli._console import printable
from truceline.cli.main import app
from truceline.scenario.load import list_packaged

HERE = {**os.environ, "PYTHONPATH": str(Path(truceline.__file__).resolve().parents[1])}
"""Environment in which a new process finds the program that is tested here."""


def run(*arguments: str, code: int = 0) -> str:
    """Run a command in process; return all it printed. A traceback never counts as an answer."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_version_is_printed() -> None:
    assert run("--version") == f"truceline {truceline.__version__}\n"


def test_list_names_every_packaged_scenario_with_its_variants() -> None:
    printed = run("scenario", "list")
    assert all(name in printed for name in list_packaged())
    assert "wide-zone" in printed


class TestShow:
    def test_values_are_printed_with_range_evidence_and_source(self) -> None:
        printed = run("scenario", "show", "ukraine-2025")
        line = next(line for line in printed.splitlines() if line.startswith("zone.half_width"))
        assert "5 km (5 km to 7.5 km)" in line
        assert "published" in line
        assert "Geneva Centre" in line

    def test_weak_values_are_marked_and_counted(self) -> None:
        printed = run("scenario", "show", "ukraine-2025")
        width = next(line for line in printed.splitlines() if line.startswith("water.half_width"))
        assert "! general" in width
        n_marked = sum("  ! general" in line or "  ! judgement" in line for line in printed.splitlines())
        assert f"{n_marked} of " in printed.splitlines()[-1]

    def test_assumptions_of_the_catalogue_are_among_them(self) -> None:
        assert "assumptions.patrol.crew" in run("scenario", "show", "undof-2004")

    def test_a_variant_and_an_override_are_applied(self) -> None:
        printed = run("scenario", "show", "ukraine-2025", "--variant", "wide-zone", "--set", "grid.cell=2km")
        assert any(line.split()[:3] == ["zone.half_width", "7.5", "km"] for line in printed.splitlines())
        assert any(line.split()[:3] == ["grid.cell", "2", "km"] for line in printed.splitlines())

    def test_yaml_can_be_used_again(self) -> None:
        Path("mine.yaml").write_text(
            run("scenario", "show", "ukraine-2025", "--set", "grid.cell=2km", "--yaml")
        )
        assert "sound" in run("scenario", "check", "mine.yaml")
        assert any(
            line.split()[:3] == ["grid.cell", "2", "km"]
            for line in run("scenario", "show", "mine.yaml").splitlines()
        )

    def test_a_wrong_override_is_a_message_and_code_2(self) -> None:
        printed = run("scenario", "show", "ukraine-2025", "--set", "grid.cell=2", code=2)
        assert "--set grid.cell  2 has no unit; write '10 km'" in printed

    def test_warnings_are_shown_and_do_not_stop(self) -> None:
        wide = "postures.observers.rules.distances=[1 km, 90 km]"
        assert "1 warning" in run("scenario", "show", "ukraine-2025", "--set", wide)


class TestCheck:
    def test_sound_files_are_called_so(self) -> None:
        assert run("scenario", "check", *list_packaged()).count(": sound\n") == len(list_packaged())

    def test_problems_of_all_files_are_printed_and_the_code_is_2(self) -> None:
        Path("bad.yaml").write_text("format: 7\nnmae: x\n")
        printed = run("scenario", "check", "bad.yaml", "undof-2004", "none.yaml", code=2)
        assert "bad.yaml:1  format  '7' is not possible" in printed
        assert "bad.yaml:2  nmae  is not a known key; did you mean name?" in printed
        assert "undof-2004: sound" in printed
        assert "none.yaml  there is no such file" in printed

    def test_warnings_alone_are_sound(self) -> None:
        run("scenario", "new", "far.yaml")
        text = Path("far.yaml").read_text()
        Path("far.yaml").write_text(text.replace("distances: [1 km, 3 km]", "distances: [90 km]"))
        printed = run("scenario", "check", "far.yaml")
        assert printed.startswith("far.yaml: sound: 1 warning\n  warning far.yaml:")


class TestNew:
    def test_what_is_written_passes_the_check(self) -> None:
        printed = run("scenario", "new", "my-line.yaml")
        assert printed.splitlines() == [
            "wrote my-line.yaml",
            "wrote my-line.geojson",
            "next: truceline scenario check my-line.yaml",
        ]
        assert run("scenario", "check", "my-line.yaml") == "my-line.yaml: sound\n"

    def test_a_packaged_scenario_can_be_the_start(self) -> None:
        run("scenario", "new", "mine.yml", "--from", "ukraine-2025")
        assert sorted(path.name for path in Path().iterdir()) == ["mine.yml"]
        assert run("scenario", "check", "mine.yml") == "mine.yml: sound\n"

    def test_nothing_is_overwritten_without_force(self) -> None:
        Path("my-line.geojson").write_text("mine")
        printed = run("scenario", "new", "my-line.yaml", code=2)
        assert "my-line.geojson  is there already; choose another name, or add --force" in printed
        assert not Path("my-line.yaml").exists()
        assert Path("my-line.geojson").read_text() == "mine"
        run("scenario", "new", "my-line.yaml", "--force")
        assert "invented" in Path("my-line.geojson").read_text()

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["mine.txt"], "is not a YAML file; write mine.yaml"),
            (["mine.yaml", "--from", "atlantis"], "neither a packaged scenario"),
            (["none/mine.yaml"], "check the folder"),
        ],
    )
    def test_a_mistake_writes_nothing(self, arguments: list[str], says: str) -> None:
        assert says in run("scenario", "new", *arguments, code=2)
        assert list(Path().iterdir()) == []


class TestTheDoor:
    def test_an_interrupt_says_so_and_ends_with_130(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(scenario_commands, "print_table", interrupt)
        assert "interrupted; nothing half-written" in run("scenario", "list", code=130)

    def test_a_defect_of_ours_is_not_dressed_up_as_a_mistake_of_the_user(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(scenario_commands, "print_table", fail)
        assert isinstance(CliRunner().invoke(app, ["scenario", "list"]).exception, ZeroDivisionError)

    def test_unknown_options_and_commands_end_with_2(self) -> None:
        run("scenario", "list", "--colour", code=2)
        run("dig", code=2)

    @pytest.mark.parametrize("unbuffered", ["", "1"])  # empty is as if it were not there
    def test_a_reader_that_goes_away_is_no_error_message(self, unbuffered: str) -> None:
        command = [sys.executable, "-m", "truceline", "scenario", "show", "ukraine-2025"]
        there = {**HERE, "PYTHONUNBUFFERED": unbuffered}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=there) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 141

    @pytest.mark.skipif(os.name == "nt", reason="no POSIX signals")
    def test_a_real_interrupt_is_one_line(self) -> None:
        os.mkfifo("slow.yaml")  # the command waits for a writer that never comes
        command = [sys.executable, "-m", "truceline", "scenario", "check", "slow.yaml"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=HERE
        ) as process:
            writer = _open_when_read("slow.yaml", process)
            try:
                _interrupt_until_it_ends(process)
                process.kill()  # where it has not ended, nothing more is said, and reading does not wait
                assert process.stderr is not None
                errors = process.stderr.read()
            finally:
                process.kill()  # a test must end even if the program does not
                os.close(writer)
        assert errors == "interrupted; nothing half-written\n"
        assert process.returncode == 130

    def test_a_file_cannot_steer_the_terminal(self) -> None:
        Path("evil.yaml").write_text('format: 1\n"\\e[2Jx": 3\n')
        printed = run("scenario", "check", "evil.yaml", code=2)
        assert "\x1b" not in printed
        assert printable("a\x1b[31m\u202eb\nc") == "a\ufffd[31m\ufffdb\nc"

    def test_brackets_in_messages_are_not_markup(self) -> None:
        run("scenario", "new", "my-line.yaml")
        text = Path("my-line.yaml").read_text().replace("distances: [1 km, 3 km]", "distances: [1, 3 km]")
        Path("my-line.yaml").write_text(
            text.replace("title: Watching my line", 'title: "[red]Watching[/red]"')
        )
        assert "rules.distances[0]  1 has no unit" in run("scenario", "check", "my-line.yaml", code=2)
        Path("my-line.yaml").write_text(Path("my-line.yaml").read_text().replace("[1, 3 km]", "[1 km]"))
        assert "[red]Watching[/red]" in run("scenario", "show", "my-line.yaml")


def _interrupt_until_it_ends(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C as a person would: again after a while, as one just before a blocking read is lost."""
    for _ in range(10):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=2)
            return


def _open_when_read(pipe: str, reader: subprocess.Popen[str]) -> int:
    """Open a named pipe for writing as soon as somebody reads from it; nothing is written."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            if reader.poll() is not None or time.monotonic() > deadline:
                pytest.fail("nobody opened the pipe")
            time.sleep(0.05)
