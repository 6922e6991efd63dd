//! TLS in two uses.
//!
//! Without a public authority towards the collector, who is recognised by its key: the enrolment code carries the SHA-256 of the collector's Ed25519 public key, and the certificate
//! of its listener carries that key. Names and dates of the certificate mean nothing here, so a box
//! without a clock connects as safely as any other. The handshake signature is checked (TLS 1.3
//! only), so the listener must own the key.
//!
//! Towards measured servers, whose certificates are recorded and never refused.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::wire::sha256;

/// `id-Ed25519` (RFC 8410 §3).
const ED25519_OID: &str = "1.3.101.112";

/// The one provider, named wherever a configuration is made: with two compiled in, the default
/// would panic.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Client side for a collector whose public key has this SHA-256.
pub(crate) fn pinned_config(key_sha256: [u8; 32]) -> Result<ClientConfig, Error> {
    let provider = provider();
    let verifier = Arc::new(Pinned {
        key_sha256,
        provider: Arc::clone(&provider),
    });
    Ok(ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

#[derive(Debug)]
struct Pinned {
    key_sha256: [u8; 32],
    provider: Arc<CryptoProvider>,
}

/// The Ed25519 key of a certificate; `None` for another kind of key.
fn ed25519_key(certificate: &[u8]) -> Option<[u8; 32]> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let key = certificate.public_key();
    if key.algorithm.algorithm.to_id_string() != ED25519_OID {
        return None;
    }
    key.subject_public_key.data.as_ref().try_into().ok()
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = ed25519_key(end_entity).ok_or(CertificateError::BadEncoding)?;
        if sha256(&key) == self.key_sha256 {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not offered".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// What a measured server showed of its certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// End of validity of the leaf, Unix seconds.
    pub(crate) leaf_expires_unix_s: Option<i64>,
    /// Earliest end of validity in the chain that was sent, Unix seconds.
    pub(crate) chain_expires_unix_s: Option<i64>,
    /// Whether the chain is valid for the name at the corrected time; `None` without roots or time.
    pub(crate) valid: Option<bool>,
}

/// Measures certificates and refuses none: what is wrong with them is the result. The handshake's
/// signature is checked all the same.
#[derive(Debug)]
pub(crate) struct Recorder {
    provider: Arc<CryptoProvider>,
    judge: Option<Arc<WebPkiServerVerifier>>,
    now_unix_ms: Option<i64>,
    shown: Mutex<Shown>,
}

impl Recorder {
    /// Judges with these roots at this (corrected) time.
    pub(crate) fn new(roots: Option<Arc<RootCertStore>>, now_unix_ms: Option<i64>) -> Self {
        let provider = provider();
        let judge = roots.and_then(|roots| {
            WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
                .build()
                .ok()
        });
        Self {
            provider,
            judge,
            now_unix_ms,
            shown: Mutex::default(),
        }
    }

    /// What the server showed; empty before a handshake.
    pub(crate) fn shown(&self) -> Shown {
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A client configuration that records here.
    pub(crate) fn config(self: &Arc<Self>) -> Result<ClientConfig, Error> {
        Ok(
            ClientConfig::builder_with_provider(Arc::clone(&self.provider))
                .with_safe_default_protocol_versions()?
                .dangerous()
                .with_custom_certificate_verifier(Arc::clone(self) as Arc<dyn ServerCertVerifier>)
                .with_no_client_auth(),
        )
    }
}

fn expires_unix_s(certificate: &[u8]) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let leaf = expires_unix_s(end_entity);
        let chain = intermediates
            .iter()
            .filter_map(|c| expires_unix_s(c))
            .chain(leaf)
            .min();
        let now = self
            .now_unix_ms
            .and_then(|ms| u64::try_from(ms).ok())
            .map(|ms| UnixTime::since_unix_epoch(std::time::Duration::from_millis(ms)));
        let valid = self.judge.as_ref().zip(now).map(|(judge, now)| {
            judge
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .is_ok()
        });
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Shown {
            leaf_expires_unix_s: leaf,
            chain_expires_unix_s: chain,
            valid,
        };
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
