//! The wall between the core, which decides, and the shell, which touches.
//!
//! ```text
//! homing ─▶ gateway, agent ─▶ transport ─▶ proto
//!              never each      the only     no socket, clock, file, task,
//!                other         SSH name     log line, random source
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crates that bring a task, a socket, a clock, a log or chance into what depends on them.
const SHELL_CRATES: &[&str] = &[
    "anyhow",
    "async-io",
    "async-std",
    "axum",
    "chrono",
    "fastrand",
    "futures-util",
    "getrandom",
    "hyper",
    "libc",
    "log",
    "mio",
    "nix",
    "polling",
    "rand",
    "rusqlite",
    "russh",
    "rustix",
    "rustls",
    "smol",
    "socket2",
    "tempfile",
    "time",
    "tokio",
    "tokio-util",
    "tracing",
];

/// What the source of the core may not name outside its tests.
const SHELL_NAMES: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::os",
    "std::process",
    "std::thread",
    "env::var",
    "fs::read",
    "fs::write",
    "fs::File",
    "thread::",
    "process::",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
    "ToSocketAddrs",
    "UnixListener",
    "UnixStream",
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "dbg!",
];

#[test]
fn the_core_depends_on_nothing_that_touches() {
    let closure = closure("homing-proto");
    assert_none(&closure, SHELL_CRATES, "homing-proto");
}

#[test]
fn the_source_of_the_core_names_nothing_that_touches() {
    let mut found = Vec::new();
    for file in sources(&root().join("crates/proto/src")) {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in outside_tests(&text) {
            for name in SHELL_NAMES.iter().filter(|name| names(line, name)) {
                found.push(format!("{}:{number}: {name}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "the core touches:\n{}", found.join("\n"));
}

#[test]
fn only_transport_names_the_ssh_library() {
    let workspace = Workspace::read();
    let with_ssh: Vec<&String> = workspace
        .direct
        .iter()
        .filter(|(_, deps)| {
            deps.iter().any(|dep| matches!(&**dep, "russh" | "russh-keys" | "ssh-key"))
        })
        .map(|(name, _)| name)
        .filter(|name| workspace.members.contains(*name))
        .collect();
    assert_eq!(with_ssh, ["homing-transport"]);
}

/// So that another engine could stand under the same interface.
#[test]
fn no_public_signature_of_transport_shows_a_type_of_the_ssh_library() {
    let mut found = Vec::new();
    for file in sources(&root().join("crates/transport/src")) {
        let text = fs::read_to_string(&file).unwrap();
        let theirs = imported_from_the_ssh_library(&text);
        for (number, signature) in public_signatures(&text) {
            for name in theirs.iter().filter(|name| names_whole(&signature, name)) {
                found.push(format!("{}:{number}: {name}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "the library's types are shown:\n{}", found.join("\n"));
}

/// The types that a file takes from the library, and the library itself.
fn imported_from_the_ssh_library(text: &str) -> BTreeSet<String> {
    let uses = text.split("\nuse russh").skip(1).filter_map(|rest| rest.split(';').next());
    let items = uses.flat_map(|list| list.split([',', '{', '}']));
    // Of `russh::keys::Certificate as Theirs` only the last word is a name here.
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words = items.filter_map(|item| item.trim().rsplit(|c| !is_word(c)).next());
    let types = words.filter(|word| word.starts_with(char::is_uppercase)).map(str::to_owned);
    types.chain(["russh".to_owned()]).collect()
}

/// What the public items of a file say of themselves, up to their bodies.
fn public_signatures(text: &str) -> Vec<(usize, String)> {
    let mut signatures = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in outside_tests(text) {
        let line = line.trim();
        if open.is_none() && line.starts_with("pub ") && !line.starts_with("pub use") {
            open = Some((number, String::new()));
        }
        if let Some((_, signature)) = &mut open {
            signature.push_str(line);
            signature.push(' ');
            if line.ends_with(['{', ';', ',', '}']) && is_balanced(signature) {
                signatures.extend(open.take());
            }
        }
    }
    signatures
}

/// Whether the round brackets of a signature are closed.
fn is_balanced(signature: &str) -> bool {
    signature.matches('(').count() == signature.matches(')').count()
}

/// Whether the text holds the name between other words.
fn names_whole(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
}

#[test]
fn a_type_of_the_library_in_a_signature_is_found() {
    let text = "\nuse russh::client::{self, Handle};\n\npub fn of(\n    handle: Handle,\n) {\n}\npub(crate) fn own(a: Handle) {}\n";
    let theirs = imported_from_the_ssh_library(text);
    assert_eq!(theirs, BTreeSet::from(["Handle".to_owned(), "russh".to_owned()]));
    let signatures = public_signatures(text);
    assert_eq!(signatures.len(), 1);
    assert!(names_whole(&signatures[0].1, "Handle"));
}

#[test]
fn crates_depend_downwards_only() {
    let allowed: &[(&str, &[&str])] = &[
        ("homing-proto", &[]),
        ("homing-transport", &["homing-proto"]),
        ("homing-agent", &["homing-proto", "homing-transport"]),
        ("homing-gateway", &["homing-proto", "homing-transport"]),
        ("homing-sim", &["homing-gateway", "homing-proto", "homing-transport"]),
        (
            "homing",
            &["homing-agent", "homing-gateway", "homing-proto", "homing-sim", "homing-transport"],
        ),
    ];
    let workspace = Workspace::read();
    for (name, below) in allowed {
        let ours: Vec<&String> =
            workspace.direct[*name].iter().filter(|dep| workspace.members.contains(*dep)).collect();
        assert!(ours.iter().all(|dep| below.contains(&dep.as_str())), "{name} depends on {ours:?}");
    }
    let known: BTreeSet<&str> = allowed.iter().map(|(name, _)| *name).collect();
    let members: BTreeSet<&str> = workspace.members.iter().map(String::as_str).collect();
    assert_eq!(members, known, "a new crate needs its place in this test");
}

#[test]
fn the_agent_carries_no_web_server_and_no_database() {
    let closure = closure("homing-agent");
    assert_none(&closure, &["axum", "hyper", "rusqlite", "libsqlite3-sys"], "homing-agent");
}

fn assert_none(closure: &BTreeSet<String>, unwanted: &[&str], whose: &str) {
    let found: Vec<_> = unwanted.iter().filter(|name| closure.contains(**name)).collect();
    assert!(found.is_empty(), "{whose} depends, itself or through others, on {found:?}");
}

/// What cargo knows of the dependencies on this platform; those of tests left out.
struct Workspace {
    members: BTreeSet<String>,
    direct: BTreeMap<String, BTreeSet<String>>,
}

impl Workspace {
    fn read() -> Self {
        let rustc = Command::new("rustc").arg("-vV").output().unwrap();
        let rustc = String::from_utf8(rustc.stdout).unwrap();
        let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", host])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();

        let name_of: BTreeMap<&str, &str> = metadata["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
            .collect();
        let members = metadata["workspace_members"].as_array().unwrap().iter();
        let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array().unwrap() {
            let deps = node["deps"].as_array().unwrap().iter().filter(|dep| is_of_the_program(dep));
            let names = deps.map(|dep| name_of[dep["pkg"].as_str().unwrap()].to_owned());
            // Two versions of one crate count as one: the rules are about names.
            direct
                .entry(name_of[node["id"].as_str().unwrap()].to_owned())
                .or_default()
                .extend(names);
        }
        Self {
            members: members.map(|id| name_of[id.as_str().unwrap()].to_owned()).collect(),
            direct,
        }
    }
}

/// The crate's dependencies, and theirs, with the features that they have when it is built alone.
fn closure(name: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--locked"])
        .args(["--package", name])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn is_of_the_program(dep: &Value) -> bool {
    dep["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every Rust file below a folder, those of tests left out.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The numbered lines of a file without comments, up to its tests, which stand last.
fn outside_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .map(|(index, line)| (index + 1, line.split("//").next().unwrap()))
}

/// Whether the line holds the name as a word of its own.
fn names(line: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let starts = !line[..at].ends_with(is_word);
        let ends = !name.ends_with(is_word) || !line[at + name.len()..].starts_with(is_word);
        starts && ends
    })
}

#[test]
fn a_name_is_found_as_a_word() {
    assert!(names("let t = Instant::now();", "Instant::now"));
    assert!(names("use std::fs;", "std::fs"));
    assert!(!names("use my_thread::x;", "thread::"));
    assert!(!names("SystemTimes", "SystemTime"));
}
