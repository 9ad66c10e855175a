"""The composition root: the only place where settings, media server, page and listener are joined; and how they end."""

import asyncio
import ipaddress
import secrets
import signal
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.routing import BaseRoute

from incamera import log
from incamera.api import certificate, machine
from incamera.api.ending import Ending
from incamera.api.http import application
from incamera.api.listener import Listener, bound, not_bound
from incamera.api.page import NOT_BUILT, Page
from incamera.clock import Clock
from incamera.refusal import Code, Refusal, Refused
from incamera.settings.fields import Settings
from incamera.settings.folder import prepare, using
from incamera.settings.keys import kept, unusable
from incamera.settings.sources import data_folder
from incamera.sfu.core import CoreConfig
from incamera.sfu.server import MEDIA_FAILED, SfuServer, SfuSettings

_log = log.logger(__name__)

DEV_KEYS: Final = {"devkey": "secret"}
SECRET_CHARS_MIN: Final = 32
KEY_FILE: Final = "media-key"


@dataclass(frozen=True, slots=True)
class Running:
    """A server that is ready, as those who started it need it."""

    origin: str
    """Where browsers find it: `http://localhost:7880`."""
    udp_port: int
    tcp_port: int | None
    keys: Mapping[str, str]
    failed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when its media core has ended by itself: nothing can be done but to start anew."""
    key_file: Path | None = None
    """Where the media key lies that it made by itself; None: it was given keys."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_exposure(settings: Settings, *, dev: bool, page: bool) -> Refusal | None:
    """Why these settings must not be served: keys that everybody knows, or a page without TLS beyond this machine."""
    keys = {key: secret.get_secret_value() for key, secret in settings.media.keys.items()}
    if is_loopback(settings.http.host):
        return None
    if dev or any(keys.get(key) == secret for key, secret in DEV_KEYS.items()):
        return Refusal(
            Code.SETTINGS_UNSAFE,
            f"`--dev` and its key, which everybody knows, listen on this machine only, not on {settings.http.host}.",
            "Leave --host out, or leave --dev out and give keys of your own.",
        )
    has_tls = settings.http.tls_cert is not None or settings.http.tls == "self-signed"
    if page and not has_tls and not settings.http.trusted_proxies:
        return Refusal(
            Code.SETTINGS_UNSAFE,
            f"Without TLS, browsers beyond this machine give the page on {settings.http.host} no camera or microphone.",
            "Give --tls-cert and --tls-key, or --tls self-signed for a try; behind a proxy, set http.trusted_proxies.",
        )
    return None


def believes_any_host(settings: Settings) -> bool:
    """Whether others reach this server and nobody said under which address: see api/origins.py."""
    is_reached = not is_loopback(settings.http.host) or bool(settings.http.trusted_proxies)
    return is_reached and not settings.http.origins


def _keys(settings: Settings, *, dev: bool, data: Path) -> dict[str, str]:
    """The media keys: the settings', the well-known pair in `--dev`, else one made once and kept in the data folder."""
    keys = {key: secret.get_secret_value() for key, secret in settings.media.keys.items()}
    for key, secret in keys.items():
        if not dev and len(secret) < SECRET_CHARS_MIN and DEV_KEYS.get(key) != secret:
            raise Refused(
                Refusal(
                    Code.SETTINGS_UNSAFE,
                    f"The secret of media key {key!r} has fewer than {SECRET_CHARS_MIN} characters.",
                    "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
                )
            )
    if keys:
        return keys
    if dev:
        return dict(DEV_KEYS)
    path = data / KEY_FILE
    key, _, secret = kept(path, lambda: f"API{secrets.token_hex(6)}: {secrets.token_urlsafe(32)}").partition(": ")
    if not key or len(secret) < SECRET_CHARS_MIN:
        raise unusable(path)
    return {key: secret}


def _tls(settings: Settings, *, clock: Clock, data: Path) -> tuple[ssl.SSLContext, tuple[Path, Path]] | None:
    http = settings.http
    if (http.tls_cert is None) != (http.tls_key is None):
        raise Refused(
            Refusal(Code.SETTINGS_INVALID, "A certificate needs its key.", "Give both --tls-cert and --tls-key.")
        )
    if http.tls_cert is not None and http.tls_key is not None:
        pair = (http.tls_cert, http.tls_key)
    elif http.tls == "self-signed":
        pair = certificate.self_signed(data / "tls", clock, (http.host,))
    else:
        return None
    return certificate.context(*pair, http.tls_minimum), pair


def _sfu(settings: Settings, keys: Mapping[str, str], clock: Clock) -> SfuServer:
    media = settings.media
    if media.webhook_urls and media.webhook_key not in keys:
        raise Refused(
            Refusal(
                Code.SETTINGS_INVALID,
                "media.webhook_key is not one of media.keys, and webhooks are signed with it.",
                "Name one of the keys.",
            )
        )
    return SfuServer(
        SfuSettings(
            keys=keys,
            core=CoreConfig(
                udp=_address(media.host, media.udp_port),
                tcp=None if media.tcp_port is None else _address(media.host, media.tcp_port),
                announce_udp=media.announce_udp,
                announce_tcp=media.announce_tcp,
                udp_candidates=media.udp,
            ),
            auto_create=media.auto_create,
            empty_timeout_s=media.empty_timeout_s,
            departure_timeout_s=media.departure_timeout_s,
            webhook_urls=media.webhook_urls,
            webhook_key=media.webhook_key,
        ),
        clock,
    )


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _origin(host: str, port: int, *, tls: bool) -> str:
    """What people type, in lower case as links are. `localhost` where only this machine listens: secure without TLS."""
    if is_loopback(host):
        name = "localhost" if host != "::1" else "[::1]"
    elif host in ("0.0.0.0", "::"):
        name = machine.reached_by()
    else:
        name = f"[{host}]".lower() if ":" in host else host.lower()
    return f"{'https' if tls else 'http'}://{name}:{port}"


@contextmanager
def _reloading(context: ssl.SSLContext, pair: tuple[Path, Path]) -> Iterator[None]:
    """While inside, SIGHUP reads the certificate again; one that can't be used leaves the old one in force."""

    def reload() -> None:
        try:
            certificate.load(context, *pair)
        except Refused as error:
            _log.error("certificate.not_reloaded", code=str(error.refusal.code))
        else:
            _log.info("certificate.reloaded")

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


@asynccontextmanager
async def serving(
    settings: Settings, *, clock: Clock, environ: Mapping[str, str], dev: bool = False, page: bool = True
) -> AsyncIterator[Running]:
    """A server from ready to ended. Refused where it must not or can't start; nothing is left listening then.

    `page` false: the media server alone, as `incamera sfu`.
    """
    if refusal := check_exposure(settings, dev=dev, page=page):
        raise Refused(refusal)
    data = data_folder(settings, environ)
    with using(data):
        if page:
            prepare(data)
        tls = _tls(settings, clock=clock, data=data)
        keys = _keys(settings, dev=dev, data=data)
    shown = Page(tls=tls is not None) if page else None
    if shown is not None and not shown.built:
        raise Refused(NOT_BUILT)
    async with AsyncExitStack() as stack:
        # Before anything runs: a port that is taken is the commonest reason not to start.
        listening = stack.enter_context(closing(bound(settings.http.host, settings.http.port)))
        try:
            sfu = await stack.enter_async_context(_sfu(settings, keys, clock))
        except OSError as error:
            raise Refused(
                not_bound(error, f"{settings.media.host}, media", "UDP or TCP", "--udp-port and --tcp-port")
            ) from error
        meetings: list[BaseRoute] = []
        if page:
            from incamera.meeting_plane import meeting_plane  # here: the media server alone needs no database

            meetings = await stack.enter_async_context(meeting_plane(settings, sfu, keys, clock=clock, data=data))
        origins = settings.http.origins
        app = application(
            signalling=sfu.routes,
            page=shown,
            readiness=lambda: {"media": sfu.unready()},
            meetings=meetings,
            origins=origins,
        )
        listener = await stack.enter_async_context(
            Listener(
                app,
                listening,
                tls=tls[0] if tls is not None else None,
                trusted_proxies=settings.http.trusted_proxies,
            )
        )
        if tls is not None:
            stack.enter_context(_reloading(*tls))
        origin = origins[0] if origins else _origin(settings.http.host, listener.port, tls=tls is not None)
        _log.info("server.ready", http_port=listener.port, udp_port=sfu.udp_port, tcp_port=sfu.tcp_port)
        try:
            own = None if dev or settings.media.keys else data / KEY_FILE
            yield Running(origin, sfu.udp_port, sfu.tcp_port, keys, sfu.failed, own)
        finally:
            _log.info("server.ending")
            await sfu.stop()  # first of all, so that participants are told why, and don't see a lost connection


async def run(
    settings: Settings,
    *,
    clock: Clock,
    environ: Mapping[str, str],
    ready: Callable[[Running, asyncio.Event], Awaitable[None]],
    dev: bool = False,
    page: bool = True,
) -> None:
    """Serve until a signal asks for the end. Refused, after an orderly end, where the media core has failed.

    `ready` is called once, when visitors may come, with the event that asks for the end; it may last until then.
    """

    async def end_with(failed: asyncio.Event) -> None:
        await failed.wait()
        ending.ask()

    ending = Ending()
    try:
        async with serving(settings, clock=clock, environ=environ, dev=dev, page=page) as running:
            watching = asyncio.create_task(end_with(running.failed))
            try:
                await ready(running, ending.asked)
                await ending.asked.wait()
            finally:
                watching.cancel()
    except BaseExceptionGroup as group:
        if (refused := _sole(group)) is None:
            raise
        raise refused from group
    if running.failed.is_set():
        raise Refused(MEDIA_FAILED)


def _sole(group: BaseExceptionGroup[BaseException]) -> Refused | None:
    """The refusal in a group of nothing else: task groups, through which it left, wrap it once each."""
    refusals, others = group.split(Refused)
    if others is not None or refusals is None:
        return None
    first: BaseException = refusals
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, Refused), "nothing else is in it"
    return first
