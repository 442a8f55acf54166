//! Laws of comparing and merging, for configurations grown from random choices.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::junos::Form;
use crate::junos::laws::{Choices, configuration};
use crate::junos::schema::Area;
use crate::junos::tree::{Guard, Statement};

const ONE: SessionId = SessionId(1);

fn grown(bytes: &[u8], comments: bool) -> Arc<Configuration> {
    settled(Arc::new(configuration(Choices(bytes.iter()).known(Area::TOP, comments))))
}

/// The same with nothing protected, so that anything may be changed.
fn open(configuration: &Arc<Configuration>) -> Arc<Configuration> {
    fn lift(statements: &mut [Statement]) {
        for statement in statements {
            statement.guard = Guard::Open;
            lift(&mut statement.children);
        }
    }
    let mut open = configuration.clone();
    lift(Arc::make_mut(&mut open).statements_mut());
    open
}

/// Known statements and others.
fn mixed(bytes: &[u8]) -> Arc<Configuration> {
    let mut choices = Choices(bytes.iter());
    let mut statements = choices.unknown(2);
    statements.extend(choices.known(Area::TOP, true));
    settled(Arc::new(configuration(statements)))
}

fn store(from: &Arc<Configuration>) -> Datastore {
    let mut store = Datastore::new(from.clone(), Vec::new());
    store.open(ONE, Author::new("ann", Client::Cli), Mode::Shared).unwrap();
    store
}

fn loaded(
    from: &Arc<Configuration>,
    action: Action,
    form: Form,
    text: String,
) -> Arc<Configuration> {
    let mut store = store(from);
    let shown = text.clone();
    let edited = store.edit(ONE, Edit::Load { action, form: Some(form), text });
    edited.unwrap_or_else(|error| panic!("{error}\n{shown}"));
    store.candidate(ONE)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..500)
}

/// Two configurations that have much in common.
fn pair() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (bytes(), proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6))
        .prop_map(|(one, changes)| {
            let mut other = one.clone();
            for (at, byte) in changes {
                if !other.is_empty() {
                    let at = at.index(other.len());
                    other[at] = byte;
                }
            }
            (one, other)
        })
}

proptest! {
    #[test]
    fn a_comparison_loaded_as_a_patch_gives_the_other((one, other) in pair()) {
        let (one, other) = (open(&mixed(&one)), mixed(&other));
        let text = compare(&one, &other);
        prop_assert_eq!(text.is_empty(), same(&one, &other));
        let patched = loaded(&one, Action::Patch, Form::Curly, text.clone());
        prop_assert!(same(&patched, &other), "{}\n--- left over\n{}", text, compare(&patched, &other));
    }

    #[test]
    fn a_comparison_as_set_lines_gives_the_other((one, other) in pair()) {
        let (one, other) = (open(&grown(&one, false)), grown(&other, false));
        let text = compare_set(&one, &other);
        let set = loaded(&one, Action::Set, Form::Set, text.clone());
        prop_assert!(same(&set, &other), "{}\n--- left over\n{}", text, compare(&set, &other));
    }

    #[test]
    fn what_is_printed_in_any_form_and_loaded_is_the_same(one in bytes()) {
        let one = grown(&one, false);
        let empty = Arc::new(configuration(Vec::new()));
        for form in [Form::Curly, Form::Set, Form::Xml, Form::Json] {
            for action in [Action::Merge, Action::Override, Action::Replace] {
                if form == Form::Set && action == Action::Override {
                    continue;
                }
                let text = one.print(form);
                let read = loaded(&empty, action, form, text.clone());
                prop_assert!(same(&read, &one), "{:?} {:?}\n{}\n{}", form, action, text, compare(&one, &read));
            }
        }
    }

    #[test]
    fn merging_twice_is_merging_once((one, other) in pair()) {
        let (one, other) = (open(&grown(&one, true)), grown(&other, true));
        let text = other.print(Form::Curly);
        let once = loaded(&one, Action::Merge, Form::Curly, text.clone());
        let twice = loaded(&once, Action::Merge, Form::Curly, text);
        prop_assert!(same(&once, &twice));
    }

    #[test]
    fn what_is_protected_stays_as_it_is_whatever_is_loaded((one, other) in pair(), form in 0_usize..4) {
        let (one, other) = (grown(&one, true), open(&grown(&other, true)));
        let form = [Form::Curly, Form::Set, Form::Xml, Form::Json][form];
        for action in [Action::Merge, Action::Replace, Action::Override] {
            let mut store = store(&one);
            let text = other.print(form);
            let form = Some(form).filter(|form| *form != Form::Set || action != Action::Override);
            if store.edit(ONE, Edit::Load { action, form, text }).is_ok() {
                let after = store.candidate(ONE);
                let kept = protect::check_kept(one.statements(), after.statements());
                prop_assert!(kept.is_ok(), "{:?}\n{}", kept, compare(&one, &after));
            }
        }
    }

    #[test]
    fn no_text_makes_an_edit_panic(one in bytes(), text in "[ -~\n]{0,120}") {
        let mut store = store(&mixed(&one));
        for action in [Action::Merge, Action::Replace, Action::Override, Action::Patch, Action::Set] {
            let _ = store.edit(ONE, Edit::Load { action, form: None, text: text.clone() });
        }
        let _ = store.edit(ONE, Edit::Statement(text));
    }
}
