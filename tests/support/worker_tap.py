"""Ears in the page's frames worker: each encoded frame of ours in clear, before it is sealed, and sealed, as it leaves.

The server's script stays what it is; what stands here is put behind it on its way to the browser.
"""

import base64
from dataclasses import dataclass

from playwright.async_api import Page, Route

from tests.support.browsers import PATIENCE_MS

SCRIPT = """
;(() => {
  const ears = new BroadcastChannel("ears");
  let number = 0;
  const text = (data) => btoa(String.fromCharCode(...new Uint8Array(data).subarray(0, 160)));
  const ear = (where, identity) => new TransformStream({
    transform(frame, controller) {
      number += 1;
      ears.postMessage({ number, where, identity, kind: "type" in frame ? "video" : "audio",
        length: frame.data.byteLength, start: text(frame.data) });
      controller.enqueue(frame);
    },
  });
  const between = (readable, writable, identity) => {
    const out = ear("sealed", identity);
    out.readable.pipeTo(writable).catch(() => undefined);
    return [readable.pipeThrough(ear("clear", identity)), out.writable];
  };
  const product = { message: self.onmessage, transform: self.onrtctransform };
  self.onmessage = (event) => {
    const { kind, data } = event.data;
    if (kind !== "encode") return product.message(event);
    const [readable, writable] = between(data.readableStream, data.writableStream, data.participantIdentity);
    return product.message({ data: { kind, data: { ...data, readableStream: readable, writableStream: writable } } });
  };
  self.onrtctransform = ({ transformer }) => {
    const { options } = transformer;
    if (options.kind !== "encode") return product.transform({ transformer });
    const [readable, writable] = between(transformer.readable, transformer.writable, options.participantIdentity);
    return product.transform({ transformer: { options, readable, writable } });
  };
})();
"""
LISTEN = """
window.__frames = [];
new BroadcastChannel("ears").onmessage = ({ data }) => {
  window.__frames.push(data);
  if (window.__frames.length > 4000) window.__frames.shift();
};
"""


@dataclass(frozen=True)
class Frame:
    """An encoded frame that passed."""

    number: int
    """In the order of passing."""
    is_sealed: bool
    identity: str
    kind: str
    length: int
    start: bytes
    """Its first 160 bytes."""


async def tap(page: Page) -> None:
    """From the next load of the page on."""

    async def behind(route: Route) -> None:
        answer = await route.fetch(timeout=PATIENCE_MS)
        await route.fulfill(response=answer, body=await answer.text() + SCRIPT)

    await page.add_init_script(LISTEN)
    await page.route("**/assets/frames.worker-*.js", behind)


async def frames(page: Page) -> list[Frame]:
    """What was heard lately, oldest first."""
    told = await page.evaluate("() => window.__frames")
    return [
        Frame(
            one["number"],
            one["where"] == "sealed",
            one["identity"],
            one["kind"],
            one["length"],
            base64.b64decode(one["start"]),
        )
        for one in told
    ]
