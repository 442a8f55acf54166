//! Fuzz target: operational commands as a person types them, their pipes and their completion.

use homing_proto::junos_command::{complete, parse, parse_pipes, pass};

/// What pipes are tried on.
const OUTPUT: &str = "Hostname: box1\n  up 3 days\n\neth0 up\né eth1 down\n";

/// A line is a command that its own name finds again, or refused with a place in it. Whatever
/// stands there can be completed, and what is offered for a word begins with it.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for each in complete(text) {
        assert!(!each.word.is_empty());
        let begun = text.rsplit(|c: char| c.is_whitespace() || c == '|').next().unwrap_or("");
        let is_plain = !text.contains('"');
        assert!(!is_plain || each.is_placeholder || each.word.starts_with(begun), "{}", each.word);
    }
    match parse(text) {
        Ok(line) => {
            let name = line.command.name();
            let mut rpc = String::new();
            line.command.rpc().write(&mut rpc, None, 0);
            assert!(rpc.starts_with(&format!("<{}", line.command.rpc_name())), "{rpc}");
            if let Err(error) = parse(&name) {
                assert_eq!(error.code(), "command-incomplete", "{name}");
            }
            let passed = pass(&line.pipes, OUTPUT.to_owned());
            assert!(passed.len() <= OUTPUT.len() + 32, "{passed}");
            assert!(parse_pipes(text).is_ok());
        }
        Err(error) => {
            assert!(error.at <= text.len() + 1 && !error.to_string().is_empty());
            assert!(error.code().starts_with("command-"));
            assert!(error.under(text, 2).ends_with(".\n"));
        }
    }
}
