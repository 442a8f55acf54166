//! Reads what the configuration is merged from: files, environment, surroundings.

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::document::{MAX_FILE, SourceFile};
use super::problem::{ConfigError, Problem};
use super::settings::Surroundings;
use super::{Configuration, Origin, Sources};

/// The file that is read if it is there and nothing else is named.
const FILE: &str = "/etc/homing/gateway.toml";

/// What the flags of `homing gateway` say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--config`, or `HOMING_CONFIG`.
    pub config: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--listen`, any number of times.
    pub listen: Vec<String>,
    /// `--http`, any number of times.
    pub http: Vec<String>,
    /// `--door`, any number of times.
    pub door: Vec<String>,
    /// `--socket`.
    pub socket: Option<PathBuf>,
}

impl Flags {
    /// Ports that the system chooses, all files in `folder`, and no configuration of this machine.
    #[cfg(test)]
    pub(crate) fn within(folder: &Path) -> Self {
        Self {
            config: Some("/dev/null".into()),
            data: Some(folder.join("data")),
            listen: vec!["127.0.0.1:0".to_owned()],
            socket: Some(folder.join("s")),
            door: vec!["127.0.0.1:0".to_owned()],
            ..Self::default()
        }
    }

    fn into_sources(self) -> Vec<(&'static str, Vec<String>)> {
        let path = |path: PathBuf| vec![path.to_string_lossy().into_owned()];
        let mut flags = Vec::new();
        flags.extend(self.data.map(|data| ("data", path(data))));
        flags.extend(self.socket.map(|socket| ("socket", path(socket))));
        if !self.listen.is_empty() {
            flags.push(("listen", self.listen));
        }
        if !self.http.is_empty() {
            flags.push(("http.listen", self.http));
        }
        if !self.door.is_empty() {
            flags.push(("front_door.listen", self.door));
        }
        flags
    }
}

/// Reads, merges and checks.
///
/// The flags must not hold what came from the environment, or its origin is lost.
///
/// # Errors
/// A file can't be read, or something in any source is wrong.
pub fn load(flags: Flags) -> Result<Configuration, ConfigError> {
    let named = flags.config.clone().or_else(|| env::var_os("HOMING_CONFIG").map(PathBuf::from));
    let sources = Sources {
        files: read_files(named.as_deref())?,
        environment: environment(),
        flags: flags.into_sources(),
    };
    Configuration::merge(&sources, &surroundings())
}

/// The file, and those of the folder beside it whose name ends in `.d`, by name.
fn read_files(named: Option<&Path>) -> Result<Vec<SourceFile>, ConfigError> {
    let path = named.unwrap_or(Path::new(FILE));
    let mut files = Vec::new();
    match read(path) {
        Ok(file) => files.push(file),
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(unreadable(path, &error)),
    }
    for path in parts(&path.with_extension("d"))? {
        files.push(read(&path).map_err(|error| unreadable(&path, &error))?);
    }
    Ok(files)
}

fn parts(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let paths: Result<Vec<_>, _> = paths.collect();
    let mut paths = paths.map_err(|error| unreadable(folder, &error))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> std::io::Result<SourceFile> {
    let mut text = String::new();
    // One byte more than allowed, so that too long a file is noticed and not read whole.
    fs::File::open(path)?.take(MAX_FILE as u64 + 1).read_to_string(&mut text)?;
    Ok(SourceFile { name: path.display().to_string(), text })
}

fn unreadable(path: &Path, error: &std::io::Error) -> ConfigError {
    ConfigError(vec![Problem {
        code: "configuration-unreadable",
        origin: Origin::File { name: path.display().to_string(), line: 0, column: 0 },
        message: format!("can't be read: {error}"),
        hint: None,
        excerpt: None,
    }])
}

fn environment() -> Vec<(String, String)> {
    let ours = env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        name.starts_with("HOMING_").then(|| (name, value.to_string_lossy().into_owned()))
    });
    let mut ours: Vec<_> = ours.collect();
    ours.sort();
    ours
}

fn surroundings() -> Surroundings {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let data_home =
        absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|h| h.join(".local/share")));
    Surroundings {
        is_root: nix::unistd::geteuid().is_root(),
        data_home,
        host: crate::host::name(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    }
}
