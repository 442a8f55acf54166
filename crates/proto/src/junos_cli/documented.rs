//! `docs/junos-compatibility.md` keeps step with the tables.

use super::{CONFIGURATION, Node, OPERATIONAL, Slot};
use crate::junos::schema::{Area, Kind};
use crate::junos_command::COMMANDS;

const PAGE: &str = include_str!("../../../../docs/junos-compatibility.md");

fn missing<'w>(words: impl Iterator<Item = String> + 'w) -> Vec<String> {
    words.filter(|word| !PAGE.contains(&format!("`{word}"))).collect()
}

fn words(nodes: &'static [Node]) -> impl Iterator<Item = String> {
    nodes.iter().filter_map(|node| match node.token {
        Slot::Word(word) => Some(word.to_owned()),
        _ => None,
    })
}

#[test]
fn every_command_is_on_the_page_with_its_rpc() {
    let rows: Vec<&str> = PAGE.lines().collect();
    for spec in COMMANDS {
        let row = format!("| `{}` | `{}` |", spec.words.join(" "), spec.rpc);
        assert!(rows.iter().any(|line| line.starts_with(&row)), "no row {row}");
    }
    assert_eq!(missing(words(&OPERATIONAL)), Vec::<String>::new());
    assert_eq!(missing(words(&CONFIGURATION)), Vec::<String>::new());
}

#[test]
fn every_command_on_the_page_is_there() {
    let section = PAGE.split("## Operational commands").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let command = row.split('`').nth(1).unwrap();
        assert!(COMMANDS.iter().any(|spec| spec.words.join(" ") == command), "{row}");
    }
}

#[test]
fn every_statement_that_is_known_is_on_the_page() {
    let Area::Known(top) = Area::TOP else { panic!() };
    let mut paths = Vec::new();
    for rule in top.rules.iter().filter(|rule| rule.acted) {
        let Area::Known(body) = rule.inside() else { continue };
        for inner in body.rules.iter().filter(|rule| rule.acted) {
            let path = format!("{} {}", rule.name, inner.name);
            match inner.kind {
                Kind::Container(body) => {
                    paths.extend(
                        body.rules
                            .iter()
                            .filter(|leaf| leaf.acted)
                            .map(|leaf| format!("{path} {}", leaf.name)),
                    );
                }
                _ => paths.push(path),
            }
        }
    }
    paths.retain(|path| !path.starts_with("system root-authentication"));
    paths.push("system root-authentication".to_owned());
    assert_eq!(missing(paths.into_iter()), Vec::<String>::new());
}
