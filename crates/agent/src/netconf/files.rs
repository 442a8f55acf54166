//! The files that NETCONF users have on this device: a folder of their own, seen as if it were all.
//!
//! ```text
//!   /var/tmp/x  ─▶  STATE/files/var/tmp/x         ~/x, x  ─▶  STATE/files/var/home/USER/x
//! ```
//!
//! The agent may be root, and whoever speaks NETCONF need not be: nothing outside the folder can be
//! named, and a link is not followed out of it.

use std::io;
use std::path::{Component, Path, PathBuf};

/// The largest file that is read or written at once.
pub(super) const LARGEST: u64 = 4 * 1024 * 1024;

/// The files of one user.
#[derive(Debug, Clone)]
pub(super) struct Files {
    root: PathBuf,
    home: String,
}

/// A name of the user's with the place that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The whole name, as the user sees it.
    pub(super) name: String,
    /// Where it is.
    pub(super) path: PathBuf,
}

impl Files {
    /// The folder below `state_dir`, seen by `user`.
    pub(super) fn new(state_dir: &Path, user: &str) -> Self {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let user: String = user.chars().filter(|c| is_plain(*c)).collect();
        let user = user.trim_start_matches('.');
        let home =
            if user.is_empty() { "/var/home".to_owned() } else { format!("/var/home/{user}") };
        Self { root: state_dir.join("files"), home }
    }

    /// Where relative names begin.
    pub(super) fn home(&self) -> &str {
        &self.home
    }

    /// What a name means; `None` if it leads out of the folder.
    pub(super) fn place(&self, name: &str) -> Option<Place> {
        let name = name.strip_prefix("file://").unwrap_or(name);
        let name = match name.strip_prefix('~') {
            Some(rest) => format!("{}/{}", self.home, rest.trim_start_matches('/')),
            None if name.starts_with('/') => name.to_owned(),
            None => format!("{}/{name}", self.home),
        };
        if name.len() > 1024 || name.contains('\0') {
            return None;
        }
        let mut parts: Vec<&str> = Vec::new();
        for component in Path::new(&name).components() {
            match component {
                Component::Normal(part) => parts.push(part.to_str()?),
                Component::ParentDir => drop(parts.pop()?),
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
        let path = self.root.join(parts.join("/"));
        Some(Place { name: format!("/{}", parts.join("/")), path })
    }

    /// A place that is there, links resolved.
    ///
    /// # Errors
    /// It is not there, or not in the folder.
    pub(super) fn find(&self, place: &Place) -> io::Result<PathBuf> {
        self.make(&self.home_path())?;
        let path = place.path.canonicalize()?;
        let root = self.root.canonicalize()?;
        if path.starts_with(root) { Ok(path) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    /// A place to write to, its directory made if it is not there.
    ///
    /// # Errors
    /// The directory can't be made, or leads out of the folder.
    pub(super) fn prepare(&self, place: &Place) -> io::Result<PathBuf> {
        let (Some(directory), Some(name)) = (place.path.parent(), place.path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if place.path == self.root {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        self.make(directory)?;
        let directory = directory.canonicalize()?;
        if !directory.starts_with(self.root.canonicalize()?) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let path = directory.join(name);
        match path.symlink_metadata() {
            Ok(meta) if !meta.is_file() => Err(io::ErrorKind::AlreadyExists.into()),
            _ => Ok(path),
        }
    }

    fn home_path(&self) -> PathBuf {
        self.root.join(self.home.trim_start_matches('/'))
    }

    fn make(&self, directory: &Path) -> io::Result<()> {
        crate::state::make_private_directory(&self.root)?;
        std::fs::create_dir_all(self.root.join("var/tmp"))?;
        std::fs::create_dir_all(directory)
    }

    /// Reads a file that is not too large.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(super) fn read(&self, place: &Place) -> io::Result<Vec<u8>> {
        let path = self.find(place)?;
        let meta = path.metadata()?;
        if !meta.is_file() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if meta.len() > LARGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        std::fs::read(path)
    }

    /// Writes a file, wholly or not at all.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(super) fn write(&self, place: &Place, contents: &[u8]) -> io::Result<()> {
        let path = self.prepare(place)?;
        let directory = path.parent().unwrap_or(&self.root);
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        io::Write::write_all(&mut file, contents)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::new(dir.path(), "ops");
        let name = |text: &str| files.place(text).map(|place| place.name);
        assert_eq!(name("x").as_deref(), Some("/var/home/ops/x"));
        assert_eq!(name("~").as_deref(), Some("/var/home/ops"));
        assert_eq!(name("~/a/../b").as_deref(), Some("/var/home/ops/b"));
        assert_eq!(name("file:///var/tmp/x").as_deref(), Some("/var/tmp/x"));
        assert_eq!(name("/../etc/shadow"), None);
        assert_eq!(name("../../../../etc"), None);
        assert_eq!(Files::new(dir.path(), "../..").home(), "/var/home");
    }

    #[test]
    fn files_are_written_and_read_and_links_out_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::new(dir.path(), "ops");
        let place = files.place("/var/tmp/x").unwrap();
        files.write(&place, b"one").unwrap();
        files.write(&place, b"two").unwrap();
        assert_eq!(files.read(&place).unwrap(), b"two");
        let link = files.place("/var/tmp/link").unwrap();
        std::os::unix::fs::symlink("/etc", &link.path).unwrap();
        let passwd = files.place("/var/tmp/link/passwd").unwrap();
        assert!(files.read(&passwd).is_err() && files.write(&passwd, b"x").is_err());
        assert!(files.write(&link, b"x").is_err());
        assert!(files.read(&files.place("/var/tmp").unwrap()).is_err());
    }
}
