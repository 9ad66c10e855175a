"""The compiled module's face (crates/native)."""

from collections.abc import Sequence
from typing import Literal, TypeAlias, final

__version__: str

# The media core (crates/native/src/sfu.rs). Events are tuples, named by their first item: `sfu/core.py` types them.

NativeSection: TypeAlias = tuple[
    str,
    Literal["audio", "video", "application"],
    Literal["sendonly", "recvonly", "inactive"],
    int | None,
    int | None,
    list[str],
    list[str],
]
NativeEvent: TypeAlias = (
    tuple[Literal["answered"], int, int, str, list[NativeSection]]
    | tuple[Literal["offered"], int, int, str, list[NativeSection], list[tuple[int, str]]]
    | tuple[Literal["settled"], int, int]
    | tuple[Literal["declined"], int, int, str, str]
    | tuple[Literal["connected"], int, Literal["udp", "tcp"]]
    | tuple[Literal["disconnected"], int, str]
    | tuple[Literal["stream_started"], int, int, str | None, int, str]
    | tuple[Literal["audio_levels"], list[tuple[int, int, float]]]
    | tuple[Literal["data_received"], int, Literal["reliable", "lossy"], bytes]
    | tuple[Literal["congestion"], int, bool]
    | tuple[Literal["link_quality"], int, float, float, float | None, int | None]
)

@final
class MediaCore:
    """The running media core: one thread of its own."""

    def __new__(
        cls,
        udp: str,
        tcp: str | None,
        announce_udp: Sequence[str],
        announce_tcp: Sequence[str],
        *,
        udp_candidates: bool,
        batch_us: int,
        gso: bool,
    ) -> MediaCore: ...
    @property
    def udp_port(self) -> int: ...
    @property
    def tcp_port(self) -> int | None: ...
    def fileno(self) -> int: ...
    def open_transport(self, transport: int, ice_lite: bool) -> None: ...
    def accept_offer(self, transport: int, request: int, sdp: str) -> None: ...
    def make_offer(
        self,
        transport: int,
        request: int,
        add: Sequence[tuple[int, str, str, str]],
        remove: Sequence[str],
        ice_restart: bool,
    ) -> None: ...
    def accept_answer(self, transport: int, request: int, sdp: str) -> None: ...
    def add_candidate(self, transport: int, candidate: str) -> None: ...
    def close_transport(self, transport: int) -> None: ...
    def publish(self, publication: int, transport: int, mid: str, kind: Literal["audio", "video"]) -> None: ...
    def set_muted(self, publication: int, muted: bool) -> None: ...
    def unpublish(self, publication: int) -> None: ...
    def subscribe(self, subscription: int, publication: int, transport: int, mid: str) -> None: ...
    def tune(self, subscription: int, paused: bool, max_layer: int, max_fps: int | None, priority: int) -> None: ...
    def unsubscribe(self, subscription: int) -> None: ...
    def request_key_frame(self, publication: int) -> None: ...
    def send_data(self, transports: Sequence[int], channel: Literal["reliable", "lossy"], payload: bytes) -> None: ...
    def events(self) -> list[NativeEvent]: ...
    def statistics(self) -> dict[str, int | float]: ...
    def close(self) -> None: ...
