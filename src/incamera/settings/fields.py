"""Every setting: name, type, default and meaning (docs/reference/settings.md is generated from these models)."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from incamera.accreditation.invitation import check_origin
from incamera.accreditation.strict import is_id
from incamera.log import Private

Port = Annotated[int, Field(ge=0, le=65535)]
Keys = dict[str, SecretStr]
_IMPLIED = {"http": ":80", "https": ":443"}
"""No client says these ports: an origin with one would never be asked."""


class Section(BaseModel):
    """A group of settings: frozen, and closed: an unknown key is an error, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Http(Section):
    """Where the page, the interface and the signalling are served: one origin."""

    host: str = Field(default="127.0.0.1", description="address to listen on; beyond this machine, browsers want TLS")
    port: Port = Field(default=7880, description="TCP port; 0 lets the system choose")
    tls_cert: Path | None = Field(default=None, description="certificate chain, PEM; read again on SIGHUP")
    tls_key: Path | None = Field(default=None, description="the certificate's private key, PEM; read again on SIGHUP")
    tls: Literal["off", "self-signed"] = Field(
        default="off",
        description="`self-signed`: a certificate made in the data folder, for a try on a local network",
    )
    tls_minimum: Literal["1.2", "1.3"] = Field(default="1.3", description="oldest version of TLS that is spoken")
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="addresses of reverse proxies whose forwarded headers are believed, and which speak TLS for us",
    )
    origins: tuple[str, ...] = Field(
        default=(),
        description="the server's own addresses, as links have them, `https://HOST[:PORT]`; any other is refused; "
        "none: any host name is believed",
    )

    @field_validator("origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if check_origin(each) is not None:
                raise ValueError(f"{each!r} is not https://HOST[:PORT], in lower case; http only for localhost")
            if each.endswith(_IMPLIED[each.partition("://")[0]]):
                raise ValueError(f"{each!r} names the port that is meant anyway: leave it out")
        return value


class Media(Section):
    """The embedded media server."""

    host: str = Field(default="0.0.0.0", description="address to listen on for media")
    udp_port: Port = Field(default=7882, description="the one UDP port of all media; 0 lets the system choose")
    tcp_port: Port | None = Field(
        default=7881,
        description="port for media over TCP (closed networks); empty turns it off, 0 lets the system choose",
    )
    udp: bool = Field(default=True, description="tell clients the UDP candidates; off: media takes TCP")
    announce_udp: tuple[str, ...] = Field(
        default=(), description="`ip:port` told to clients in place of the machine's own addresses: a NAT's outside"
    )
    announce_tcp: tuple[str, ...] = Field(default=(), description="the same for media over TCP")
    keys: Keys = Field(
        default_factory=dict,
        description="LiveKit API keys, `key: secret`; none: one is made in the data folder",
    )
    auto_create: bool = Field(default=True, description="a room is made when the first participant comes")
    empty_timeout_s: Annotated[int, Field(ge=0)] = Field(
        default=300, description="seconds that a room nobody entered is kept"
    )
    departure_timeout_s: Annotated[int, Field(ge=0)] = Field(
        default=20, description="seconds that a room is kept after the last left"
    )
    webhook_urls: tuple[str, ...] = Field(
        default=(), description="addresses that are told of rooms, participants and tracks"
    )
    webhook_key: str | None = Field(default=None, description="the API key that signs webhooks; one of `keys`")

    @field_validator("announce_udp", "announce_tcp")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            host, colon, port = each.rpartition(":")
            if not (host and colon and port.isdigit() and 0 < int(port) < 65536):
                raise ValueError(f"{each!r} is not ip:port")
        return value

    @field_validator("webhook_urls")
    @classmethod
    def _urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for number, each in enumerate(value, 1):
            try:
                url = urlsplit(each)
                is_url = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
            except ValueError:
                is_url = False
            if not is_url:
                # By its number: it may hold a secret.
                raise ValueError(f"address {number} is not http://host/path or https://host/path")
        return value


class Meetings(Section):
    """Whose meetings are held here."""

    authorities: tuple[str, ...] = Field(
        default=(),
        description="thumbprints of the authorities whose charters make meetings; nobody else's does",
    )

    @field_validator("authorities")
    @classmethod
    def _thumbprints(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not is_id(each, 32):
                raise ValueError(f"{each!r} is not a thumbprint: 43 characters, as incamera authority new printed them")
        return value


class Data(Section):
    """What is kept on disk."""

    folder: Path | None = Field(
        default=None,
        description="where state is kept; none: systemd's `$STATE_DIRECTORY`, else the user's data folder",
    )


class Log(Section):
    """Structured logs, on stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is written"
    )
    format: Literal["auto", "json", "text"] = Field(
        default="auto", description="`auto`: JSON lines, but text on a terminal"
    )


class Settings(Section):
    """All of it."""

    http: Http = Http()
    media: Media = Media()
    meetings: Meetings = Meetings()
    data: Data = Data()
    log: Log = Log()


def secrets_of(settings: Settings) -> dict[str, Private[str]]:
    """The media keys as the media server takes them, still masked."""
    return {key: Private(secret.get_secret_value()) for key, secret in settings.media.keys.items()}
