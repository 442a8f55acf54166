//! What may stand at the cursor: for Tab and `?`.

use super::command::{Command, Fits, choice_name, find, next_words, one_of};
use super::grammar::{COMMANDS, Choice, Spec};
use super::pipe::PIPES;
use super::words::{Word, Words};

/// Something that may stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The word, or what a value is called: `<path>`.
    pub word: &'static str,
    /// What it means.
    pub help: &'static str,
    /// Whether `word` is only what a value is called.
    pub is_placeholder: bool,
}

impl Completion {
    fn word(word: &'static str, help: &'static str) -> Self {
        Self { word, help, is_placeholder: word.starts_with('<') }
    }
}

/// Everything that may stand where `text`, the line up to the cursor, ends.
///
/// Behind a blank these are the next words; otherwise those that the last word may become. The
/// entry `<[Enter]>` says that the line is a command as it stands.
pub fn complete(text: &str) -> Vec<Completion> {
    let Ok(mut words) = Words::of(text) else {
        return Vec::new();
    };
    let is_open = text.ends_with(|last: char| !last.is_whitespace() && last != '|');
    let (list, in_pipe) = match words.pipes.last_mut() {
        Some((_, pipe)) => (pipe, true),
        None => (&mut words.command, false),
    };
    let open = if is_open { list.pop() } else { None };
    let begun = open.as_ref().map_or("", |word| word.text.as_str());
    let mut all = if in_pipe { after_pipe(list) } else { after_words(list) };
    all.retain(|each| each.is_placeholder || each.word.starts_with(begun));
    if open.is_some() {
        all.retain(|each| each.word != ENTER && each.word != "|");
    }
    all
}

const ENTER: &str = "<[Enter]>";

fn after_pipe(words: &[Word]) -> Vec<Completion> {
    let first = words.first().map(|word| one_of(PIPES.iter().map(|pipe| pipe.word), word));
    match first {
        None => PIPES.iter().map(|pipe| Completion::word(pipe.word, pipe.help)).collect(),
        Some(Fits::One(word)) if words.len() == 1 => {
            let pipe = PIPES.iter().find(|pipe| pipe.word == word);
            let then = pipe.map_or(&[] as &[(&str, &str)], |pipe| pipe.then);
            then.iter().map(|(word, help)| Completion::word(word, help)).collect()
        }
        Some(_) => Vec::new(),
    }
}

fn after_words(words: &[Word]) -> Vec<Completion> {
    let mut specs: Vec<&'static Spec> = COMMANDS.iter().collect();
    let mut all = Vec::new();
    for (depth, word) in words.iter().enumerate() {
        match one_of(next_words(&specs, depth).into_iter(), word) {
            Fits::One(keyword) => specs.retain(|spec| spec.words.get(depth) == Some(&keyword)),
            _ => return after_command(words),
        }
    }
    let depth = words.len();
    for next in next_words(&specs, depth) {
        let leaf = specs
            .iter()
            .find(|spec| spec.words.get(depth) == Some(&next) && spec.words.len() == depth + 1);
        all.push(Completion::word(next, leaf.map_or_else(|| group(words, next), |it| it.help)));
    }
    if specs.iter().any(|spec| spec.words.len() == depth) {
        all.extend(after_command(words));
    }
    all
}

/// What a word means that only leads to commands.
fn group(words: &[Word], next: &str) -> &'static str {
    match (words.len(), next) {
        (0, "show") => "look at something",
        (0, "file") => "the files of this device",
        (0, "request") => "make the system do something",
        (_, "system") => "the system as a whole",
        (_, "chassis") => "the machine",
        (_, "services") => "services of the system",
        (_, "outbound-ssh") => "connections that this device opens",
        (_, "checksum") => "the checksum of a file",
        (_, "rescue") => "the configuration to fall back on",
        _ => "",
    }
}

fn after_command(words: &[Word]) -> Vec<Completion> {
    let end = words.last().map_or(0, |word| word.start + word.text.len());
    let describe =
        |choice: &&'static Choice| Some(Completion::word(choice_name(choice)?, choice.help));
    match Command::of(words, end) {
        Ok(command) => {
            let mut all: Vec<_> = command.possible().iter().filter_map(describe).collect();
            all.push(Completion::word(ENTER, "execute this command"));
            all.push(Completion::word("|", "pass the output through something"));
            all
        }
        Err(error) if error.word.is_empty() => {
            let options = find(words, end).map(|(spec, _)| spec.options).unwrap_or_default();
            let wanted = |each: &&Choice| {
                choice_name(each).is_some_and(|name| error.expected.iter().any(|own| own == name))
                    || each
                        .takes
                        .placeholder()
                        .is_some_and(|name| error.expected.iter().any(|own| own == name))
            };
            let found = options.iter().find(wanted);
            found
                .map(|each| {
                    Completion::word(each.takes.placeholder().unwrap_or_default(), each.help)
                })
                .into_iter()
                .collect()
        }
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&'static str> {
        complete(text).into_iter().map(|each| each.word).collect()
    }

    #[test]
    fn the_next_words_are_offered_and_the_begun_one_is_completed() {
        assert_eq!(words(""), ["clear", "file", "ping", "request", "show"]);
        assert_eq!(words("s"), ["show"]);
        assert_eq!(words("show system u"), ["uptime", "users"]);
        assert_eq!(words("show sys serv "), ["outbound-ssh"]);
        assert_eq!(words("nonsense "), Vec::<&str>::new());
    }

    #[test]
    fn options_values_and_the_end_of_the_line_are_offered() {
        let route = words("show route ");
        assert!(route.starts_with(&["summary", "<destination>"]), "{route:?}");
        assert!(route.ends_with(&["<[Enter]>", "|"]), "{route:?}");
        assert!(!words("show route terse ").contains(&"terse"));
        assert_eq!(words("ping "), ["<host>"]);
        assert_eq!(words("ping 192.0.2.1 count "), ["<count>"]);
        assert_eq!(words("show route table inet.0 te"), ["<destination>", "terse"]);
    }

    #[test]
    fn pipes_are_completed_too() {
        assert!(words("show version | ").contains(&"match"));
        assert_eq!(words("show version | no"), ["no-more"]);
        assert!(words("show version | display ").contains(&"xml"));
        assert_eq!(words("show version | display j"), ["json"]);
        assert!(complete(&"|".repeat(99)).is_empty());
    }
}
