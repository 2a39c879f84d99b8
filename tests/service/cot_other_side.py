"""The other side of a live feed, a program of its own: a client of another tool (pytak).

python cot_other_side.py send|receive N KEY=VALUE... : events are read from standard input, or N written to
standard output, one document of XML after another. KEY=VALUE are the tool's own settings (COT_URL, TAK_PROTO,
PYTAK_TLS_...). It runs apart from the tests because it leaves its connections for the end of the program.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from configparser import ConfigParser

warnings.simplefilter("ignore")
import pytak  # noqa: E402

END = b"</event>"


class Sender(pytak.QueueWorker):
    """Hands events to the tool's queue, as gateways built with it do."""

    async def handle_data(self, data: bytes) -> None:
        """Put one event in line."""
        await self.put_queue(data)

    async def run(self, _: int = -1) -> None:
        """Put all events in line and wait until they are sent."""
        documents = [part + END for part in sys.stdin.buffer.read().split(END) if part.strip()]
        for document in documents:
            await self.handle_data(document.strip())
        while not self.queue.empty():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)


async def _main(what: str, n: int, settings: dict[str, str]) -> None:
    config = ConfigParser()
    config["pytak"] = settings
    tool = pytak.CLITool(config["pytak"])
    await tool.setup()
    running = asyncio.ensure_future(tool.run())
    if what == "send":
        await Sender(tool.tx_queue, config["pytak"]).run()
    else:
        for _ in range(n):
            sys.stdout.buffer.write(await asyncio.wait_for(tool.rx_queue.get(), 20))
        sys.stdout.flush()
    running.cancel()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), dict(word.split("=", 1) for word in sys.argv[3:])))
