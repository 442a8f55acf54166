//! Laws that hold for every configuration: trees grown from random choices, printed and read.

use proptest::prelude::*;

use super::schema::{Area, Kind, Rule, Value};
use super::tree::{Guard, WordKind};
use super::*;

/// Random bytes as a source of choices; all zero once it is empty, so that trees end.
pub(crate) struct Choices<'b>(pub(crate) std::slice::Iter<'b, u8>);

/// Texts that have tripped readers and printers.
const TEXTS: [&str; 26] = [
    "a",
    "sw1",
    "10.0.0.1",
    "2001:db8::1",
    "",
    " ",
    "two words",
    "inactive:",
    "[",
    "]",
    "{",
    ";",
    "#",
    "/* x */",
    "\"",
    "\\",
    "a\\\"b",
    "<x>",
    "&amp;",
    "]]>",
    "\u{e9}\u{4e2d}",
    "a\nb",
    "\t",
    "-",
    "$9$x",
    "@a",
];

/// Words for statements without rule.
const KEYWORDS: [&str; 8] =
    ["things", "unit", "ge-0/0/0", "name", "unnamed", "0", "other-things", "x y"];

impl Choices<'_> {
    fn next(&mut self) -> usize {
        self.0.next().map_or(0, |byte| usize::from(*byte))
    }

    fn one_in(&mut self, n: usize) -> bool {
        let choice = self.next();
        choice != 0 && choice.is_multiple_of(n)
    }

    fn word(&mut self, from: &[&str]) -> Word {
        Word::new(from[self.next() % from.len()], Span::default())
    }

    fn key(&mut self, taken: &[Statement], at: usize) -> Word {
        let key = self.word(&TEXTS);
        let is_taken = taken.iter().any(|each| each.words.get(at) == Some(&key));
        let fits = !key.text.trim().is_empty() && !is_taken;
        if fits { key } else { Word::new(format!("k{}", taken.len()), Span::default()) }
    }

    fn value(&mut self, kind: Value) -> Word {
        let mut word = match kind {
            Value::Text => self.word(&TEXTS),
            Value::Secret => self.word(&TEXTS),
            Value::OneOf(words) => self.word(words),
            Value::Number(least, most) => {
                let number = (least + self.next() as u64 * 7).min(most);
                Word::new(number.to_string(), Span::default())
            }
        };
        word.secret |= matches!(kind, Value::Secret);
        word
    }

    fn remark(&mut self, statement: &mut Statement, comments: bool) {
        statement.inactive = self.one_in(5);
        if self.one_in(7) {
            statement.guard = Guard::Protected;
        }
        while comments && self.one_in(6) {
            let texts = ["/* two\nlines */", "# line", "plain", "a */ b", "/**/", "## x"];
            statement.comments.push(Comment::new(texts[self.next() % texts.len()]));
        }
    }

    /// Known statements in the order of the rules, as a device prints them.
    pub(crate) fn known(&mut self, area: Area, comments: bool) -> Vec<Statement> {
        let Area::Known(body) = area else { return Vec::new() };
        let mut out = Vec::new();
        for rule in body.rules {
            let count = match rule.kind {
                Kind::Nameless(body) if body.key.is_empty() => self.next() % 2,
                Kind::List(_) | Kind::Nameless(_) | Kind::LeafList(_) => self.next() % 4,
                _ => self.next() % 2,
            };
            let mut made = Vec::new();
            for _ in 0..count {
                let statement = self.statement(rule, &made, comments);
                made.push(statement);
            }
            out.extend(made);
        }
        out
    }

    fn statement(&mut self, rule: &'static Rule, made: &[Statement], comments: bool) -> Statement {
        let keyword = Word::new(rule.name, Span::default());
        let words = match rule.kind {
            Kind::Container(_) | Kind::Wrapped(_) | Kind::Empty => vec![keyword],
            Kind::List(_) => vec![keyword, self.key(made, 1)],
            Kind::Nameless(_) => vec![self.key(made, 0)],
            Kind::Line(..) => vec![keyword, self.key(made, 1)],
            Kind::Leaf(kind) => vec![keyword, self.value(kind)],
            Kind::LeafList(_) => vec![keyword, self.key(made, 1)],
        };
        let mut statement = Statement::new(words);
        // One of two that are one stands for itself with the other alone.
        let Some(pair) = rule.pair() else {
            self.remark(&mut statement, comments);
            statement.children = self.known(rule.inside(), comments);
            return statement;
        };
        statement.children = self.known(rule.inside(), comments);
        if statement.children.is_empty() {
            let words = [pair.inner, "k0"].map(|text| Word::new(text, Span::default()));
            statement.children.push(Statement::new(words.to_vec()));
        }
        statement
    }

    /// Statements without rule, of any words.
    pub(crate) fn unknown(&mut self, depth: usize) -> Vec<Statement> {
        let count = self.next() % 3;
        (0..count).map(|_| self.unknown_statement(depth)).collect()
    }

    fn unknown_statement(&mut self, depth: usize) -> Statement {
        let mut words = vec![self.word(&KEYWORDS)];
        while self.one_in(2) {
            let word = if self.one_in(2) { self.word(&TEXTS) } else { self.word(&KEYWORDS) };
            words.push(word);
        }
        if self.one_in(4) {
            let bracket = |text, kind| Word { kind, ..Word::new(text, Span::default()) };
            words.push(bracket("[", WordKind::Open));
            words.extend([self.word(&TEXTS), self.word(&TEXTS)]);
            words.push(bracket("]", WordKind::Close));
        }
        let mut statement = Statement::new(words);
        self.remark(&mut statement, true);
        if depth < 4 {
            statement.children = self.unknown(depth + 1);
        }
        statement
    }
}

pub(crate) fn configuration(statements: Vec<Statement>) -> Configuration {
    let tree = Tree { statements, ..Tree::default() };
    Configuration { tree, source: Source::new("grown", ""), form: Form::Curly }
}

fn read(text: &str, form: Form) -> Configuration {
    Configuration::parse_as("law", text, form).unwrap_or_else(|e| panic!("{form:?}: {e}\n{text}"))
}

const FORMS: [Form; 4] = [Form::Curly, Form::Set, Form::Xml, Form::Json];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..400)
}

proptest! {
    #[test]
    fn known_statements_are_the_same_in_every_form(bytes in bytes()) {
        let grown = configuration(Choices(bytes.iter()).known(Area::TOP, false));
        for form in FORMS {
            let text = grown.print(form);
            prop_assert_eq!(&read(&text, form), &grown, "{}", text);
        }
    }

    #[test]
    fn comments_stay_in_every_form_but_set(bytes in bytes()) {
        let grown = configuration(Choices(bytes.iter()).known(Area::TOP, true));
        for form in [Form::Curly, Form::Xml, Form::Json] {
            let text = grown.print(form);
            prop_assert_eq!(&read(&text, form), &grown, "{}", text);
        }
    }

    #[test]
    fn unknown_statements_are_the_same_in_curly(bytes in bytes()) {
        let grown = configuration(Choices(bytes.iter()).unknown(0));
        let text = grown.print(Form::Curly);
        prop_assert_eq!(&read(&text, Form::Curly), &grown, "{}", text);
    }

    #[test]
    fn a_form_prints_back_what_was_read_from_it(bytes in bytes()) {
        let mut choices = Choices(bytes.iter());
        let mut statements = choices.unknown(0);
        statements.extend(choices.known(Area::TOP, true));
        let grown = configuration(statements);
        for form in FORMS {
            let once = read(&grown.print(form), form);
            let text = once.print(form);
            let twice = read(&text, form);
            prop_assert_eq!(&twice, &once, "{}", text);
            prop_assert_eq!(twice.print(form), text);
        }
    }

    #[test]
    fn what_is_printed_is_detected(bytes in bytes()) {
        let mut grown = configuration(Choices(bytes.iter()).known(Area::TOP, true));
        grown.tree.statements.retain(|each| !each.children.is_empty());
        for form in FORMS.into_iter().filter(|_| !grown.tree.statements.is_empty()) {
            let text = grown.print(form);
            prop_assert_eq!(detect(&text), form, "{}", text);
        }
    }

    #[test]
    fn a_redacted_copy_holds_no_secret(bytes in bytes(), form in 0_usize..4) {
        let mut grown = configuration(Choices(bytes.iter()).known(Area::TOP, false));
        hide(&mut grown.tree.statements);
        let text = grown.redacted().print(FORMS[form]);
        prop_assert!(!text.contains("hunter2"), "{}", text);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "[ -~\n]{0,200}") {
        for form in FORMS {
            if let Err(errors) = Configuration::parse_as("any", &text, form) {
                let _ = errors.to_string();
            }
        }
    }
}

fn hide(statements: &mut [Statement]) {
    for statement in statements {
        statement.words.iter_mut().filter(|word| word.secret).for_each(|word| {
            word.text = "hunter2".to_owned();
        });
        hide(&mut statement.children);
    }
}
