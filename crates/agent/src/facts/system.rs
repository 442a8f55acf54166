//! Load, memory, time since start and file systems.
//!
//! Source: proc(5), statvfs(3).

use std::path::Path;

/// How busy the host is, and for how long it has been up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Load {
    /// Seconds since it started.
    pub(crate) uptime: u64,
    /// Averages over 1, 5 and 15 minutes, as they stand.
    pub(crate) averages: [String; 3],
    /// Memory in MiB: all of it, and what programs could still have.
    pub(crate) memory: (u64, u64),
    pub(crate) processors: usize,
    pub(crate) processor: String,
}

impl Load {
    /// Reads it; what can't be read is nought.
    pub(crate) fn read() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            uptime: first_number(&read("/proc/uptime")),
            averages: averages(&read("/proc/loadavg")),
            memory: memory(&read("/proc/meminfo")),
            processors,
            processor: processor(&read("/proc/cpuinfo")),
        }
    }
}

fn first_number(text: &str) -> u64 {
    text.split(['.', ' ']).next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

fn averages(text: &str) -> [String; 3] {
    let mut words = text.split_whitespace();
    [(); 3].map(|()| words.next().unwrap_or("0.00").to_owned())
}

fn memory(text: &str) -> (u64, u64) {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map_or(0, |line| first_number(line.trim()) / 1024)
    };
    (field("MemTotal"), field("MemAvailable"))
}

fn processor(text: &str) -> String {
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(':')).map(|(_, name)| name.trim());
    name.unwrap_or(std::env::consts::ARCH).to_owned()
}

/// A mounted file system that holds something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileSystem {
    pub(crate) name: String,
    pub(crate) mounted_on: String,
    /// In KiB.
    pub(crate) total: u64,
    pub(crate) available: u64,
    pub(crate) used: u64,
}

/// The most file systems that are told.
const MOST: usize = 256;

/// The mounted file systems that have a size.
pub(crate) fn file_systems() -> Vec<FileSystem> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut all: Vec<FileSystem> = Vec::new();
    for line in mounts.lines() {
        let mut words = line.split(' ').map(unescaped);
        let (Some(name), Some(mounted_on)) = (words.next(), words.next()) else { continue };
        // A file system of the network may keep whoever asks waiting.
        let is_remote = words.next().is_some_and(|kind| {
            ["nfs", "cifs", "smb", "fuse", "9p", "ceph", "afs"]
                .iter()
                .any(|own| kind.starts_with(own))
        });
        if is_remote || all.len() == MOST || all.iter().any(|own| own.mounted_on == mounted_on) {
            continue;
        }
        all.extend(file_system(name, mounted_on));
    }
    all
}

fn file_system(name: String, mounted_on: String) -> Option<FileSystem> {
    let stat = nix::sys::statvfs::statvfs(Path::new(&mounted_on)).ok()?;
    let kib = |blocks: u64| blocks.saturating_mul(stat.fragment_size()) / 1024;
    let total = kib(stat.blocks());
    (total > 0).then(|| FileSystem {
        name,
        mounted_on,
        total,
        available: kib(stat.blocks_available()),
        used: total.saturating_sub(kib(stat.blocks_free())),
    })
}

/// A word of the mount table, in which blanks stand as `\040`.
fn unescaped(word: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\134", "\\")]
        .iter()
        .fold(word.to_owned(), |word, (from, to)| word.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_proc_are_read() {
        assert_eq!(first_number("12345.67 89.0"), 12_345);
        assert_eq!(averages("0.10 0.20 0.30 1/2 3"), ["0.10", "0.20", "0.30"]);
        assert_eq!(averages(""), ["0.00"; 3]);
        assert_eq!(memory("MemTotal:  2048 kB\nMemAvailable: 1024 kB\n"), (2, 1));
        assert_eq!(processor("processor : 0\nmodel name\t: Fast One\n"), "Fast One");
        assert_eq!(unescaped("/a\\040b"), "/a b");
    }

    #[test]
    fn the_root_file_system_is_among_them() {
        let all = file_systems();
        assert!(all.iter().any(|own| own.mounted_on == "/"), "{all:?}");
        assert!(all.iter().all(|own| own.used <= own.total));
    }
}
