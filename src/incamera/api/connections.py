"""How many connections an address may have: whoever opens them and says nothing uses up the process's descriptors."""

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from incamera.limits import Limit


class Place:
    """One connection's among those of its address; free again once it was left, however often."""

    def __init__(self, free: Callable[[], None]) -> None:
        self._free: Callable[[], None] | None = free

    def leave(self) -> None:
        """Its connection ended, or has bounds of its own from now on."""
        if self._free is not None:
            free, self._free = self._free, None
            free()


class Connections:
    """Open connections by address, from their beginning to their end or until they are WebSockets, which have bounds of
    their own (feeds, sockets of the media plane).

    A proxy that speaks for everybody has no bound: it has its own to keep.
    """

    def __init__(self, limit: Limit, proxies: Iterable[str] = ()) -> None:
        """`proxies`: addresses or networks; `*` is everybody, as in http.trusted_proxies."""
        self._limit = limit
        named = set(proxies)
        self._is_unbounded = "*" in named
        self._proxies = [ipaddress.ip_network(each, strict=False) for each in named if _is_network(each)]
        self._open = Counter[str]()
        self.refused = 0
        """Connections that were one too many."""

    def take(self, address: str) -> Place | None:
        """One more from this address; None: it has as many as it may."""
        if self._open[address] >= self._limit.value and not self._is_proxy(address):
            self.refused += 1
            return None
        self._open[address] += 1
        return Place(partial(self._leave, address))

    def statistics(self) -> dict[str, int]:
        """How many are open, and how many were refused."""
        return {"open": self._open.total(), "refused": self.refused}

    def _leave(self, address: str) -> None:
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]

    def _is_proxy(self, address: str) -> bool:
        if self._is_unbounded:
            return True
        return _is_network(address) and any(ipaddress.ip_address(address) in each for each in self._proxies)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
