//! Fuzz target: the elements of an `edit-config`, with every operation and error-option.

use std::sync::Arc;

use homing_proto::datastore::{
    Author, Client, Datastore, DefaultOperation, Edit, ErrorOption, Mode, SessionId, compare, same,
};
use homing_proto::junos::{Configuration, Form};

const ONE: SessionId = SessionId(1);

/// What is edited.
const BASE: &str =
    "system { host-name a; login { user u { class super-user; } user v { class x; } } }
    interfaces { ge-0/0/0 { unit 0 { family inet { address 192.0.2.1/24; } } } }
    firewall { family inet { filter f { term a { then accept; } term b { then { reject; } } } } }
    bogus { one 1; two { three; } }";

/// The first byte chooses the options, the rest is the text. An edit is made wholly or not at all
/// unless it may go on after errors; what it made can be given again as a whole.
pub fn run(data: &[u8]) {
    let Some((options, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(base) = Configuration::parse("base", BASE) else { return };
    let mut store = Datastore::new(Arc::new(base), Vec::new());
    assert!(store.open(ONE, Author::new("ann", Client::Netconf), Mode::Shared).is_ok());
    let default_operation = match options % 3 {
        0 => DefaultOperation::Merge,
        1 => DefaultOperation::Replace,
        _ => DefaultOperation::None,
    };
    let error_option = match options / 3 % 3 {
        0 => ErrorOption::StopOnError,
        1 => ErrorOption::ContinueOnError,
        _ => ErrorOption::RollbackOnError,
    };
    match store.edit(ONE, Edit::Config { text: text.to_owned(), default_operation, error_option }) {
        Ok(outcome) => {
            let goes_on = error_option == ErrorOption::ContinueOnError;
            assert!(goes_on || outcome.errors.is_empty());
        }
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.code().is_empty());
            assert!(!store.is_modified(), "an edit that failed changed something");
            return;
        }
    }
    let (running, candidate) = (store.running(), store.candidate(ONE));
    let _ = (compare(&running, &candidate), candidate.print(Form::Json));
    let whole = Edit::Config {
        text: candidate.print(Form::Xml),
        default_operation: DefaultOperation::Replace,
        error_option: ErrorOption::StopOnError,
    };
    let text = candidate.print(Form::Xml);
    let again = store.edit(ONE, whole);
    assert!(again.is_ok(), "{again:?}\n{text}");
    assert!(
        same(&store.candidate(ONE), &candidate),
        "{text}\n{}",
        compare(&candidate, &store.candidate(ONE))
    );
}
