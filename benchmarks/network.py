"""``network.py PORT MILLISECONDS MB_PER_SECOND``: a port that is as far away as another cloud; prints its number.

Whatever is sent takes half a round trip, and each connection has a bandwidth of its own: what its window lets through
in a round trip, which begins with ten segments and grows with what arrived (RFC 6928, RFC 5681), up to the most. To
open one takes two more round trips, for TCP and TLS. The connections do not share a limit, and nothing is lost.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

HOST = "127.0.0.1"
_PIECE = 1 << 16
_UNDER_WAY = 64  # pieces: what a connection holds before its sender must wait
_FIRST = 10 * 1460  # bytes of a window before anything has been answered


class Network:
    """How far away it is, in seconds, and the most bytes a second of one connection."""

    def __init__(self, behind: int, milliseconds: float, megabytes: float) -> None:
        self._behind, self._trip, self._most = behind, milliseconds / 1000, megabytes * 1e6
        self._open: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a client; its task is held here, since a loop does not hold one that waits."""
        task = asyncio.create_task(self._connect(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * self._trip)
        there, back = await asyncio.open_connection(HOST, self._behind)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, back))
                both.create_task(self._carry(there, writer))
        except* ConnectionError:
            pass  # one of them is gone, and so the other goes
        finally:
            for each in (back, writer):
                each.close()
                with suppress(ConnectionError):
                    await each.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_UNDER_WAY)
        async with asyncio.TaskGroup() as ends:
            ends.create_task(self._send(reader, line))
            ends.create_task(self._arrive(line, writer))

    async def _send(self, reader: asyncio.StreamReader, line: asyncio.Queue[tuple[float, bytes]]) -> None:
        clock = asyncio.get_running_loop().time
        free, sent, piece = clock(), 0, b"-"
        while piece:
            piece = await reader.read(_PIECE)
            bandwidth = min(self._most, (_FIRST + sent) / self._trip)
            free = max(free, clock()) + len(piece) / bandwidth
            sent += len(piece)
            await line.put((free + self._trip / 2, piece))

    async def _arrive(self, line: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        clock, piece = asyncio.get_running_loop().time, b"-"
        while piece:
            due, piece = await line.get()
            if (early := due - clock()) > 0:
                await asyncio.sleep(early)
            writer.write(piece)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()


async def main(behind: int, milliseconds: float, megabytes: float) -> None:
    network = Network(behind, milliseconds, megabytes)
    server = await asyncio.start_server(network.accept, HOST, 0, limit=2 * _PIECE)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
