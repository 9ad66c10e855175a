//! The keys of SRTP, read as they pass from DTLS to str0m: what seals media (`srtp.rs`) needs them too.
//!
//! str0m takes its DTLS from a provider; ours makes the same instances and looks at one thing of their output. A provider
//! is one for the process, so an instance's tap is handed over by the thread that made it, right after it did.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion};
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion, SrtpProfile};
use zeroize::Zeroizing;

/// What DTLS exported for SRTP (RFC 5764, 4.2): both keys, both salts.
pub(crate) struct Material {
    pub(crate) profile: SrtpProfile,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// We are DTLS' client: what we send is under the first key.
    pub(crate) client: bool,
}

impl std::fmt::Debug for Material {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Material({:?}, •)", self.profile)
    }
}

/// Where one transport's keys arrive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tap(Arc<Mutex<Option<Material>>>);

impl Tap {
    /// The keys, once, when the handshake is done.
    pub(crate) fn take(&self) -> Option<Material> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The tap of the DTLS instance that this thread made last.
    pub(crate) fn newest() -> Tap {
        NEWEST.with_borrow_mut(std::mem::take)
    }
}

thread_local! {
    static NEWEST: RefCell<Tap> = RefCell::default();
}

/// str0m's providers, with our look at DTLS' output.
pub(crate) fn provider() -> CryptoProvider {
    CryptoProvider { dtls_provider: &Tapped, ..plain().clone() }
}

/// str0m's own providers.
pub(crate) fn plain() -> &'static CryptoProvider {
    static PLAIN: OnceLock<CryptoProvider> = OnceLock::new();
    PLAIN.get_or_init(str0m::crypto::from_feature_flags)
}

#[derive(Debug)]
struct Tapped;

impl DtlsProvider for Tapped {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        plain().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        dtls_version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let inner = plain().dtls_provider.new_dtls(cert, now, dtls_version, mtu)?;
        let tap = Tap::default();
        NEWEST.with_borrow_mut(|newest| *newest = tap.clone());
        Ok(Box::new(TappedInstance { inner, tap }))
    }
}

#[derive(Debug)]
struct TappedInstance {
    inner: Box<dyn DtlsInstance>,
    tap: Tap,
}

impl DtlsInstance for TappedInstance {
    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let client = self.inner.is_active();
        let output = self.inner.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            let bytes = Zeroizing::new(material.as_ref().to_vec());
            let material = Material { profile: *profile, bytes, client };
            *self.tap.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(material);
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.inner.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.inner.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.inner.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.inner.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.inner.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.inner.close()
    }
}
