//! Whose certificate is believed: the pinned one and no other, else what the system's authorities signed.
//!
//! Sources: RFC 8446; RFC 9525, *Service Identity in TLS*.

use std::sync::{Arc, Mutex, PoisonError};

use homing_proto::certificate::CertificateFingerprint;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use sha2::{Digest, Sha256};

/// What is believed, and what was seen.
#[derive(Debug)]
pub(super) struct Trust {
    pin: Option<CertificateFingerprint>,
    /// None: the system has no authorities.
    authorities: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<CertificateFingerprint>>,
}

impl Trust {
    /// Believes the pinned certificate, or the system's authorities.
    pub(super) fn new(pin: Option<CertificateFingerprint>) -> Arc<Trust> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let authorities = match pin {
            Some(_) => None,
            None => authorities(&provider),
        };
        Arc::new(Trust { pin, authorities, provider, seen: Mutex::default() })
    }

    /// The certificate that the gateway showed.
    pub(super) fn seen(&self) -> Option<CertificateFingerprint> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How connections are made with it.
    ///
    /// # Errors
    /// The library has none of the protocol versions.
    pub(super) fn settings(self: &Arc<Trust>) -> Result<ClientConfig, Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?;
        let verifier = Arc::clone(self);
        let mut settings =
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        settings.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(settings)
    }
}

fn authorities(provider: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::clone(provider);
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let digest = Sha256::digest(end_entity.as_ref());
        let shown = CertificateFingerprint::new(digest.into());
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        match (self.pin, &self.authorities) {
            (Some(pin), _) if pin == shown => Ok(ServerCertVerified::assertion()),
            (None, Some(authorities)) => authorities.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
            (Some(_), _) | (None, None) => Err(unknown),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
