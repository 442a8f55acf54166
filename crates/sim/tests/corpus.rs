//! Replays the committed fuzz corpus: every seed of `fuzz/corpus/<target>/` goes through the
//! same function that the fuzzer calls.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The least number of seeds of a target.
const ENOUGH: usize = 20;

/// Includes each target's file, lists it and makes one test of it.
macro_rules! targets {
    ($($name:ident,)*) => {
        #[allow(unreachable_pub, missing_docs)]
        #[path = "../../../fuzz/targets"]
        mod targets {
            $(pub mod $name;)*
        }

        $(
            mod $name {
                #[test]
                fn seeds_pass() {
                    super::replay(stringify!($name), super::targets::$name::run);
                }
            }
        )*

        /// The targets of the list, in its order.
        const TARGETS: &[&str] = &[$(stringify!($name)),*];
    };
}

targets! {
    edit_config,
    junos_command,
    datastore_patch,
    datastore_line,
    passage,
    type9,
    junos_json,
    junos_xml,
    junos_set,
    junos_curly,
    rpc_reply,
    rpc,
    hello,
    xml_scan,
    filter,
    framing_chunked,
    framing_eom,
    opening,
    initiation,
    known_hosts,
    host_key,
}

/// Runs every seed of one target; a panic names the seed.
fn replay(name: &str, run: fn(&[u8])) {
    for seed in files(&fuzz().join("corpus").join(name)) {
        let data = fs::read(&seed).unwrap();
        println!("{}", seed.display());
        run(&data);
    }
}

#[test]
fn every_target_has_a_program_and_enough_seeds() {
    let listed: BTreeSet<String> = TARGETS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(stems(&fuzz().join("targets")), listed, "fuzz/targets and the list in this file");
    assert_eq!(stems(&fuzz().join("bins")), listed, "fuzz/bins and the list in this file");

    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in &listed {
        assert!(
            manifest.contains(&format!("name = \"{name}\"\npath = \"bins/{name}.rs\"")),
            "fuzz/Cargo.toml has no [[bin]] {name}"
        );
        let seeds = files(&fuzz().join("corpus").join(name)).len();
        assert!(seeds >= ENOUGH, "fuzz/corpus/{name} has {seeds} seeds, expected {ENOUGH}");
    }
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The files of a folder, sorted; none if the folder is not there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The names of a folder's files without their endings.
fn stems(folder: &Path) -> BTreeSet<String> {
    let stem = |file: &PathBuf| file.file_stem().unwrap().to_str().unwrap().to_owned();
    files(folder).iter().map(stem).collect()
}
