"""The HTTP listener: long request lines, endless ones, ports that are taken, certificates."""

import asyncio
import ssl
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from incamera import limits
from incamera.api import certificate
from incamera.api.listener import Listener, bound
from incamera.clock import SystemClock
from incamera.refusal import Code, Refused
from tests.support.patience import PATIENCE_S


async def _length(request: Request) -> Response:
    return PlainTextResponse(str(len(request.url.query)))


APP = Starlette(routes=[Route("/", _length)])


@pytest.mark.anyio
async def test_the_first_offer_of_a_client_fits_into_the_request_line() -> None:
    async with Listener(APP, bound("127.0.0.1", 0)) as listener, httpx2.AsyncClient(timeout=PATIENCE_S) as http:
        query = "x" * (limits.REQUEST_LINE_BYTES.value - 100)
        answer = await http.get(f"http://127.0.0.1:{listener.port}/?{query}")
        assert answer.text == str(len(query))


@pytest.mark.anyio
@pytest.mark.parametrize("begin", [b"GET /?", b"GET / HTTP/1.1\r\nX-Long: "])
async def test_a_request_without_an_end_is_cut_off(begin: bytes) -> None:
    async with Listener(APP, bound("127.0.0.1", 0)) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(begin)
        sent = 0
        try:
            while not reader.at_eof() and sent < 50_000_000:
                writer.write(b"a" * 65_536)
                sent += 65_536
                await writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            pass
        assert sent < 50_000_000, "it took all of it"
        writer.close()
        async with httpx2.AsyncClient(timeout=PATIENCE_S) as http:
            assert (await http.get(f"http://127.0.0.1:{listener.port}/")).text == "0"


@pytest.mark.anyio
async def test_a_port_that_is_taken_is_refused_with_what_to_do() -> None:
    async with Listener(APP, bound("127.0.0.1", 0)) as listener:
        with pytest.raises(Refused) as refused:
            bound("127.0.0.1", listener.port)
        assert refused.value.refusal.code == Code.PORT_TAKEN
        assert "--port" in refused.value.refusal.remedy


@pytest.mark.anyio
async def test_a_self_signed_certificate_is_made_kept_and_read_again(tmp_path: Path) -> None:
    clock = SystemClock()
    pair = certificate.self_signed(tmp_path, clock, ("192.0.2.7",))
    assert (tmp_path / "self-signed.key").stat().st_mode & 0o777 == 0o600
    first = pair[0].read_bytes()
    assert certificate.self_signed(tmp_path, clock, ("192.0.2.7",)) == pair
    assert pair[0].read_bytes() == first, "it was made anew"

    context = certificate.context(*pair)
    async with Listener(APP, bound("127.0.0.1", 0), tls=context) as listener:
        trusting = ssl.create_default_context(cafile=pair[0])
        async with httpx2.AsyncClient(verify=trusting, timeout=PATIENCE_S) as http:
            assert (await http.get(f"https://127.0.0.1:{listener.port}/?abc")).text == "3"

        for path in pair:
            path.unlink()
        certificate.self_signed(tmp_path, clock, ("192.0.2.7",))
        certificate.load(context, *pair)
        with pytest.raises(httpx2.ConnectError):
            async with httpx2.AsyncClient(verify=trusting, timeout=PATIENCE_S) as http:
                await http.get(f"https://127.0.0.1:{listener.port}/")
        anew = ssl.create_default_context(cafile=pair[0])
        async with httpx2.AsyncClient(verify=anew, timeout=PATIENCE_S) as http:
            assert (await http.get(f"https://127.0.0.1:{listener.port}/")).text == "0"


@pytest.mark.anyio
async def test_a_key_that_does_not_belong_to_its_certificate_is_refused(tmp_path: Path) -> None:
    one = certificate.self_signed(tmp_path / "one", SystemClock())
    two = certificate.self_signed(tmp_path / "two", SystemClock())
    with pytest.raises(Refused) as refused:
        certificate.context(one[0], two[1])
    assert refused.value.refusal.code == Code.TLS_UNUSABLE
