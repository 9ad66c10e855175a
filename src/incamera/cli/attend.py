"""`incamera attend`: a participant without a screen that reports what arrived."""

import asyncio
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from incamera import log
from incamera.cli import options
from incamera.cli.answers import Exit, note, refuse, result, taken
from incamera.clock import Clock, SystemClock
from incamera.member.link import Link, read_link
from incamera.refusal import Code, Refusal

if TYPE_CHECKING:
    from incamera.member.broadcast import Manner, Subscribe
    from incamera.member.member import End, Member

EXAMPLES = """\b
Examples:
  incamera attend 'https://meet.example/m/…#ticket=…' --headless --seconds 30
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
            metavar="SECONDS", min=0.1, help="How long to stay.", show_default="until Ctrl-C, or the sitting's end"
        ),
    ] = None,
    as_json: options.Json = False,
    picture: Annotated[bool, typer.Option("--picture/--no-picture", help="Send a synthetic picture.")] = True,
    tone: Annotated[bool, typer.Option("--tone/--no-tone", help="Send a tone.")] = True,
    tone_hz: Annotated[float, typer.Option(metavar="HZ", min=20, max=12_000, help="The tone's frequency.")] = 440.0,
    subscribe: Annotated[str, typer.Option(metavar="WHAT", help="What to receive: all, sound, none.")] = "all",
    ca: options.Ca = None,
    log_level: options.LogLevel = None,
) -> None:
    """Attend without a screen: send a synthetic picture and a tone, report what arrives from each participant.

    For tests, rehearsals and trouble-shooting. Exit code 0: it was in the sitting to the end.
    """
    if not headless:
        raise typer.BadParameter("attend has no screen: say --headless. With a screen: incamera join LINK")
    wanted: dict[str, Subscribe] = {"all": "all", "sound": "sound", "none": "none"}
    if subscribe not in wanted:
        raise typer.BadParameter(f"{subscribe!r} is none of all, sound, none", param_hint="--subscribe")
    log.configure(log_level or "warning")
    if ca is not None:
        os.environ["SSL_CERT_FILE"] = str(ca)  # what the SDK's TLS reads
    read = taken(read_link(sys.stdin.readline() if link == "-" else link))
    from incamera.member.broadcast import Manner  # here: `--help` need not wait for the SDK

    manner = Manner(picture=picture, tone=tone, tone_hz=tone_hz, subscribe=wanted[subscribe])
    raise typer.Exit(asyncio.run(_attend(read, manner, seconds, SystemClock(), as_json=as_json)))


async def _attend(link: Link, manner: "Manner", seconds: float | None, clock: Clock, *, as_json: bool) -> Exit:
    from livekit import rtc

    from incamera.member.member import Member

    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    member = Member(link, manner, clock)
    running = asyncio.create_task(member.run(asked))
    entered = asyncio.create_task(member.entered.wait())
    await asyncio.wait({running, entered}, return_when=asyncio.FIRST_COMPLETED)
    if entered.done():
        note(f"In the sitting as {link.delegation}.")
        if seconds is not None:
            loop.call_later(seconds, asked.set)
    end: End | None = None
    with contextlib.suppress(rtc.ConnectError):
        end = await running
    was_in = member.entered.is_set() and end != "put out" and (member.connected or end == "closed")
    _report(member, as_json=as_json)
    if end is None:
        refuse(
            Refusal(
                Code.SERVER_UNREACHABLE,
                f"{link.server} did not let this seat in.",
                "Is the server running, is the ticket of today, is its certificate trusted (--ca)? "
                "Ask with --log-level info.",
            )
        )
    return Exit.DONE if was_in else Exit.FAILED


def _report(member: "Member", *, as_json: bool) -> None:
    report, seconds = member.report(), member.seconds_in
    if as_json:
        result({"seconds": round(seconds, 1), "participants": report})
        return
    print(f"{seconds:.0f} s in the sitting. Received:")
    for who, figures in report.items():
        tone = "" if figures["tone_hz"] is None else f", tone of {figures['tone_hz']:.0f} Hz"
        print(
            f"  {who}: {figures['video_frames']} pictures ({figures['freezes']} freezes), "
            f"{figures['audio_frames']} blocks of sound{tone}, {figures['failed']} failed"
        )
    if not report:
        print("  nothing: nobody else was there")
