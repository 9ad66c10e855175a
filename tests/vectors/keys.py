"""link.json, act.json, sealed.json, words.json, frame_key.json, strict.json: the small formats."""

import hashlib
import hmac
import unicodedata
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from incamera.accreditation.invitation import Invitation, parse_link
from incamera.accreditation.signature import Signed, Typ, open_signed, sign
from incamera.accreditation.strict import Malformed, Members, b64u, load, sha256, unb64u
from incamera.refusal import Refusal
from tests.vectors.given import AUTHORITY, DEVICE, INVITATION, MAIN, MEETING, NOW_MS, SITTING, Vector, key, octets

MADE_BY = "tests/vectors/make.py"
WORDS = Path(__file__).parents[2] / "crates" / "e2ee" / "words"
WORD_LISTS = {
    "en": "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda",
    "fr": "ebc3959ab7801a1df6bac4fa7d970652f1df76b683cd2f4003c941c63d517e59",
}


def links() -> Vector:
    good = Invitation("https://meet.example:8443", MEETING, AUTHORITY.thumbprint, INVITATION)
    whole = good.link()
    place, _, fragment = whole.partition("#")
    data = unb64u(fragment)
    assert data is not None
    texts = [
        ("a link", whole),
        ("white space around it, as pasted", f"  {whole}\n"),
        ("without a port", whole.replace(":8443", "")),
        ("plain http on the own machine", whole.replace("https://meet.example:8443", "http://localhost:8443")),
        ("plain http on the own machine, IPv6", whole.replace("https://meet.example:8443", "http://[::1]:8443")),
        ("plain http to another machine", whole.replace("https:", "http:")),
        ("plain http to a name that begins like the own machine", f"http://localhost.example/m/{MEETING}#{fragment}"),
        ("the last character missing", whole[:-1]),
        ("one character more", whole + "A"),
        ("no fragment", place),
        ("version 2", f"{place}#{b64u(bytes([2]) + data[1:])}"),
        ("a fragment that is not canonical", whole[:-1] + ("B" if whole[-1] != "B" else "C")),
        ("a name and a password", whole.replace("https://", "https://me:secret@")),
        ("a query", whole.replace("#", "?a=1#")),
        ("another path", whole.replace("/m/", "/n/")),
        ("a slash after the meeting", whole.replace("#", "/#")),
        ("a meeting of 15 bytes", whole.replace(MEETING, b64u(bytes(15)))),
        ("another scheme", whole.replace("https:", "javascript:")),
        ("port 0", whole.replace(":8443", ":0")),
        ("port 65536", whole.replace(":8443", ":65536")),
        ("no host", whole.replace("meet.example:8443", "")),
        ("nothing", ""),
    ]
    return {"about": "Invitation links (record.md, 1).", "made_by": MADE_BY, "cases": [_link(*text) for text in texts]}


def _link(name: str, text: str) -> Vector:
    found = parse_link(text)
    if isinstance(found, Refusal):
        return {"name": name, "link": text, "outcome": {"refusal": found.code.value}}
    invitation = {
        "origin": found.origin,
        "meeting": found.meeting,
        "authority": found.authority,
        "seed": b64u(found.key.seed()),
        "key": found.key.public.jwk(),
    }
    return {"name": name, "link": text, "outcome": {"invitation": invitation}}


def acts() -> Vector:
    """The envelope of an act, and the signature; the bodies are the fold's vectors."""
    payload = {
        "v": 1,
        "meeting": MEETING,
        "by": DEVICE.thumbprint,
        "kind": "floor.request",
        "sitting": SITTING,
        "seen": {"main": [3, sha256(b"main")], "sitting": [7, sha256(b"sitting")]},
        "at": NOW_MS,
        "nonce": b64u(octets("nonce", 16)),
        "body": {},
    }
    nothing = {"main": None, "sitting": None}
    good = sign(DEVICE, Typ.ACT, payload)
    header, body, signature = good.split(".")
    found = unb64u(signature)
    assert found is not None
    texts = [
        ("a request for the floor", good),
        ("from a device that reads nothing yet", sign(DEVICE, Typ.ACT, payload | {"seen": nothing})),
        ("signed for another purpose", sign(DEVICE, Typ.PROOF, payload)),
        ("signed by another device", sign(key("stranger"), Typ.ACT, payload)),
        ("one bit of the signature changed", f"{header}.{body}.{b64u(bytes([found[0] ^ 1]) + found[1:])}"),
        ("no signature", f"{header}.{body}."),
        ("padding", f"{good}=="),
        ("nothing", ""),
    ]  # fmt: skip
    cases = [_act(*text) for text in texts]
    return {
        "about": "Acts as compact JWS (record.md, 3): the signature over the envelope, and the act's hash.",
        "made_by": MADE_BY,
        "key": DEVICE.public.jwk(),
        "thumbprint": DEVICE.thumbprint,
        "seed": b64u(DEVICE.seed()),
        "payload": payload,
        "cases": cases,
    }


def _act(name: str, text: str) -> Vector:
    opened = open_signed(text, typ=Typ.ACT, key=DEVICE.public, parse=_anything)
    outcome = {"hash": opened.hash} if isinstance(opened, Signed) else {"refusal": opened.code.value}
    return {"name": name, "jws": text, "outcome": outcome}


def _anything(members: Members) -> None:
    members.each(lambda name, value, path: None, most=32)


def sealed() -> Vector:
    item_key, nonce = octets("item key", 32), octets("item nonce", 12)
    places = {"meeting": MEETING, "sitting": SITTING, "item": "lessons", "kind": "agenda.title"}
    plain = "Leçons de la mission"
    text = b64u(nonce + AESGCM(item_key).encrypt(nonce, plain.encode(), _data(places)))
    whole = unb64u(text)
    assert whole is not None
    variants = [
        ("a sealed title", text, places),
        ("shown in another meeting", text, places | {"meeting": b64u(octets("another meeting", 16))}),
        ("shown in another sitting", text, places | {"sitting": b64u(octets("another sitting", 16))}),
        ("shown as another item", text, places | {"item": "next-steps"}),
        ("shown as another kind", text, places | {"kind": "vote.cast"}),
        ("one bit changed", b64u(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:]), places),
        ("cut", b64u(whole[:-1]), places),
        ("without a tag", b64u(whole[:12]), places),
    ]
    cases = []
    for name, shown, place in variants:
        case = {"name": name, "sealed": {"item": place["item"], "key": sha256(item_key), "sealed": shown}, **place}
        cases.append(
            case
            | {"outcome": {"refusal": True} if (found := _open(item_key, shown, place)) is None else {"text": found}}
        )
    return {
        "about": "Sealed bodies: AES-256-GCM under an item key (record.md, 3).",
        "made_by": MADE_BY,
        "item_key": b64u(item_key),
        "nonce": b64u(nonce),
        "cases": cases,
    }  # fmt: skip


def _data(place: dict[str, str]) -> bytes:
    return b"\x00".join(place[name].encode() for name in ("meeting", "sitting", "item", "kind"))


def _open(item_key: bytes, text: str, place: dict[str, str]) -> str | None:
    data = unb64u(text)
    assert data is not None
    try:
        return AESGCM(item_key).decrypt(data[:12], data[12:], _data(place)).decode()
    except (InvalidTag, ValueError):
        return None


def words() -> Vector:
    cases = []
    for name in ("first epoch", "second epoch", "third epoch"):
        authenticator = octets(name, 32) + octets(f"{name}, SHA-384's rest", 16)
        cases.append(
            {
                "name": name,
                "authenticator": b64u(authenticator),
                "words": {language: _words(language, authenticator) for language in WORD_LISTS},
            }
        )
    return {
        "about": "The spoken words of an epoch (record.md, 6). In NFC; the French list itself is in NFD.",
        "made_by": MADE_BY,
        "lists": WORD_LISTS,
        "cases": cases,
    }


def _words(language: str, authenticator: bytes) -> list[str]:
    data = (WORDS / f"{language}.txt").read_bytes()
    assert hashlib.sha256(data).hexdigest() == WORD_LISTS[language], "a list is pinned"
    listed = data.decode().split("\n")[:2048]
    bits = int.from_bytes(hashlib.sha256(b"incamera words v1" + authenticator).digest()[:11], "big")
    return [unicodedata.normalize("NFC", listed[bits >> 77 - 11 * place & 2047]) for place in range(8)]


def frame_keys() -> Vector:
    cases = []
    for name, base in [("32 times 0x11", b"\x11" * 32), ("another base", octets("media key", 32))]:
        hkdf = HKDF(algorithm=hashes.SHA256(), length=16, salt=b"LKFrameEncryptionKey", info=bytes(128))
        cases.append({"name": name, "base": base.hex(), "aes_128_gcm_key": hkdf.derive(base).hex()})
    assert hmac.compare_digest(cases[0]["aes_128_gcm_key"], "bb8d262a1477cf77674bd2409dab2ee6"), "as WebCrypto has it"
    return {
        "about": "From an epoch's exported secret to LiveKit's frame key: HKDF-SHA-256 (record.md, 6).",
        "made_by": MADE_BY,
        "exporter": {"label": "incamera media key v1", "context": "UTF-8 of the identity", "bytes": 32},
        "identity": f"{DEVICE.thumbprint}.{b64u(octets('instance', 8))}",
        "index": [{"round": number, "index": number % 16} for number in (1, 15, 16, 17, 4096)],
        "cases": cases,
    }


def strict() -> Vector:
    """JSON that is read, and JSON that is refused."""
    texts = [
        b"{}",
        b'{"a":1}',
        b' {"a" : [ 1 , 2 ] } \n',
        b'{"a":9007199254740991}',
        b'{"a":"\\u00e9\\n"}',
        '"é😀"'.encode(),
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":' + b"[" * 31 + b"]" * 31 + b"}",
        b"[]",
        b"null",
        b'"a"',
        b"0",
        b'{"__proto__":1}',
        b"",
        b" ",
        b"{",
        b"{}{}",
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":1}',
        b'[{"a":1,"a":2}]',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-1}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":0x1}',
        b"9007199254740992",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xc0\x80"}',
        b'{"a":"\n"}',
        b'{"a":"\\x41"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1}//',
        b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
        b'{"a":undefined}',
        b"{a:1}",
        b'{"a":True}',
        b'{"a":1}\x00',
        b'{"a":1}\xc2\xa0',
    ]
    base64 = ["", "AA", "AAA", "AAAA", "_-8", "A", "AB", "AAB", "AA==", "AA=", "A+", "A/", "A A", "AA\n", "é", "AAAAA"]
    return {
        "about": "Strict JSON and canonical b64u (record.md, 0). `json` is b64u of the bytes.",
        "made_by": MADE_BY,
        "json": [{"json": b64u(text), "accepted": _is_json(text)} for text in texts],
        "b64u": [{"text": text, "bytes": None if (data := unb64u(text)) is None else data.hex()} for text in base64],
        "journal_genesis": {"meeting": MEETING, "journal": MAIN},
    }


def _is_json(text: bytes) -> bool:
    try:
        load(text)
    except Malformed:
        return False
    return True
