//! OpenSSH user certificates: a configured authority says who somebody is, the gateway what they may.
//!
//! The transport has checked signature, time and critical options. A principal is the name of a user; a certificate
//! without principals, which OpenSSH reads as "anybody", is not taken.
//!
//! Source: OpenSSH, `PROTOCOL.certkeys`; ssh-keygen(1), CERTIFICATES.

use std::net::SocketAddr;
use std::sync::Arc;

use homing_proto::access::{Operator, UserName, Via};
use homing_proto::excerpt::Excerpt;
use homing_proto::host_key::HostKey;

use super::{Access, CertificateRefused, operator};
use crate::store::UserRecord;

/// What of a certificate decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The key that signed it.
    pub ca: HostKey,
    /// The user's key.
    pub key: HostKey,
    /// Whom it is for.
    pub principals: Vec<String>,
    /// What it calls itself.
    pub key_id: String,
    /// Its number.
    pub serial: u64,
}

impl Access {
    /// Whether certificates of this authority may be taken.
    #[must_use]
    pub fn trusts_authority(&self, ca: &HostKey) -> bool {
        self.0.user_ca.contains(ca)
    }

    /// Whoever logs in with a certificate that the transport has checked. Without a name: the one user it is for.
    ///
    /// # Errors
    /// Its authority is not ours, or it is for somebody else.
    pub fn by_certificate(
        &self,
        user: Option<&str>,
        certificate: &Certificate,
        source: Option<SocketAddr>,
    ) -> Result<Operator, CertificateRefused> {
        let found = self.bearer(user, certificate);
        match &found {
            Ok(bearer) => self.note_success(source, Some(bearer.name.as_str())),
            Err(_) => self.note_failure(source, None),
        }
        let id = Excerpt::new(&certificate.key_id);
        let (serial, ca) = (certificate.serial, certificate.ca.fingerprint());
        let credential = format!("certificate {id} serial {serial} of {ca}");
        found.map(|bearer| operator(&bearer, Via::Ssh, source, credential))
    }

    fn bearer(
        &self,
        user: Option<&str>,
        certificate: &Certificate,
    ) -> Result<Arc<UserRecord>, CertificateRefused> {
        let key_id = Excerpt::new(&certificate.key_id);
        if !self.trusts_authority(&certificate.ca) {
            return Err(CertificateRefused::UnknownAuthority { key_id });
        }
        if self.is_revoked(certificate) {
            return Err(CertificateRefused::Revoked { key_id, serial: certificate.serial });
        }
        let principals = &certificate.principals;
        if let Some(user) = user
            && !principals.iter().any(|principal| principal == user)
        {
            return Err(CertificateRefused::OtherPrincipal { key_id, user: Excerpt::new(user) });
        }
        let is_meant = |name: &&String| user.is_none_or(|user| *name == user);
        let record = |name: &String| self.0.store.user(&UserName::new(name.as_str()).ok()?);
        let mut bearers: Vec<_> = principals.iter().filter(is_meant).filter_map(record).collect();
        bearers.sort_by(|one, other| one.name.cmp(&other.name));
        bearers.dedup_by(|one, other| one.name == other.name);
        match (bearers.pop(), bearers.is_empty()) {
            (Some(bearer), true) => Ok(bearer),
            _ => Err(CertificateRefused::UnknownUser { key_id }),
        }
    }
}
