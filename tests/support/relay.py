"""A bad network, made in user space: relays for UDP and TCP with a seed, for machines whose kernel has no netem.

Put one between a client and the server: `announce_udp` / `announce_tcp` tell clients the relay's address as the media
candidate, and a `TcpRelay` before the HTTP port carries page and signalling. All run on one thread of their own, so
that tests may be written with or without asyncio.
"""

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.support.datagrams import Tape

Address = tuple[str, int]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Weather:
    """What happens to what crosses: the same in both directions."""

    loss: float = 0.0
    """Share of datagrams that vanish, 0 to 1. TCP loses nothing: it waits `delay_ms` longer."""
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """Added to the delay, uniformly, a datagram at a time: more than the gap between two datagrams reorders them."""
    cut: bool = False
    """Nothing crosses; what is sent meanwhile is lost (UDP) or waits (TCP)."""


CALM = Weather()


class Network:
    """The thread that relays run on."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=f"network seed={seed}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _end(self) -> None:
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry out a coroutine on the network's thread and give its result back."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=120)

    def udp(self, target: Address | None = None) -> "UdpRelay":
        """A relay before a UDP port of the server; the target may be set later."""
        relay = UdpRelay(self, target)
        self.run(relay.open())
        return relay

    def tcp(self, target: Address | None = None) -> "TcpRelay":
        """A relay before a TCP port of the server; the target may be set later."""
        relay = TcpRelay(self, target)
        self.run(relay.open())
        return relay


class UdpRelay(asyncio.DatagramProtocol):
    """One port for all clients; the server sees a port of its own for each of them."""

    def __init__(self, network: Network, target: Address | None) -> None:
        self.network = network
        self.target = target
        self.weather = CALM
        self.crossed = 0
        self.lost = 0
        self.tape: Tape | None = None
        """Where what clients send is kept, if anywhere."""
        self._upstreams: dict[Address, _Upstream] = {}
        self._transport: asyncio.DatagramTransport

    async def open(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))

    @property
    def port(self) -> int:
        """Where clients send."""
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    @property
    def clients(self) -> frozenset[Address]:
        """Who sent here so far. Whoever connects anew comes from a new port."""
        return frozenset(self._upstreams)

    def forge(self, datagrams: list[bytes]) -> None:
        """Send to the server as if clients had: from the ports that it knows them by, one after the other."""

        async def send() -> None:
            upstreams = list(self._upstreams.values())
            for place, datagram in enumerate(datagrams):
                upstreams[place % len(upstreams)].send(datagram)

        self.network.run(send())

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """A client's datagram: on to the server."""
        if self.tape is not None:
            self.tape.keep(data)
        self._cross(lambda: self._up(data, addr))

    def _up(self, data: bytes, client: Address) -> None:
        upstream = self._upstreams.get(client)
        if upstream is None:
            upstream = self._upstreams[client] = _Upstream(self, client)
            upstream.opening = asyncio.ensure_future(upstream.open())
        upstream.send(data)

    def down(self, data: bytes, client: Address) -> None:
        """The server's datagram: back to the client."""
        self._cross(lambda: self._transport.sendto(data, client))

    def _cross(self, deliver: Callable[[], None]) -> None:
        weather = self.weather
        if weather.cut or self.network.random.random() < weather.loss:
            self.lost += 1
            return
        self.crossed += 1
        delay = weather.delay_ms + self.network.random.random() * weather.jitter_ms
        if delay == 0:
            deliver()
        else:
            self.network.loop.call_later(delay / 1000, deliver)


class _Upstream(asyncio.DatagramProtocol):
    """One client's port towards the server."""

    def __init__(self, relay: UdpRelay, client: Address) -> None:
        self.relay = relay
        self.client = client
        self.opening: asyncio.Future[None] | None = None
        self._waiting: list[bytes] = []
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        assert self.relay.target is not None, "set the relay's target before clients connect"
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=self.relay.target)
        for data in self._waiting:
            self._transport.sendto(data)
        self._waiting.clear()

    def send(self, data: bytes) -> None:
        if self._transport is None:
            self._waiting.append(data)
        else:
            self._transport.sendto(data)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.relay.down(data, self.client)

    def error_received(self, exc: Exception) -> None:
        """The server is not there (yet, or any more): the datagram is lost, as on a network."""


class TcpRelay:
    """A port for TCP: page, signalling, or media by RFC 4571."""

    def __init__(self, network: Network, target: Address | None) -> None:
        self.network = network
        self.target = target
        self.connections = 0
        self._weather = CALM
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server

    async def open(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    @property
    def port(self) -> int:
        """Where clients connect."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def weather(self) -> Weather:
        """What happens to what crosses."""
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather = weather
        self.network.loop.call_soon_threadsafe(self._open.clear if weather.cut else self._open.set)

    def drop_connections(self) -> None:
        """Break every connection that stands, as a router that forgot them does."""

        async def drop() -> None:
            for task in list(self._tasks):
                task.cancel()

        self.network.run(drop())

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        assert self.target is not None, "set the relay's target before clients connect"
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._open.wait()
            up_reader, up_writer = await asyncio.open_connection(*self.target)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pump(reader, up_writer))
                    group.create_task(self._pump(up_reader, writer))
            except* OSError:
                pass
            finally:
                up_writer.close()
        writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            delay = self._weather.delay_ms + self.network.random.random() * self._weather.jitter_ms
            if self.network.random.random() < self._weather.loss:
                delay += 200  # what a retransmission costs
            if delay:
                await asyncio.sleep(delay / 1000)
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
