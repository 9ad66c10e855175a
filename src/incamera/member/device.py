"""A seat's device: its key, its chain, and the folder of what must survive a reload.

Secrets lie sealed under the folder's own key (AES-256-GCM); journals lie as they came, since the server has them too.
All files are for their owner alone (0600), and written whole or not at all. One process a folder: two would use one
ratchet twice.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from incamera import durable
from incamera.accreditation.charter import PartId
from incamera.accreditation.invitation import Invitation
from incamera.accreditation.signature import SigningKey
from incamera.accreditation.strict import MeetingId, SittingId, Thumbprint, b64u, compact, unb64u
from incamera.record.entry import Entry, JournalId, parse_entry
from incamera.refusal import Code, Refusal

KEY_FILE: Final = "state-key"
DEVICE_FILE: Final = "device"
LOCK_FILE: Final = "lock"
CHARTER_FILE: Final = "charter"
HEADS_FILE: Final = "heads"
NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose device this is: its key pair, and the chain of three that vouches for it."""

    key: SigningKey
    chain: str
    """Three statements, joined by `~`."""
    invitation: Thumbprint
    """Which link enrolled it."""

    @property
    def thumbprint(self) -> Thumbprint:
        """The device's name."""
        return self.key.thumbprint


class StateFolder:
    """What a device keeps between two lives of its process. `open` locks it; `close` lets it go."""

    def __init__(self, folder: Path, lock: int | None) -> None:
        self.path = folder
        self._lock = lock
        self._key = self._own_key()

    @classmethod
    def open(cls, folder: Path) -> "StateFolder | Refusal":
        """The folder, made if it is not there, and locked for this process."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            return Refusal(Code.FILE_UNUSABLE, f"{folder}: {error.strerror}.", "Choose a folder that can be written.")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return Refusal(
                Code.STORAGE_IN_USE, f"Another process attends with {folder}.", "End it, or use another folder."
            )
        return cls(folder, lock)

    @classmethod
    def look(cls, folder: Path) -> "StateFolder | Refusal":
        """The folder, to be read only: beside a process that attends with it, too. There is nothing to close."""
        try:
            is_one = len((folder / KEY_FILE).read_bytes()) == 32
        except OSError:
            is_one = False
        if is_one:
            return cls(folder, None)
        return Refusal(
            Code.FILE_UNUSABLE,
            f"{folder} is no folder of a member's state.",
            "Give the folder of `incamera attend --state`.",
        )

    def close(self) -> None:
        """Unlock it."""
        if self._lock is not None:
            os.close(self._lock)

    @property
    def key(self) -> bytes:
        """The 32 bytes that everything secret here is sealed under."""
        return self._key

    # The device.

    def identity(self, invitation: Invitation) -> Identity | Refusal | None:
        """The device that this link enrolled here before; None if there is none yet."""
        kept = self.device()
        if kept is None or isinstance(kept, Refusal):
            return kept
        meeting, identity = kept
        if (meeting, identity.invitation) != (invitation.meeting, invitation.key.thumbprint):
            return Refusal(
                Code.STATE_UNREADABLE,
                "This folder is another invitation's.",
                "Use one folder an invitation.",
            )
        return identity

    def device(self) -> tuple[MeetingId, Identity] | Refusal | None:
        """The device that lives here, and its meeting; None if there is none yet."""
        sealed = self._read(DEVICE_FILE)
        if sealed is None:
            return None
        plain = self._unseal(sealed)
        try:
            value = json.loads(plain or b"")
            seed = unb64u(value["seed"]) or b""
            identity = Identity(SigningKey(seed), str(value["chain"]), Thumbprint(value["invitation"]))
            return MeetingId(value["meeting"]), identity
        except (ValueError, KeyError, TypeError, AssertionError):
            return Refusal(
                Code.STATE_UNREADABLE,
                "The device's key can't be read.",
                "Ask the secretariat to reopen the invitation.",
            )

    def keep_identity(self, meeting: MeetingId, identity: Identity) -> None:
        """Before the enrolment is posted: a key that is lost afterwards has used up the link."""
        value = {
            "meeting": meeting,
            "invitation": identity.invitation,
            "seed": b64u(identity.key.seed()),
            "chain": identity.chain,
        }
        self._write(DEVICE_FILE, self._seal(compact(value)))

    # The charter's parts, as the server gave them: they are checked each time.

    def charter(self) -> tuple[list[str], dict[PartId, bytes]] | None:
        """The charters and parts that were kept."""
        data = self._read(CHARTER_FILE)
        if data is None:
            return None
        try:
            value = json.loads(data)
            parts = {PartId(part): unb64u(text) or b"" for part, text in value["parts"].items()}
            return [str(jws) for jws in value["charters"]], parts
        except (ValueError, KeyError, TypeError, AttributeError):
            return None  # the server is asked

    def keep_charter(self, charters: Iterable[str], parts: Mapping[PartId, bytes]) -> None:
        """An excluded device is not given them again, and still reads what it has read."""
        shown = {part: b64u(data) for part, data in parts.items()}
        self._write(CHARTER_FILE, compact({"charters": list(charters), "parts": shown}))

    # A sitting's group: sealed by the core under `key`.

    def group(self, sitting: SittingId) -> bytes | None:
        """The group's sealed state."""
        return self._read(f"{sitting}.group")

    def keep_group(self, sitting: SittingId, sealed: bytes) -> None:
        """Replace the group's sealed state."""
        self._write(f"{sitting}.group", sealed)

    def drop_group(self, sitting: SittingId) -> None:
        """The group is of no use any more."""
        (self.path / f"{sitting}.group").unlink(missing_ok=True)

    # Journals.

    def journals(self) -> dict[JournalId, list[Entry]]:
        """What was read before, a journal each, as far as the lines are whole; the fold checks them again."""
        found: dict[JournalId, list[Entry]] = {}
        for path in sorted(self.path.glob("*.journal")):
            entries: list[Entry] = []
            for line in path.read_bytes().split(b"\n")[:-1]:
                entry = parse_entry(line)
                if isinstance(entry, Refusal) or entry.header.seq != len(entries) + 1:
                    break
                entries.append(entry)
            found[JournalId(path.stem)] = entries
            whole = b"".join(entry.line() + b"\n" for entry in entries)
            if self._lock is not None and path.stat().st_size != len(whole):
                self._write(path.name, whole)  # a line was cut by the process's end
        return found

    def append(self, entries: Iterable[Entry]) -> None:
        """Entries that were read: a line each, at the end of their journal."""
        lines: dict[str, bytearray] = {}
        for entry in entries:
            lines.setdefault(f"{entry.header.journal}.journal", bytearray()).extend(entry.line() + b"\n")
        for name, data in lines.items():
            descriptor = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(data)

    # The server's signed word where the journals end.

    def heads(self) -> dict[frozenset[JournalId], str]:
        """For each set of journals that was read at one time: the newest head over it that was held to the entries."""
        try:
            value = json.loads(self._read(HEADS_FILE) or b"[]")
            return {frozenset(map(JournalId, journals)): str(jws) for journals, jws in value}
        except (ValueError, TypeError):
            return {}

    def keep_head(self, journals: Iterable[JournalId], jws: str) -> None:
        """A head of these journals, all of whose entries were appended and are what it says."""
        kept = {**self.heads(), frozenset(journals): jws}
        shown = [[sorted(names), head] for names, head in kept.items()]
        # Not forced to the disk: the next connection brings another one.
        self._write(HEADS_FILE, json.dumps(shown, separators=(",", ":")).encode("ascii"), is_forced=False)

    def _own_key(self) -> bytes:
        key = self._read(KEY_FILE)
        if key is None or len(key) != 32:
            key = secrets.token_bytes(32)
            self._write(KEY_FILE, key)
        return key

    def _seal(self, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._key).encrypt(nonce, plain, DEVICE_FILE.encode())

    def _unseal(self, sealed: bytes) -> bytes | None:
        try:
            return AESGCM(self._key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], DEVICE_FILE.encode())
        except (InvalidTag, ValueError):
            return None

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def _write(self, name: str, data: bytes, *, is_forced: bool = True) -> None:
        durable.replace(self.path / name, data, is_synced=is_forced)
        if name in (KEY_FILE, DEVICE_FILE):
            # The name is on disk too, before the link is used up: a device that the power takes can't be made again.
            durable.sync(self.path)
