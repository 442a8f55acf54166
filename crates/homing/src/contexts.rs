//! Contexts: the gateways that this person has logged in to, in `~/.config/homing/contexts.json`, mode 0600.
//!
//! ```json
//! { "current": "gw1", "contexts": { "gw1": { "url": "https://gw1:8443", "fingerprint": "SHA256:…", "token": "hmt_…" } } }
//! ```
//!
//! The file is replaced whole, and refused if others may read it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::client::{Remote, Token};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::private_file;

/// The name of the gateway's socket on this machine.
pub(crate) const LOCAL: &str = "local";
/// Longest file.
const LIMIT: u64 = 1024 * 1024;

/// The contexts, as the file holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contexts {
    #[serde(default)]
    current: Option<String>,
    #[serde(default)]
    contexts: BTreeMap<String, Context>,
}

/// One gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Context {
    /// Where it is.
    pub(crate) url: String,
    /// The certificate that is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<String>,
    /// What to log in with.
    pub(crate) token: Token,
}

impl Contexts {
    /// Reads the file; without one there are none.
    ///
    /// # Errors
    /// It can't be read, others may read it, or it is not what we write.
    pub(crate) fn load() -> Result<Contexts, Failure> {
        match path() {
            Some(path) => Contexts::read(&path),
            None => Ok(Contexts::default()),
        }
    }

    fn read(path: &Path) -> Result<Contexts, Failure> {
        let file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(Contexts::default());
            }
            Err(error) => return Err(unusable(path, &error)),
        };
        let about = file.metadata().map_err(|error| unusable(path, &error))?;
        if about.mode() & 0o077 != 0 {
            return Err(unusable(path, &"others may read the tokens in it")
                .hint(format!("chmod 600 {}", path.display())));
        }
        let mut text = Zeroizing::new(String::new());
        let read = file.take(LIMIT).read_to_string(&mut text);
        read.map_err(|error| unusable(path, &error))?;
        // The reason of serde could quote the file, and with it a token.
        serde_json::from_str(&text).map_err(|error| {
            let place = format!("line {} is not what homing writes", error.line());
            unusable(path, &place).hint(format!("rm {}; homing login URL", path.display()))
        })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// There is no home, or it can't be written.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        let path = path().ok_or_else(|| {
            Failure::new(Exit::Failed, "no-home", "there is no folder for the contexts")
                .hint("set HOME or XDG_CONFIG_HOME")
        })?;
        self.write(&path).map_err(|error| unusable(&path, &error))
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut text = Zeroizing::new(serde_json::to_vec_pretty(self)?);
        text.push(b'\n');
        private_file::replace(path, &text)
    }

    /// The context in use; none: the socket of this machine.
    pub(crate) fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// All, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Context)> {
        self.contexts.iter().map(|(name, context)| (name.as_str(), context))
    }

    /// The gateway of a context.
    ///
    /// # Errors
    /// There is none of that name, or the file was changed by hand.
    pub(crate) fn remote(&self, name: &str) -> Result<Remote, Failure> {
        let context = self.contexts.get(name).ok_or_else(|| unknown(name))?;
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::usage(format!("the context {name}: {error}")).hint("homing login URL")
        };
        let fingerprint = context.fingerprint.as_deref().map(str::parse).transpose();
        Ok(Remote {
            url: context.url.parse()?,
            fingerprint: fingerprint.map_err(|error| wrong(&error))?,
            token: Some(context.token.clone()),
        })
    }

    /// Adds or replaces a context and uses it from here on.
    pub(crate) fn add(&mut self, name: &str, context: Context) {
        self.contexts.insert(name.to_owned(), context);
        self.current = Some(name.to_owned());
    }

    /// Uses a context from here on, or the socket of this machine.
    ///
    /// # Errors
    /// There is none of that name.
    pub(crate) fn switch(&mut self, name: &str) -> Result<(), Failure> {
        match name {
            LOCAL => self.current = None,
            name if self.contexts.contains_key(name) => self.current = Some(name.to_owned()),
            name => return Err(unknown(name)),
        }
        Ok(())
    }

    /// Forgets a context and its token.
    ///
    /// # Errors
    /// There is none of that name.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Failure> {
        self.contexts.remove(name).ok_or_else(|| unknown(name))?;
        if self.current.as_deref() == Some(name) {
            self.current = None;
        }
        Ok(())
    }
}

fn path() -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".config"));
    Some(absolute("XDG_CONFIG_HOME").or_else(home)?.join("homing/contexts.json"))
}

fn unknown(name: &str) -> Failure {
    let message = format!("there is no context {name}");
    Failure::new(Exit::NotFound, "unknown-context", message).hint("homing context ls")
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> Failure {
    let message = format!("cannot use {}: {reason}", path.display());
    Failure::new(Exit::Failed, "contexts-unusable", message)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn context() -> Context {
        let token = Token::new("hmt_abc").unwrap();
        Context { url: "https://gw1:8443".into(), fingerprint: None, token }
    }

    #[test]
    fn what_is_written_is_private_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/contexts.json");
        assert_eq!(Contexts::read(&path), Ok(Contexts::default()));
        let mut contexts = Contexts::default();
        contexts.add("gw1", context());
        contexts.write(&path).unwrap();
        contexts.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Contexts::read(&path), Ok(contexts));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_and_no_error_quotes_a_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contexts.json");
        fs::write(&path, r#"{"contexts":{"a":{"url":"x","token":"hmt_secret"}},"current":7}"#)
            .unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Contexts::read(&path).unwrap_err().hint.unwrap().starts_with("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let failure = Contexts::read(&path).unwrap_err();
        assert!(!failure.to_string().contains("hmt_secret"), "{failure}");
    }

    #[test]
    fn a_context_that_goes_is_not_in_use() {
        let mut contexts = Contexts::default();
        contexts.add("gw1", context());
        contexts.add("gw2", context());
        assert_eq!(contexts.current(), Some("gw2"));
        contexts.remove("gw2").unwrap();
        assert_eq!(contexts.current(), None);
        contexts.switch("gw1").unwrap();
        contexts.switch(LOCAL).unwrap();
        assert_eq!(contexts.current(), None);
        assert_eq!(contexts.switch("gw2").unwrap_err().exit, Exit::NotFound);
        assert_eq!(contexts.remote("gw1").unwrap().url.to_string(), "https://gw1:8443");
    }
}
