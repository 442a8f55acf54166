//! What one `<rpc>` asks for: as much of it as it takes to judge it and to write it down.

use std::fmt;

use crate::audit::blank;

/// How many datastores of one operation are told apart.
pub(super) const MOST_DATASTORES: usize = 8;

/// What one `<rpc>` asks for.
///
/// It may hold what must not be stored; its `Debug` and [`Self::command`] blank that.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Operation {
    /// Which message of this channel it came in, from 1.
    pub number: u64,
    /// The message-id, if there is one.
    pub message_id: Option<String>,
    /// The name of the operation's element, without prefix.
    pub name: String,
    /// The namespace of the operation's element.
    pub namespace: Option<String>,
    /// The attributes of the operation's element, namespace declarations excepted.
    pub attributes: Vec<(String, String)>,
    /// The datastores that it names.
    pub datastores: Vec<Datastore>,
    /// The text in the operation's element, if that holds nothing else.
    pub text: Option<String>,
    /// Whether all of the message was read.
    pub is_whole: bool,
}

/// A datastore, file or place that an operation names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datastore {
    /// The element that names it: `source`, `target`, `datastore`.
    pub part: String,
    /// Its name: `running`, `candidate`, `url`, `config`.
    pub name: String,
}

impl Operation {
    /// The text of a `<command>`, fit to be stored.
    #[must_use]
    pub fn command(&self) -> Option<String> {
        self.text.as_deref().filter(|_| self.name == "command").map(|text| blank(text.trim()))
    }

    /// The datastores in one word: `running`, `running to startup`.
    #[must_use]
    pub fn datastore(&self) -> Option<String> {
        let named = self.attributes.iter().find(|(name, _)| name == "database");
        let mut words: Vec<String> =
            self.datastores.iter().map(|datastore| blank(&datastore.name)).collect();
        words.extend(named.map(|(_, value)| blank(value)));
        // The schema has <target> first; what is read comes before what is written.
        if let [first, _] = self.datastores.as_slice()
            && first.part == "target"
        {
            words.swap(0, 1);
        }
        (!words.is_empty()).then(|| words.join(" to "))
    }

    /// The value of an attribute of the operation's element, whatever its prefix.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let is_it = |own: &str| own.rsplit(':').next() == Some(name);
        self.attributes.iter().find(|(own, _)| is_it(own)).map(|(_, value)| value.as_str())
    }

    pub(super) fn add_datastore(&mut self, part: &str, name: &str) {
        match self.datastores.len() {
            MOST_DATASTORES => {}
            length => {
                let name = if length + 1 == MOST_DATASTORES { "…" } else { name };
                self.datastores.push(Datastore { part: part.to_owned(), name: name.to_owned() });
            }
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("number", &self.number)
            .field("message_id", &self.message_id)
            .field("name", &self.name)
            .field("namespace", &self.namespace)
            .field("datastore", &self.datastore())
            .field("command", &self.command())
            .finish_non_exhaustive()
    }
}
