//! The certificate of the HTTP API: given, or made and signed by the gateway itself at its first start.
//!
//! ```text
//!   given:   http.certificate, http.key ──read, and again when they change──▶ current ──▶ each handshake
//!   else:    http.crt, http_key.pem in the data folder: made if they are not there; pinned by their fingerprint
//! ```
//!
//! Sources: RFC 8446; RFC 5280.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use homing_proto::api::Timestamp;
use homing_proto::certificate;
use homing_proto::fault::Fault;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

/// The certificate that the gateway signs itself, in the data folder.
const CERTIFICATE_FILE: &str = "http.crt";
/// Its private key.
const KEY_FILE: &str = "http_key.pem";
/// How long it is valid, in years: it is trusted by its fingerprint, not by its date.
const YEARS: i32 = 20;

/// Why there is no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read or written.
    #[error("can't use {path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file holds something else.
    #[error("{path} holds no usable {expected}: {reason}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// No certificate could be made.
    #[error("can't make a certificate: {0}")]
    Making(String),
}

impl TlsError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "certificate-unreadable",
            Self::Content { .. } => "certificate-unusable",
            Self::Making(_) => "certificate-not-made",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::File { .. } | Self::Content { .. } => Fault::Operator,
            Self::Making(_) => Fault::Local,
        }
    }
}

/// Where a certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    pub(super) fn given(certificate: &Path, key: &Path) -> Self {
        Self { certificate: certificate.to_owned(), key: key.to_owned() }
    }

    /// Those of the data folder, made for `names` if they are not there.
    ///
    /// # Errors
    /// The folder can't be written.
    pub(super) fn own(data: &Path, names: Vec<String>) -> Result<Self, TlsError> {
        let files = Self::given(&data.join(CERTIFICATE_FILE), &data.join(KEY_FILE));
        if !files.certificate.exists() || !files.key.exists() {
            files.make(names)?;
        }
        Ok(files)
    }

    fn make(&self, names: Vec<String>) -> Result<(), TlsError> {
        let failed = |error: rcgen::Error| TlsError::Making(error.to_string());
        let key = KeyPair::generate().map_err(failed)?;
        let mut names: Vec<String> = names
            .into_iter()
            .filter(|name| CertificateParams::new([name.clone()]).is_ok())
            .collect();
        names.sort();
        names.dedup();
        let mut parameters = CertificateParams::new(names).map_err(failed)?;
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, "Homing gateway");
        parameters.distinguished_name = subject;
        let year = jiff::Zoned::now().year();
        parameters.not_before = rcgen::date_time_ymd(i32::from(year) - 1, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(i32::from(year) + YEARS, 1, 1);
        let certificate = parameters.self_signed(&key).map_err(failed)?;
        // The key first: a certificate without its key would be taken for a pair at the next start.
        write(&self.key, 0o600, &key.serialize_pem())?;
        write(&self.certificate, 0o644, &certificate.pem())
    }

    fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let unusable = |path: &Path, expected, reason: String| TlsError::Content {
            path: path.to_owned(),
            expected,
            reason,
        };
        let text = read(&self.certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let chain =
            chain.map_err(|error| unusable(&self.certificate, "certificate", error.to_string()))?;
        if chain.is_empty() {
            let reason = "there is no CERTIFICATE block in it".to_owned();
            return Err(unusable(&self.certificate, "certificate", reason));
        }
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?)
            .map_err(|error| unusable(&self.key, "private key", error.to_string()))?;
        CertifiedKey::from_der(chain, key, provider)
            .map_err(|error| unusable(&self.key, "key of that certificate", error.to_string()))
    }

    fn changed_at(&self) -> Option<(SystemTime, SystemTime)> {
        let of = |path| fs::metadata(path).and_then(|file| file.modified()).ok();
        Some((of(&self.certificate)?, of(&self.key)?))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    /// More than any chain has.
    const MOST: u64 = 1 << 20;
    let refused = |reason: String| TlsError::File { path: path.to_owned(), reason };
    let length = fs::metadata(path).map_err(|error| refused(error.to_string()))?.len();
    if length > MOST {
        return Err(refused(format!("it is longer than {MOST} bytes")));
    }
    fs::read(path).map_err(|error| refused(error.to_string()))
}

/// Writes a file beside its place and moves it there, so that no half of it is ever read.
fn write(path: &Path, mode: u32, text: &str) -> Result<(), TlsError> {
    let beside = path.with_extension("new");
    let written = || -> io::Result<()> {
        let _ = fs::remove_file(&beside);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    written().map_err(|error| TlsError::File { path: path.to_owned(), reason: error.to_string() })
}

/// Knows when the certificate in force ends.
#[derive(Clone, Debug)]
pub(crate) struct CertificateEnd(pub(super) Arc<Certificate>);

impl CertificateEnd {
    /// The moment; none if the certificate does not say it as certificates do.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        let current = self.0.current();
        current.key.cert.first().and_then(|certificate| certificate::ends_at(certificate))
    }
}

/// The certificate in force.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: Files,
    provider: Arc<CryptoProvider>,
    current: RwLock<Current>,
}

#[derive(Debug, Clone)]
struct Current {
    key: Arc<CertifiedKey>,
    changed_at: Option<(SystemTime, SystemTime)>,
}

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// They can't be read, or don't fit together.
    pub(super) fn load(files: Files) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let changed_at = files.changed_at();
        let key = Arc::new(files.read(&provider)?);
        let current = RwLock::new(Current { key, changed_at });
        Ok(Arc::new(Self { files, provider, current }))
    }

    /// Reads the files again if they have changed; true if so. A pair that does not fit leaves the old one in force.
    ///
    /// # Errors
    /// As for [`Self::load`].
    pub(super) fn refresh(&self) -> Result<bool, TlsError> {
        let changed_at = self.files.changed_at();
        if changed_at == self.current().changed_at {
            return Ok(false);
        }
        let key = Arc::new(self.files.read(&self.provider)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current { key, changed_at };
        Ok(true)
    }

    /// `SHA256:AB:CD:…` of the certificate itself, as browsers and openssl show it.
    pub(super) fn fingerprint(&self) -> String {
        let current = self.current();
        let certificate = current.key.cert.first().map(AsRef::as_ref).unwrap_or_default();
        let digest = Sha256::digest(certificate);
        let bytes: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        format!("SHA256:{}", bytes.join(":"))
    }

    /// How connections are taken in with it.
    ///
    /// # Errors
    /// The library has none of the protocol versions.
    pub(super) fn settings(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Making(error.to_string()))?;
        let resolver = Arc::new(Resolver(Arc::clone(self)));
        let mut settings = builder.with_no_client_auth().with_cert_resolver(resolver);
        settings.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(settings))
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whatever name is asked for, there is one certificate.
#[derive(Debug)]
struct Resolver(Arc<Certificate>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.current().key)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn own(folder: &Path) -> Arc<Certificate> {
        let names = vec!["localhost".into(), "127.0.0.1".into(), "not a name".into()];
        Certificate::load(Files::own(folder, names).unwrap()).unwrap()
    }

    #[test]
    fn the_gateways_own_certificate_is_made_once_and_its_key_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let first = own(folder.path()).fingerprint();
        assert_eq!(first.len(), "SHA256:".len() + 32 * 3 - 1);
        assert_eq!(own(folder.path()).fingerprint(), first);
        let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_file(folder.path().join(CERTIFICATE_FILE)).unwrap();
        assert_ne!(own(folder.path()).fingerprint(), first);
    }

    #[test]
    fn a_renewed_certificate_is_taken_and_a_broken_one_leaves_the_old_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = own(folder.path());
        let first = certificate.fingerprint();
        assert_eq!(certificate.refresh(), Ok(false));
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        let touch = |name: &str| {
            let file = fs::File::options().write(true).open(folder.path().join(name)).unwrap();
            file.set_modified(later).unwrap();
        };
        let good = fs::read(folder.path().join(CERTIFICATE_FILE)).unwrap();
        fs::write(folder.path().join(CERTIFICATE_FILE), "nonsense").unwrap();
        touch(CERTIFICATE_FILE);
        assert_eq!(certificate.refresh().unwrap_err().code(), "certificate-unusable");
        assert_eq!(certificate.fingerprint(), first);
        fs::write(folder.path().join(CERTIFICATE_FILE), good).unwrap();
        certificate.files.make(vec!["gw".into()]).unwrap();
        touch(CERTIFICATE_FILE);
        assert_eq!(certificate.refresh(), Ok(true));
        assert_ne!(certificate.fingerprint(), first);
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        own(one.path());
        own(other.path());
        let files = Files::given(&one.path().join(CERTIFICATE_FILE), &other.path().join(KEY_FILE));
        let error = Certificate::load(files).unwrap_err();
        assert_eq!((error.code(), error.fault()), ("certificate-unusable", Fault::Operator));
        let files = Files::given(Path::new("/nowhere/x"), Path::new("/nowhere/y"));
        assert_eq!(Certificate::load(files).unwrap_err().code(), "certificate-unreadable");
    }
}
