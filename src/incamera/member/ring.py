"""LiveKit's ring of keys for one connection to the room: what `FrameKeys` says, carried out with the SDK.

Keys come from the group at the moment in which it is in the round: a past epoch's can't be exported any more.
"""

from collections.abc import Iterable
from secrets import token_bytes
from typing import Final

from livekit import rtc

from incamera.accreditation.strict import Thumbprint
from incamera.e2ee.frame_keys import RING, FrameKeys, Overwrite, SendUnder, SetKey, identities_of
from incamera.e2ee.frame_keys import Command as KeyCommand
from incamera.e2ee.group import Group
from incamera.refusal import Refusal

KEY_BYTES: Final = 32


def encryption() -> rtc.E2EEOptions:
    """The SDK's options: a key a participant by HKDF, no ratchet, and forged frames never make a key invalid."""
    return rtc.E2EEOptions(
        key_provider_options=rtc.KeyProviderOptions(
            ratchet_window_size=0,  # MLS gives each epoch's key; a ratchet would let old keys live
            failure_tolerance=-1,
            key_ring_size=RING,
            key_derivation_function=rtc.KeyDerivationFunction.HKDF,
        )
    )


class Ring:
    """The keys of one connection. Times are milliseconds, monotonic."""

    def __init__(self, own: str, manager: rtc.E2EEManager) -> None:
        provider = manager.key_provider
        assert provider is not None, "the room was connected with encryption"
        self._own, self._manager, self._provider = own, manager, provider
        self._keys = FrameKeys(own)
        self._met: set[str] = {own}
        self._index: int | None = None

    @property
    def round(self) -> int:
        """The newest round whose keys stand here; 0 before the first."""
        return self._keys.round or 0

    @property
    def sends_under(self) -> int | None:
        """The round whose key our media leaves under; None: none leaves."""
        return self._keys.sends_under

    def next_ms(self) -> int | None:
        """When `due` should be called."""
        return self._keys.next_ms()

    def opens(self, identity: str, round_: int) -> bool:
        """Whether what a participant sends under a round can be opened here."""
        return self._keys.opens(identity, round_)

    def enter(self, group: Group, round_: int, identities: Iterable[str], now_ms: int, *, is_removal: bool) -> None:
        """The group is in this round, and these of its members are in the room: who is not there loses its keys."""
        keys = self._exported(group, {self._own, *identities})
        self._met = set(keys)
        self._carry_out(self._keys.advance(now_ms, round_, keys, is_removal=is_removal))

    def meet(self, group: Group, identities: Iterable[str]) -> None:
        """Participants of rostered devices that appeared: their keys of this round."""
        fresh = [identity for identity in identities if identity not in self._met]
        if fresh:
            keys = self._exported(group, fresh)
            self._met |= keys.keys()
            self._carry_out(self._keys.appear(keys))

    def switched(self, device: Thumbprint, round_: int, now_ms: int) -> None:
        """A device's heartbeat says which round it sends under."""
        for identity in identities_of([device], self._met - {self._own}):
            self._keys.switched(now_ms, identity, round_)

    def due(self, now_ms: int) -> None:
        """Switch our sending and overwrite old keys, where their time has come."""
        self._carry_out(self._keys.due(now_ms))

    def seal(self, track: str) -> bool:
        """Our own track leaves under the present index; False while the SDK has no encryption in front of it."""
        if self._index is None:
            return False
        for cryptor in self._manager.frame_cryptors():
            if cryptor.track_sid == track and cryptor.enabled:
                cryptor.set_key_index(self._index)
                return True
        return False

    def covers(self, track: str) -> bool:
        """Whether the SDK decrypts a track: one without a cryptor would be played as it comes."""
        return any(cryptor.track_sid == track and cryptor.enabled for cryptor in self._manager.frame_cryptors())

    def _exported(self, group: Group, identities: Iterable[str]) -> dict[str, bytes]:
        exported = {identity: group.frame_key(identity) for identity in identities}
        return {identity: key for identity, key in exported.items() if not isinstance(key, Refusal)}

    def _carry_out(self, commands: Iterable[KeyCommand]) -> None:
        for command in commands:
            match command:
                case SetKey(identity=identity, index=index, key=key):
                    self._provider.set_key(identity, key, index)
                case Overwrite(identity=identity, index=index):
                    self._provider.set_key(identity, token_bytes(KEY_BYTES), index)
                case SendUnder(index=index):
                    self._index = index
                    for cryptor in self._manager.frame_cryptors():
                        if cryptor.participant_identity == self._own:
                            cryptor.set_key_index(index)
