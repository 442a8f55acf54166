//! Every test that `docs/conformance.md` names exists in the source.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_row_names_a_test_that_exists() {
    let text = fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let mut missing = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some(tests) = tests_of_row(line) else { continue };
        let number = index + 1;
        if tests.is_empty() {
            missing.push(format!("line {number}: no test named"));
        }
        let absent = tests.into_iter().filter(|test| !exists(test));
        missing.extend(absent.map(|test| format!("line {number}: {test}")));
    }
    assert!(missing.is_empty(), "docs/conformance.md:\n{}", missing.join("\n"));
}

/// The backquoted names in the last cell of a table row; `None` for every other line.
fn tests_of_row(line: &str) -> Option<Vec<&str>> {
    let cells: Vec<&str> =
        line.strip_prefix('|')?.trim_end().strip_suffix('|')?.split('|').collect();
    let last = cells.last()?.trim();
    let is_heading = last == "test" || last.chars().all(|c| c == '-');
    (!is_heading).then(|| last.split('`').skip(1).step_by(2).collect())
}

/// Whether the function is in a file that the test's path can mean.
fn exists(test: &str) -> bool {
    if let Some((file, name)) = test.split_once(".py::") {
        let text = fs::read_to_string(root().join(format!("{file}.py"))).unwrap_or_default();
        return text.contains(&format!("def {name}("));
    }
    let parts: Vec<&str> = test.split("::").collect();
    let [package, modules @ .., name] = &parts[..] else { return false };
    let folder = match *package {
        "homing" => "homing",
        other => other.strip_prefix("homing_").unwrap_or(other),
    };
    let Some(module) = modules.first() else { return false };
    rust_files(&root().join("crates").join(folder)).iter().any(|file| {
        let of_module =
            file.iter().any(|part| part.to_string_lossy().trim_end_matches(".rs") == *module);
        of_module && fs::read_to_string(file).unwrap().contains(&format!("fn {name}("))
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_row_is_read_and_a_wrong_name_is_noticed() {
    let row = "| a rule | RFC | `homing_sim::conformance::rust_files` `homing_sim::conformance::nobody` |";
    let tests = tests_of_row(row).unwrap();
    assert_eq!(tests.iter().map(|test| exists(test)).collect::<Vec<_>>(), [true, false]);
    assert_eq!(tests_of_row("| rule | source | test |"), None);
    assert_eq!(tests_of_row("|---|---|---|"), None);
    assert_eq!(tests_of_row("plain text"), None);
}
