"""`incamera attend`: a participant without a screen that reports what arrived."""

import asyncio
import os
import ssl
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from incamera.accreditation.invitation import Invitation, parse_link
from incamera.certificates import trust
from incamera.cli import options
from incamera.cli.answers import Exit, note, note_refusal, refuse, result, taken
from incamera.clock import Clock, SystemClock
from incamera.member.asking import unreachable
from incamera.member.leaving import leave
from incamera.member.order import end_signalled
from incamera.refusal import Code, Refusal, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from incamera.member.attendance import Figures
    from incamera.member.attendee import End
    from incamera.member.broadcast import Manner, Subscribe
    from incamera.member.delegate import Delegate

ENDED = ("asked", "closed")
"""How it ends in order."""
EXAMPLES = """\b
Examples:
  incamera attend - --headless --seconds 30 --state device < link.txt
  incamera attend - --headless --json < link.txt | tail -n 1
      {"seconds": …, "participants": {"<seat>": {"video_frames": …, "audio_frames": …, "failed": …, "freezes": …}, …}}
"""


def attend(
    link: Annotated[str, typer.Argument(metavar="LINK", help="The seat's link; - reads it from standard input.")],
    headless: Annotated[
        bool, typer.Option("--headless", help="Without a screen: needed, since this command has none.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.1,
            help="How long to stay, once in.",
            show_default="until Ctrl-C, put out, or it closes",
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep the device here, to go on with it. A link makes one device only.",
            show_default="a temporary one",
        ),
    ] = None,
    as_json: options.Json = False,
    picture: Annotated[bool, typer.Option("--picture/--no-picture", help="Send a synthetic picture.")] = True,
    tone: Annotated[bool, typer.Option("--tone/--no-tone", help="Send a tone, while it has the floor.")] = True,
    tone_hz: Annotated[float, typer.Option(metavar="HZ", min=20, max=12_000, help="The tone's frequency.")] = 440.0,
    subscribe: Annotated[str, typer.Option(metavar="WHAT", help="What to receive: all, sound, none.")] = "all",
    ca: options.Ca = None,
    log_level: options.LogLevel = None,
) -> None:
    """Attend without a screen: enrol, knock, join, send a synthetic picture and a tone, and report what arrives.

    A member with keys of its own, on the roster like anyone; what it sends and receives is end-to-end encrypted. For
    tests, rehearsals and trouble-shooting. Exit code 0: it was in the sitting to the end.
    """
    if not headless:
        raise typer.BadParameter("attend has no screen: say --headless. With a screen: incamera join LINK")
    wanted: dict[str, Subscribe] = {"all": "all", "sound": "sound", "none": "none"}
    if subscribe not in wanted:
        raise typer.BadParameter(f"{subscribe!r} is none of all, sound, none", param_hint="--subscribe")
    options.begin_log(log_level)
    try:
        tls = trust(ca)
    except Refused as error:
        refuse(error.refusal)
    if ca is not None:
        os.environ["SSL_CERT_FILE"] = str(ca)  # what the SDK's TLS reads
    text = sys.stdin.readline() if link == "-" else link
    from incamera.member.broadcast import Manner  # here: `--help` need not wait for the SDK

    manner = Manner(picture=picture, tone=tone, tone_hz=tone_hz, subscribe=wanted[subscribe])
    invitation = taken(parse_link(text))
    if state is None:
        note("The device is kept nowhere: the link is used up when this ends. Keep it with --state FOLDER.")
    with nullcontext(str(state)) if state else tempfile.TemporaryDirectory(prefix="incamera-") as folder:
        try:
            code = int(
                asyncio.run(_attend(invitation, Path(folder), tls, manner, seconds, SystemClock(), as_json=as_json))
            )
        except typer.Exit as exiting:  # a refusal, said
            code = exiting.exit_code
    leave(code)


async def _attend(
    invitation: Invitation,
    state: Path,
    tls: ssl.SSLContext,
    manner: "Manner",
    seconds: float | None,
    clock: Clock,
    *,
    as_json: bool,
) -> Exit:
    asked = end_signalled()  # first of all: the SDK takes its time to load
    from incamera.member.delegate import Delegate
    from incamera.member.device import StateFolder

    folder = taken(StateFolder.open(state))
    delegate = Delegate(invitation, folder, clock, tls, manner=manner, moves_on=False)
    _note_silence(delegate)
    running = asyncio.create_task(delegate.run(asked))
    entering = asyncio.create_task(delegate.entered.wait())
    await asyncio.wait({running, entering}, return_when=asyncio.FIRST_COMPLETED)
    if entering.done():
        note(f"In the sitting as {delegate.name}.")
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, asked.set)
    asking = asyncio.create_task(asked.wait())
    await asyncio.wait({running, asking}, return_when=asyncio.FIRST_COMPLETED)
    was_in = delegate.connected
    end = await running
    if end == "closed":
        was_in = True  # to its end: it was in the room before
        note("The sitting was closed.")
    folder.close()
    _report(delegate.report(), delegate.seconds_in, as_json=as_json)
    is_alarmed = _alarmed(delegate)
    if end not in ENDED or not was_in or is_alarmed:
        refuse(_why(delegate, end, is_alarmed=is_alarmed))
    return Exit.DONE


def _note_silence(delegate: "Delegate") -> None:
    """Say that nobody answers, or nobody who is trusted: once each time that it is kept outside, since it goes on."""
    said: set[bool] = set()

    def told(refusal: Refusal) -> None:
        if refusal.code is Code.SERVER_UNREACHABLE and (has_entered := delegate.entered.is_set()) not in said:
            said.add(has_entered)
            note_refusal(replace(refusal, reason=f"{refusal.reason} It is tried again."))

    delegate.attendee.on_refusal.append(told)


def _why(delegate: "Delegate", end: "End", *, is_alarmed: bool) -> Refusal:
    """What is wrong with how it ended."""
    attendee = delegate.attendee
    sittings = attendee.sittings.values()
    refusal = attendee.refusal or next((one.refusal for one in sittings if one.refusal is not None), None)
    if end not in ENDED and refusal is not None:
        return refusal
    if is_alarmed:
        return Refusal(
            Code.GROUP_BLOCKED, "It saw what must not be: the ALARM above.", "Compare heads with another delegation."
        )
    if refusal is None and any(one.phase == "member" for one in sittings):
        refusal = unreachable("gives it no connection for picture and sound")
    elif refusal is None:
        refusal = Refusal(Code.MEMBER_MISSING, "It is not a member.", "Ask the chair or the secretariat to let it in.")
    where = "It was outside the sitting at the end." if delegate.entered.is_set() else "It never was in the sitting."
    return replace(refusal, reason=f"{where} {refusal.reason}")


def _alarmed(delegate: "Delegate") -> bool:
    """Say what was seen that must not be."""
    attendee = delegate.attendee
    alarms = [*attendee.alarms, *(alarm for sitting in attendee.sittings.values() for alarm in sitting.alarms)]
    for alarm in alarms:
        note(f"ALARM ({alarm.cause}): {alarm.what}")
    return bool(alarms)


def _report(report: "Mapping[str, Figures]", seconds: float, *, as_json: bool) -> None:
    if as_json:
        result({"seconds": round(seconds, 3), "participants": report})
        return
    print(f"{seconds:.0f} s in the sitting. Received:")
    for who, figures in report.items():
        tone = "" if figures["tone_hz"] is None else f", tone of {figures['tone_hz']:.0f} Hz"
        print(
            f"  {who}: {figures['video_frames']} pictures ({figures['freezes']} freezes), "
            f"{figures['audio_frames']} blocks of sound{tone}, {figures['failed']} failed, {figures['early']} early, "
            f"{figures['refused']} refused"
        )
    if not report:
        print("  nothing: nobody else was there")
