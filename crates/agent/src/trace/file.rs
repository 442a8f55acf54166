//! A trace file that is put aside when it is full.
//!
//! ```text
//! ossh  ──full──▶  ossh.0  ──▶  ossh.1  ──▶ … (`files` in all; the oldest is removed)
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::Settings;

/// The file that trace lines are appended to, opened at the first line.
#[derive(Debug)]
pub(super) struct RotatingFile {
    path: PathBuf,
    size: u64,
    files: u32,
    mode: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Bytes in it.
    length: u64,
}

impl RotatingFile {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            path: settings.path.clone(),
            size: settings.size,
            files: settings.files.max(1),
            mode: if settings.world_readable { 0o644 } else { 0o600 },
            open: None,
        }
    }

    /// Appends `line` and an end of line, in one write.
    ///
    /// # Errors
    /// Whatever the file system says; the next call opens the file anew.
    pub(super) fn append(&mut self, line: &str) -> io::Result<()> {
        let bytes = format!("{line}\n");
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open()?,
        };
        if open.length >= self.size {
            self.put_aside()?;
            open = self.open()?;
        }
        open.file.write_all(bytes.as_bytes())?;
        open.length += bytes.len() as u64;
        self.open = Some(open);
        Ok(())
    }

    /// Opens without following a symbolic link, so that nobody can aim the trace at another file.
    fn open(&self) -> io::Result<Open> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(self.mode)
            .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
            .open(&self.path)?;
        let metadata = file.metadata()?;
        if metadata.permissions().mode() & 0o777 != self.mode {
            file.set_permissions(std::fs::Permissions::from_mode(self.mode))?;
        }
        Ok(Open { length: metadata.len(), file })
    }

    fn put_aside(&self) -> io::Result<()> {
        let Some(oldest) = self.files.checked_sub(2) else {
            return std::fs::remove_file(&self.path);
        };
        for number in (0..oldest).rev() {
            move_if_there(&self.aside(number), &self.aside(number + 1))?;
        }
        move_if_there(&self.path, &self.aside(0))
    }

    fn aside(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Flags;
    use super::*;

    fn file(dir: &Path, size: u64, files: u32, world_readable: bool) -> RotatingFile {
        RotatingFile::new(&Settings {
            path: dir.join("ossh"),
            size,
            files,
            world_readable,
            matching: None,
            flags: Flags::default(),
        })
    }

    fn read(dir: &Path, name: &str) -> String {
        std::fs::read_to_string(dir.join(name)).unwrap_or_default()
    }

    #[test]
    fn a_full_file_is_put_aside_and_the_oldest_removed() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = file(dir.path(), 6, 3, false);
        for line in ["one", "two", "three", "four", "five", "six"] {
            file.append(line).unwrap();
        }
        assert_eq!(read(dir.path(), "ossh"), "six\n");
        assert_eq!(read(dir.path(), "ossh.0"), "four\nfive\n");
        assert_eq!(read(dir.path(), "ossh.1"), "three\n");
        assert!(!dir.path().join("ossh.2").exists());
    }

    #[test]
    fn a_file_from_before_is_continued() {
        let dir = tempfile::tempdir().unwrap();
        file(dir.path(), 100, 2, false).append("before").unwrap();
        file(dir.path(), 100, 2, false).append("after").unwrap();
        assert_eq!(read(dir.path(), "ossh"), "before\nafter\n");
        file(dir.path(), 10, 2, false).append("full by then").unwrap();
        assert_eq!(read(dir.path(), "ossh"), "full by then\n");
    }

    #[test]
    fn only_a_world_readable_file_can_be_read_by_everyone() {
        let dir = tempfile::tempdir().unwrap();
        let mode = || dir.path().join("ossh").metadata().unwrap().permissions().mode() & 0o777;
        file(dir.path(), 100, 2, false).append("line").unwrap();
        assert_eq!(mode(), 0o600);
        file(dir.path(), 100, 2, true).append("line").unwrap();
        assert_eq!(mode(), 0o644);
    }

    #[test]
    fn a_symbolic_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path().join("target"), dir.path().join("ossh")).unwrap();
        assert!(file(dir.path(), 100, 2, false).append("line").is_err());
    }
}
