//! The operational commands: words, options, and the RPC that each stands for.
//!
//! ```text
//!   show interfaces [NAME] [terse│…] ─▶ <get-interface-information><interface-name/><terse/>…
//! ```
//!
//! Source: Junos CLI reference; the RPC names are those that `| display xml rpc` prints there.

/// One command.
#[derive(Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its words.
    pub words: &'static [&'static str],
    /// What it does, in a few words.
    pub help: &'static str,
    /// The RPC that does the same.
    pub rpc: &'static str,
    /// What may follow its words.
    pub options: &'static [Choice],
}

/// One thing that may follow a command's words.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    /// The keyword; none if the value stands alone.
    pub word: Option<&'static str>,
    /// The element of the RPC that carries it.
    pub element: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What it means, in a few words.
    pub help: &'static str,
    /// Whether the command is nothing without it.
    pub required: bool,
}

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is there or not.
    Nothing,
    /// One word, called this.
    Word(&'static str),
    /// A whole number up to this, called so.
    Number(&'static str, u32),
    /// All words to the end of the command, called this.
    Rest(&'static str),
}

impl Takes {
    /// What the value is called, if there is one.
    pub fn placeholder(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Word(name) | Self::Number(name, _) | Self::Rest(name) => Some(name),
        }
    }
}

const fn flag(word: &'static str, help: &'static str) -> Choice {
    Choice { word: Some(word), element: word, takes: Takes::Nothing, help, required: false }
}

const fn named(word: &'static str, takes: Takes, help: &'static str) -> Choice {
    Choice { word: Some(word), element: word, takes, help, required: false }
}

const fn alone(element: &'static str, takes: Takes, help: &'static str) -> Choice {
    Choice { word: None, element, takes, help, required: false }
}

const fn needed(element: &'static str, takes: Takes, help: &'static str) -> Choice {
    Choice { word: None, element, takes, help, required: true }
}

const BRIEF: Choice = flag("brief", "a little");
const DETAIL: Choice = flag("detail", "more");
const EXTENSIVE: Choice = flag("extensive", "everything");
const TERSE: Choice = flag("terse", "one line each");
const NO_RESOLVE: Choice = flag("no-resolve", "addresses, no names");

macro_rules! table {
    ($([$($word:literal)*] $help:literal => $rpc:literal [$($option:expr),* $(,)?];)*) => {
        /// Every command, in alphabetical order.
        pub const COMMANDS: &[Spec] = &[$(Spec {
            words: &[$($word),*],
            help: $help,
            rpc: $rpc,
            options: &[$($option),*],
        },)*];
    };
}

const PATH: Takes = Takes::Word("<path>");

table! {
    ["clear" "system" "commit"] "give up the commit that waits for its time" => "clear-system-commit" [];
    ["file" "checksum" "md5"] "MD5 of a file" => "get-checksum-information" [needed("path", PATH, "the file")];
    ["file" "checksum" "sha-256"] "SHA-256 of a file" => "get-sha256-checksum-information" [needed("path", PATH, "the file")];
    ["file" "checksum" "sha1"] "SHA-1 of a file" => "get-sha1-checksum-information" [needed("path", PATH, "the file")];
    ["file" "copy"] "copy a file" => "file-copy" [
        needed("source", Takes::Word("<source>"), "the file"), needed("destination", Takes::Word("<destination>"), "its copy")];
    ["file" "delete"] "remove a file" => "file-delete" [needed("path", PATH, "the file")];
    ["file" "list"] "the files of a directory" => "file-list" [alone("path", PATH, "file or directory"), flag("detail", "sizes, owners and dates")];
    ["file" "rename"] "give a file another name" => "file-rename" [
        needed("source", Takes::Word("<source>"), "the file"), needed("destination", Takes::Word("<destination>"), "its new name")];
    ["file" "show"] "what is in a file" => "file-show" [needed("filename", Takes::Word("<filename>"), "the file")];
    ["ping"] "ask a host for a sign of life" => "ping" [
        needed("host", Takes::Word("<host>"), "address or name"),
        named("count", Takes::Number("<count>", 1_000), "how many (5)"),
        named("size", Takes::Number("<bytes>", 65_468), "bytes of each"),
        named("wait", Takes::Number("<seconds>", 60), "how long to wait for the answers"),
        named("source", Takes::Word("<address>"), "own address to ask from"),
        named("routing-instance", Takes::Word("<instance>"), "VRF or interface to ask in"),
        flag("rapid", "without pauses"), flag("inet", "IPv4"), flag("inet6", "IPv6"), NO_RESOLVE];
    ["request" "system" "configuration" "rescue" "delete"] "forget the rescue configuration" => "request-delete-rescue-configuration" [];
    ["request" "system" "configuration" "rescue" "save"] "keep the running configuration as rescue" => "request-save-rescue-configuration" [];
    ["show" "arp"] "neighbours' hardware addresses" => "get-arp-table-information" [NO_RESOLVE];
    ["show" "chassis" "hardware"] "what machine this is" => "get-chassis-inventory" [DETAIL, EXTENSIVE];
    ["show" "chassis" "routing-engine"] "processor and memory" => "get-route-engine-information" [];
    ["show" "cli" "directory"] "where relative file names begin" => "get-current-working-directory" [];
    ["show" "configuration"] "the configuration in force" => "get-configuration" [alone("configuration", Takes::Rest("<statement path>"), "the part below these words")];
    ["show" "interfaces"] "network interfaces" => "get-interface-information" [
        alone("interface-name", Takes::Word("<interface-name>"), "these alone; * and ? stand for any characters"),
        TERSE, BRIEF, DETAIL, EXTENSIVE, flag("media", "with media details"), flag("statistics", "with statistics"),
        flag("descriptions", "those with a description"), named("routing-instance", Takes::Word("<instance>"), "those of a VRF")];
    ["show" "route"] "the routing tables" => "get-route-information" [
        alone("destination", Takes::Word("<destination>"), "the routes to it"), named("table", Takes::Word("<table>"), "inet.0 or inet6.0"),
        named("protocol", Takes::Word("<protocol>"), "direct, local, static and so on"),
        flag("exact", "this very prefix"), flag("active-path", "active routes"), TERSE, BRIEF, DETAIL, EXTENSIVE];
    ["show" "route" "summary"] "how many routes there are" => "get-route-summary-information" [];
    ["show" "system" "commit"] "the commits so far" => "get-commit-information" [];
    ["show" "system" "configuration" "rescue"] "the rescue configuration" => "get-rescue-information" [];
    ["show" "system" "information"] "machine, system and name" => "get-system-information" [];
    ["show" "system" "rollback"] "an earlier configuration" => "get-rollback-information" [
        needed("rollback", Takes::Number("<number>", 49), "0 is the last commit"),
        named("compare", Takes::Number("<number>", 49), "against another one")];
    ["show" "system" "services" "outbound-ssh" "clients"] "the connections to gateways" => "get-outbound-ssh-service-information" [
        alone("client-id", Takes::Word("<client-id>"), "this one alone"), BRIEF, DETAIL];
    ["show" "system" "storage"] "file systems" => "get-system-storage" [DETAIL];
    ["show" "system" "uptime"] "time, and since when" => "get-system-uptime-information" [];
    ["show" "system" "users"] "who is in" => "get-system-users-information" [NO_RESOLVE];
    ["show" "version"] "what program this is" => "get-software-information" [BRIEF, DETAIL, EXTENSIVE];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_option_has_one_meaning() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.words < b.words));
        for spec in COMMANDS {
            let mut words: Vec<_> = spec.options.iter().filter_map(|each| each.word).collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), spec.options.iter().filter(|each| each.word.is_some()).count());
            let alone = spec.options.iter().filter(|each| each.word.is_none());
            let is_lasting = |each: &&Choice| matches!(each.takes, Takes::Rest(_));
            assert!(alone.filter(is_lasting).count() <= 1, "{:?}", spec.words);
        }
    }
}
