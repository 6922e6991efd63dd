//! The collector's own keys: one Ed25519 key that signs receipts and carries the TLS listener, and
//! the key with which agents hash gateway addresses.

use std::{
    fs::{self, DirBuilder, File},
    io::{Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use desserte_probe::wire::{enrol::Code, sha256};
use ed25519_dalek::SigningKey;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// PKCS #8 (RFC 8410 §7) before the 32 bytes of an Ed25519 seed.
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// Name in the certificate. Agents compare the key and never the name.
const CERTIFICATE_NAME: &str = "desserte-collector";

/// A key cannot be read, made or used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A key file cannot be read or made.
    #[error("key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key file does not hold 32 bytes.
    #[error("key file {0}: does not hold a key of 32 bytes")]
    Damaged(PathBuf),
    /// The certificate cannot be made.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS does not take the certificate.
    #[error("tls: {0}")]
    Tls(#[from] rustls::Error),
}

/// The collector's keys.
#[derive(Clone)]
pub struct Identity {
    signing: SigningKey,
    line_key: [u8; 32],
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl Identity {
    /// Reads the keys of a data folder, making them the first time.
    pub fn open(data: &Path) -> Result<Self, IdentityError> {
        Ok(Self {
            signing: SigningKey::from_bytes(&key_file(&data.join("collector.key"))?),
            line_key: key_file(&data.join("line.key"))?,
        })
    }

    /// Signs receipts and time statements.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// The public key, by which agents know this collector.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// Key with which agents hash gateway addresses.
    #[must_use]
    pub fn line_key(&self) -> &[u8; 32] {
        &self.line_key
    }

    /// The enrolment code for a secret.
    #[must_use]
    pub fn code(&self, secret: [u8; 16]) -> Code {
        Code {
            secret,
            collector_key_sha256: sha256(&self.public_key()),
        }
    }

    /// TLS for the agents' listener: a certificate made now, of the same key. It has no end, because
    /// agents that were away for years compare nothing but the key.
    pub fn tls(&self) -> Result<Arc<rustls::ServerConfig>, IdentityError> {
        let pkcs8 = [PKCS8_HEAD.as_slice(), self.signing.as_bytes()].concat();
        let der = PrivatePkcs8KeyDer::from(pkcs8);
        let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ED25519)?;
        let certificate =
            rcgen::CertificateParams::new(vec![CERTIFICATE_NAME.to_owned()])?.self_signed(&pair)?;
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(der))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// Makes a folder that only its owner reads, if it is not there.
pub(super) fn private_folder(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Reads 32 secret bytes, or makes them: written beside, synced, then linked into place, so that a
/// power cut leaves no half key and two processes end with the same one.
fn key_file(path: &Path) -> Result<[u8; 32], IdentityError> {
    let failed = |source| IdentityError::File {
        path: path.to_owned(),
        source,
    };
    if !path.try_exists().map_err(failed)? {
        make_key(path).map_err(failed)?;
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(33).read_to_end(&mut bytes))
        .map_err(failed)?;
    bytes
        .try_into()
        .map_err(|_| IdentityError::Damaged(path.to_owned()))
}

fn make_key(path: &Path) -> std::io::Result<()> {
    let key: [u8; 32] = rand::random();
    let number: u64 = rand::random();
    let beside = path.with_extension(format!("{number:016x}"));
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(&key)?;
    file.sync_all()?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_made_once_private_and_make_a_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let first = Identity::open(folder.path()).unwrap();
        let again = Identity::open(folder.path()).unwrap();
        assert_eq!(first.public_key(), again.public_key());
        assert_eq!(first.line_key(), again.line_key());
        assert_ne!(first.line_key(), first.signing_key().as_bytes());
        for name in ["collector.key", "line.key"] {
            let mode = fs::metadata(folder.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        first.tls().unwrap();
        fs::write(folder.path().join("line.key"), b"short").unwrap();
        assert!(matches!(
            Identity::open(folder.path()),
            Err(IdentityError::Damaged(_))
        ));
    }
}
