//! The web listener's certificate: PEM files of the ministry's own, read again when they change, so that a
//! renewed certificate needs no restart.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// How often the files are looked at.
pub const RELOAD_EVERY: Duration = Duration::from_secs(30);
/// Largest file, bytes: a chain of some certificates.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Where certificate and key lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The chain, leaf first, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("web certificate: reading {file}: {source}", file = .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("web certificate: {file}: {reason}", file = .file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// Certificate and key do not belong together, or nothing can be made of them.
    #[error("web certificate: {certificate} and {key}: {source}", certificate = .files.certificate.display(), key = .files.key.display())]
    Pair {
        /// The files.
        files: Files,
        /// Why.
        source: rustls::Error,
    },
}

/// A certificate that is read again when its files change.
#[derive(Debug)]
pub struct Certificate {
    files: Files,
    held: RwLock<(Arc<CertifiedKey>, Stamp)>,
}

/// When the two files were written.
type Stamp = (Option<SystemTime>, Option<SystemTime>);

impl Certificate {
    /// Reads the files for the first time.
    pub fn read(files: Files) -> Result<Arc<Self>, TlsError> {
        let stamp = stamp(&files);
        let key = load(&files)?;
        Ok(Arc::new(Self {
            files,
            held: RwLock::new((key, stamp)),
        }))
    }

    /// Reads the files again when they changed; whether they did. What cannot be used leaves the old
    /// certificate in place: the two files are rarely written at the same moment.
    pub fn refresh(&self) -> Result<bool, TlsError> {
        let fresh = stamp(&self.files);
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner).1;
        if fresh == held {
            return Ok(false);
        }
        let key = load(&self.files)?;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = (key, fresh);
        Ok(true)
    }

    /// What a listener speaks with this certificate: TLS 1.2 and 1.3, HTTP/1.1.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&held.0))
    }
}

fn stamp(files: &Files) -> Stamp {
    let written = |file: &Path| {
        std::fs::metadata(file)
            .and_then(|meta| meta.modified())
            .ok()
    };
    (written(&files.certificate), written(&files.key))
}

fn load(files: &Files) -> Result<Arc<CertifiedKey>, TlsError> {
    let content = |file: &Path, reason: String| TlsError::Content {
        file: file.to_owned(),
        reason,
    };
    let text = bounded(&files.certificate)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| content(&files.certificate, error.to_string()))?;
    if chain.is_empty() {
        let reason = "holds no certificate in PEM".to_owned();
        return Err(content(&files.certificate, reason));
    }
    // The reason of a key that cannot be read may quote it: it is not repeated.
    let key = PrivateKeyDer::from_pem_slice(&bounded(&files.key)?)
        .map_err(|_| content(&files.key, "holds no private key in PEM".to_owned()))?;
    let pair = |source| TlsError::Pair {
        files: files.clone(),
        source,
    };
    let provider = ring::default_provider();
    let certified = CertifiedKey::from_der(chain, key, &provider).map_err(pair)?;
    Ok(Arc::new(certified))
}

fn bounded(file: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read {
        file: file.to_owned(),
        source,
    };
    if std::fs::metadata(file).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(TlsError::Content {
            file: file.to_owned(),
            reason: format!("has more than {FILE_BYTES_MAX} bytes"),
        });
    }
    std::fs::read(file).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(files: &Files) -> Vec<u8> {
        let made = rcgen::generate_simple_self_signed(["desserte.exemple".to_owned()]).unwrap();
        std::fs::write(&files.certificate, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        made.cert.der().to_vec()
    }

    #[test]
    fn a_renewed_certificate_is_taken_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files {
            certificate: folder.path().join("chain.pem"),
            key: folder.path().join("key.pem"),
        };
        assert!(matches!(
            Certificate::read(files.clone()),
            Err(TlsError::Read { .. })
        ));
        let first = write(&files);
        let held = Certificate::read(files.clone()).unwrap();
        let shown = |held: &Certificate| held.held.read().unwrap().0.cert[0].to_vec();
        assert_eq!(shown(&held), first);
        assert!(!held.refresh().unwrap());
        let later = |file: &Path, seconds| {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let file = std::fs::File::options().write(true).open(file).unwrap();
            file.set_modified(at).unwrap();
        };
        let second = write(&files);
        later(&files.certificate, 2_000_000_000);
        assert!(held.refresh().unwrap());
        assert_eq!(shown(&held), second);
        std::fs::write(&files.key, "nothing").unwrap();
        later(&files.key, 2_000_000_001);
        let error = held.refresh().unwrap_err().to_string();
        assert!(
            error.contains("key.pem") && error.contains("no private key"),
            "{error}"
        );
        assert_eq!(shown(&held), second);
        // The key of another certificate.
        let other = rcgen::generate_simple_self_signed(["b".to_owned()]).unwrap();
        std::fs::write(&files.key, other.signing_key.serialize_pem()).unwrap();
        assert!(matches!(
            Certificate::read(files),
            Err(TlsError::Pair { .. })
        ));
    }
}
