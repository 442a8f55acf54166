//! Junos `traceoptions`: what the dialer does, line by line, in a file of its own.
//!
//! ```text
//! Aug  2 08:42:23 outbound_ssh_connect_to_server: (mist) Connecting to server: gw.example.net:2200
//! Aug  2 08:42:23 outbound_ssh_connect_to_server: ri_name =  Connection to: 192.0.2.1 port: 2200 failed: Error - Connection refused
//! ```
//!
//! Times are UTC. Without a `flag` nothing is traced, as on Junos. A trace that can't be written
//! never disturbs a connection: the log says so once, and tracing goes on when writing works again.
//!
//! Source: Junos, *traceoptions (System Services Outbound-SSH)*; lines as Junos writes them.

mod file;
mod stamp;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use regex_lite::{Regex, RegexBuilder};

use file::RotatingFile;

/// Compiled `match` expressions may not grow beyond this; an operator's typo must not cost memory.
const MATCH_SIZE_LIMIT: usize = 256 * 1024;

/// What `traceoptions` asks for, with Junos's defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The file to append to.
    pub(crate) path: PathBuf,
    /// Bytes after which the file is put aside as `path.0`.
    pub(crate) size: u64,
    /// Files kept in all, the current one included.
    pub(crate) files: u32,
    /// Whether everyone on this machine may read it.
    pub(crate) world_readable: bool,
    /// Only lines that match are written.
    pub(crate) matching: Option<String>,
    /// What is traced.
    pub(crate) flags: Flags,
}

impl Settings {
    /// Junos's file size where none is configured.
    pub(crate) const DEFAULT_SIZE: u64 = 128 * 1024;

    /// The path of the trace file `name`: as it is, or in `log_dir`.
    ///
    /// # Errors
    /// A relative name that leads out of `log_dir`.
    pub(crate) fn path_of(name: &str, log_dir: &Path) -> Result<PathBuf, TraceError> {
        let path = Path::new(name);
        let plain =
            |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
        if path.is_absolute() || path.components().all(plain) && !name.is_empty() {
            return Ok(log_dir.join(path));
        }
        Err(TraceError::Name(name.to_owned()))
    }

    /// What lines must match.
    ///
    /// # Errors
    /// A `match` that is no expression.
    pub(crate) fn expression(&self) -> Result<Option<Regex>, TraceError> {
        let compile = |text: &String| RegexBuilder::new(text).size_limit(MATCH_SIZE_LIMIT).build();
        Ok(self.matching.as_ref().map(compile).transpose()?)
    }
}

/// The `flag` statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// `flag configuration`: what was read and what changed.
    pub(crate) configuration: bool,
    /// `flag connectivity`: attempts, connections, ends.
    pub(crate) connectivity: bool,
}

/// Why `traceoptions` can't be acted on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TraceError {
    #[error("traceoptions file `{}`: expected a file name or an absolute path", .0.escape_debug())]
    Name(String),
    #[error("traceoptions match: {0}")]
    Match(#[from] regex_lite::Error),
}

/// Where trace lines go; nowhere until [`Trace::apply`] names a file.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    sink: Mutex<Option<Sink>>,
}

#[derive(Debug)]
struct Sink {
    settings: Settings,
    matching: Option<Regex>,
    file: RotatingFile,
    /// The last write failed, and the log says so.
    broken: bool,
}

impl Trace {
    /// Takes new settings; what is the same goes on undisturbed.
    ///
    /// # Errors
    /// A `match` that is no expression; the former settings stay.
    pub(crate) fn apply(&self, settings: Option<Settings>) -> Result<(), TraceError> {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        if sink.as_ref().map(|sink| &sink.settings) == settings.as_ref() {
            return Ok(());
        }
        *sink = settings.map(Sink::new).transpose()?;
        Ok(())
    }

    /// Writes one line under `flag connectivity`.
    pub(crate) fn connectivity(&self, line: fmt::Arguments<'_>) {
        self.write(line, |flags| flags.connectivity);
    }

    /// Writes one line under `flag configuration`.
    pub(crate) fn configuration(&self, line: fmt::Arguments<'_>) {
        self.write(line, |flags| flags.configuration);
    }

    fn write(&self, line: fmt::Arguments<'_>, wanted: fn(&Flags) -> bool) {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sink) = sink.as_mut().filter(|sink| wanted(&sink.settings.flags)) {
            sink.write(&format!("{} {line}", stamp::of(SystemTime::now())));
        }
    }
}

impl Sink {
    fn new(settings: Settings) -> Result<Self, TraceError> {
        let matching = settings.expression()?;
        let file = RotatingFile::new(&settings);
        Ok(Self { settings, matching, file, broken: false })
    }

    fn write(&mut self, line: &str) {
        if self.matching.as_ref().is_some_and(|matching| !matching.is_match(line)) {
            return;
        }
        let line = line.replace(['\n', '\r'], " ");
        match self.file.append(&line) {
            Ok(()) => self.broken = false,
            Err(error) if !self.broken => {
                self.broken = true;
                let file = self.settings.path.display();
                tracing::warn!(%file, %error, "the trace file can't be written");
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(dir: &Path) -> Settings {
        Settings {
            path: dir.join("trace"),
            size: Settings::DEFAULT_SIZE,
            files: 3,
            world_readable: false,
            matching: None,
            flags: Flags { configuration: false, connectivity: true },
        }
    }

    #[test]
    fn only_what_is_flagged_and_matches_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let trace = Trace::default();
        let matching = Some("mist|lab".to_owned());
        trace.apply(Some(Settings { matching, ..settings(dir.path()) })).unwrap();
        trace.connectivity(format_args!("(mist) Connecting\nto server"));
        trace.connectivity(format_args!("(other) Connecting to server"));
        trace.configuration(format_args!("(mist) added"));
        let text = std::fs::read_to_string(dir.path().join("trace")).unwrap();
        assert!(text.ends_with(" (mist) Connecting to server\n"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn a_match_that_is_no_expression_is_refused_and_the_former_settings_stay() {
        let dir = tempfile::tempdir().unwrap();
        let trace = Trace::default();
        trace.apply(Some(settings(dir.path()))).unwrap();
        let bad = Settings { matching: Some("(".to_owned()), ..settings(dir.path()) };
        assert!(matches!(trace.apply(Some(bad)), Err(TraceError::Match(_))));
        let huge = Settings { matching: Some("(a{99}){99}{99}".into()), ..settings(dir.path()) };
        assert!(matches!(trace.apply(Some(huge)), Err(TraceError::Match(_))));
        trace.connectivity(format_args!("still here"));
        assert!(dir.path().join("trace").exists());
    }

    #[test]
    fn a_relative_name_stays_in_the_log_directory() {
        let of = |name| Settings::path_of(name, Path::new("/var/log")).map_err(|e| e.to_string());
        assert_eq!(of("ossh").unwrap(), Path::new("/var/log/ossh"));
        assert_eq!(of("/tmp/ossh").unwrap(), Path::new("/tmp/ossh"));
        assert!(of("../etc/passwd").is_err());
        assert!(of("").is_err());
    }

    #[test]
    fn a_file_that_cannot_be_written_disturbs_nobody() {
        let trace = Trace::default();
        trace.apply(Some(settings(Path::new("/proc/no/such/folder")))).unwrap();
        trace.connectivity(format_args!("lost"));
        trace.connectivity(format_args!("lost too"));
    }
}
