//! Secrets that stand in plain, in the `$9$` form in which Junos shows them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::tree::{Statement, Word};
use super::{BLANK, Configuration, Source, Tree, type9};

impl Configuration {
    /// A copy whose plain `secret`s are in the `$9$` form; the same at every reading, so that nothing
    /// seems to change.
    pub fn veiled(&self) -> Self {
        let mut statements = self.tree.statements.clone();
        statements.iter_mut().for_each(veil);
        let end_comments = self.tree.end_comments.clone();
        let source = Source::new(self.source.name(), "");
        Self { tree: Tree { statements, end_comments, ..Tree::default() }, source, form: self.form }
    }
}

fn veil(statement: &mut Statement) {
    if statement.keyword() == "secret"
        && let Some(value) = statement.words.get_mut(1)
        && !value.text.is_empty()
        && value.text != BLANK
        && !value.text.starts_with(type9::PREFIX)
    {
        let mut hasher = DefaultHasher::new();
        value.text.hash(&mut hasher);
        let text = type9::encode(value.text.as_bytes(), hasher.finish());
        *value = Word { text, secret: true, ..value.clone() };
    }
    statement.children.iter_mut().for_each(veil);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junos::Form;

    #[test]
    fn plain_secrets_are_veiled_and_others_stay() {
        let text = "system { services { outbound-ssh { client a { secret plain; } \
            client b { secret \"$9$LhuNVYaJDH.5\"; } } } }";
        let configuration = Configuration::parse("x", text).unwrap();
        let veiled = configuration.veiled().print(Form::Set);
        assert!(!veiled.contains("plain") && veiled.contains("client a secret \"$9$"), "{veiled}");
        assert!(veiled.contains("client b secret \"$9$LhuNVYaJDH.5\""), "{veiled}");
        assert_eq!(veiled, configuration.veiled().print(Form::Set));
    }
}
