//! The folder for what waits in files: it should be on a disk, or what is limited as disk is memory.
//!
//! Source: statfs(2); systemd, *Using /tmp/ and /var/tmp/ Safely*.

use std::path::Path;

use nix::sys::statfs::{TMPFS_MAGIC, statfs};

/// Whether the files of this folder are in memory, if the system says.
fn is_memory(folder: &Path) -> Option<bool> {
    statfs(folder).ok().map(|system| system.filesystem_type() == TMPFS_MAGIC)
}

/// Says so, if they are.
pub(crate) fn warn_of_memory(folder: &Path) {
    if is_memory(folder) == Some(true) {
        tracing::warn!(
            folder = %folder.display(),
            "temporary files are in memory there: long replies and slow channels will use memory, up to spool.total; set TMPDIR=/var/tmp"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_in_memory_is_told_from_others() {
        assert_eq!(is_memory(Path::new("/proc")), Some(false));
        assert_eq!(is_memory(Path::new("/nowhere at all")), None);
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
        let tmpfs = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let shown = tmpfs.filter(|line| line[2] == "tmpfs" && !line[1].contains('\\'));
        // One may be mounted over another, or be closed to us.
        let found: Vec<_> = shown.filter_map(|line| is_memory(Path::new(line[1]))).collect();
        assert!(found.is_empty() || found.contains(&true), "{mounts}");
    }
}
