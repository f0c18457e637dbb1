"""A stand-in for the API that sends to connections: it answers every call after some time, in a process of its own."""

import asyncio
import contextlib
import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection


@contextlib.contextmanager
def stub_gateway(seconds: float) -> Iterator[str]:
    """Serve during the block; yield the URL. Each call is answered after so many seconds, whatever it says."""
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_serve, args=(its, seconds), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/live"
    finally:
        process.terminate()
        process.join()


def _serve(ready: Connection, seconds: float) -> None:
    asyncio.run(_run(ready, seconds))


async def _run(ready: Connection, seconds: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
                await asyncio.sleep(seconds)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=256)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
