"""Make `python -m truceline` the same as `truceline`."""

from truceline.cli.main import run

if __name__ == "__main__":
    run()
