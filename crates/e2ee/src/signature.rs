//! Signatures: compact JWS, `Ed25519` (RFC 9864), one `typ` a purpose; the mirror of `incamera.accreditation.signature`.
use crate::crypto;
use crate::strict::{Hash, Json, Malformed, Members, Thumbprint, b64u, unb64u};

/// The y coordinates of the points of order 1, 2, 4 and 8, canonical. A signature by such a key says nothing about who made it.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
];

/// An Ed25519 public key: canonical, and not of small order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PublicKey {
    octets: [u8; 32],
    thumbprint: Thumbprint,
}

impl PublicKey {
    /// From its 32 bytes, or none for an encoding that is not canonical or a point of small order.
    pub fn new(octets: [u8; 32]) -> Option<Self> {
        let mut y = octets;
        y[31] &= 0x7f;
        // The field's prime is 2^255 - 19: little-endian ed ff .. ff 7f.
        let is_canonical = y[31] != 0x7f || y[1..31].iter().any(|&byte| byte != 0xff) || y[0] < 0xed;
        if !is_canonical || SMALL_ORDER_Y.contains(&y) {
            return None;
        }
        // RFC 7638: the required members in the order of their names, without spaces.
        let named = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, b64u(&octets));
        Some(Self { octets, thumbprint: Thumbprint(crypto::sha256(named.as_bytes())) })
    }

    /// From b64u of its 32 bytes, as in a JWK's `x`.
    pub fn parse(x: &str) -> Option<Self> {
        Self::new(unb64u(x)?.try_into().ok()?)
    }

    /// Its 32 bytes.
    pub fn octets(&self) -> &[u8; 32] {
        &self.octets
    }

    /// What names it.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// The `cnf` member of a payload: `{"jwk": {kty, crv, x}}`.
    pub(crate) fn confirmed(members: &mut Members) -> Result<Self, Malformed> {
        let mut cnf = members.object("cnf")?;
        let mut jwk = cnf.object("jwk")?;
        jwk.constant("kty", &Json::Text("OKP".into()))?;
        jwk.constant("crv", &Json::Text("Ed25519".into()))?;
        let octets: [u8; 32] =
            jwk.octets("x", 32, 32)?.try_into().map_err(|_| Malformed::new("cnf.jwk.x", "not b64u of 32 bytes"))?;
        jwk.end()?;
        cnf.end()?;
        Self::new(octets).ok_or_else(|| Malformed::new("cnf.jwk", "a key of small order, or not in its canonical form"))
    }
}

/// A compact JWS of the right form and header, whose signature nobody looked at yet.
pub(crate) struct Unverified<'a> {
    text: &'a str,
    pub(crate) payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// The parts of a compact JWS: three canonical b64u parts, the one header that its purpose has, 64 bytes of signature.
    pub(crate) fn split(text: &'a str, typ: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || header != b64u(format!(r#"{{"alg":"Ed25519","typ":"{typ}"}}"#).as_bytes()) {
            return None;
        }
        let signature = unb64u(signature)?;
        (signature.len() == 64).then_some(Self { text, payload: unb64u(payload)?, signature })
    }

    /// Whether the signature is by this key over the bytes as received.
    pub(crate) fn is_by(&self, key: &PublicKey) -> bool {
        let signed = self.text.rsplit_once('.').map_or("", |(signed, _)| signed);
        crypto::verify_ed25519(key.octets(), signed.as_bytes(), &self.signature)
    }
}

/// The payload of a compact JWS of one `typ`, by a key; or none. For heads and acts that a binding wants checked.
pub fn open_signed(text: &str, typ: &str, key: &PublicKey) -> Option<(Vec<u8>, Hash)> {
    let form = Unverified::split(text, typ)?;
    form.is_by(key).then(|| (form.payload, Hash::of(text.as_bytes())))
}
