"""Who may be heard now: the floor's rule for senders and receivers (e2ee.md), by the reader's own fold.

The server's grants follow the same rule (proceedings/usher.py); each of the three suffices alone.
"""

from typing import Final

from incamera.accreditation.charter import Role
from incamera.accreditation.strict import Thumbprint
from incamera.meeting.state import State

ALWAYS_HEARD: Final = frozenset({Role.CHAIR, Role.INTERPRETER})
"""Whose microphone needs no floor: the chair leads, interpreters have their booth."""
SILENT: Final = frozenset({Role.PRESS, Role.RECORDER, Role.WITNESS})
"""Who hears and sees, and publishes nothing."""


def speakers(state: State) -> frozenset[Thumbprint]:
    """Devices that may be heard in a sitting as it stands."""
    if state.sitting.stage != "open":
        return frozenset()
    return frozenset(device for device in state.sitting.group.present if _may_be_heard(state, device))


def shows(state: State, device: Thumbprint) -> bool:
    """Whether a device may show its picture: cameras need no floor."""
    role = state.meeting.role_of(device)
    present = device in state.sitting.group.present
    return state.sitting.stage == "open" and present and role is not None and role not in SILENT


def _may_be_heard(state: State, device: Thumbprint) -> bool:
    role, holder = state.meeting.role_of(device), state.sitting.floor.holder
    if role is None or role in SILENT:
        return False
    return role in ALWAYS_HEARD or (holder is not None and holder.device == device)
