//! Reading the curly form, the one that `show configuration` prints.
//!
//! ```text
//! statement = [ comments ] [ "inactive:" ] [ "protect:" ] word … ( ";" | "{" statement … "}" [ ";" ] )
//! ```
//!
//! `active:` and `unprotect:` in front of a statement mean something to an edit alone. After an error the
//! reader goes on behind the next `;` or the statement's braces, so that one run shows them all.

use super::identity;
use super::lexer::{Lexer, Token, bracket_word};
use super::limits::{MAX_DEPTH, MAX_WORDS};
use super::place::{Builder, Mark, follow};
use super::schema::Area;
use super::source::{Source, Span};
use super::tree::{Comment, Guard, Operation, Statement, Word};
use super::{Diagnostics, Tree};

/// Reads a whole text.
pub(crate) fn parse(source: &Source, is_edit: bool) -> Result<Tree, Diagnostics> {
    read(source, Area::TOP, is_edit)
}

/// Reads statements of one place.
pub(crate) fn parse_in(source: &Source, area: Area) -> Result<Tree, Diagnostics> {
    read(source, area, false)
}

fn read(source: &Source, area: Area, is_edit: bool) -> Result<Tree, Diagnostics> {
    let builder = Builder::new(source).edits(is_edit);
    let mut reader = Reader { lexer: Lexer::new(source.text(), false), builder };
    let mut tree = Tree::default();
    while !reader.builder.is_done() {
        let end = reader.block(&mut tree.statements, area, 0);
        tree.end_comments.extend(end.comments);
        match end.brace {
            Some(brace) => {
                reader.builder.error("stray-brace", brace, "this `}` closes nothing");
            }
            None => break,
        }
    }
    identity::settle_known(&mut tree.statements, area);
    reader.builder.diagnostics.or(tree)
}

struct Reader<'s> {
    lexer: Lexer<'s>,
    builder: Builder<'s>,
}

/// How a block ended: at a `}`, or with the text.
struct BlockEnd {
    brace: Option<Span>,
    comments: Vec<Comment>,
}

/// How the words of a statement ended.
enum HeadEnd {
    Semicolon,
    Open(Span),
    Close(Span),
    Text(Span),
    Broken,
}

impl Reader<'_> {
    /// Statements up to the `}` that closes them, or the end.
    fn block(&mut self, into: &mut Vec<Statement>, area: Area, depth: usize) -> BlockEnd {
        let mut mark = Mark::default();
        loop {
            if self.builder.is_done() {
                return BlockEnd { brace: None, comments: Vec::new() };
            }
            let before = self.lexer.at();
            match self.token() {
                (_, Some(Token::Comment(comment))) => mark.comments.push(comment),
                (_, Some(Token::SecretData | Token::LineEnd | Token::Mark(';'))) => {}
                (span, Some(Token::Mark('}'))) => {
                    return BlockEnd { brace: Some(span), comments: mark.comments };
                }
                (_, Some(Token::End)) => {
                    return BlockEnd { brace: None, comments: mark.comments };
                }
                (_, Some(_)) => {
                    self.lexer.seek(before);
                    self.statement(into, area, depth, std::mem::take(&mut mark));
                }
                (_, None) => {}
            }
        }
    }

    /// One statement with its braces.
    fn statement(&mut self, into: &mut Vec<Statement>, area: Area, depth: usize, mut mark: Mark) {
        let (words, end) = self.head(&mut mark);
        let end_span = match end {
            HeadEnd::Close(span) | HeadEnd::Text(span) => Some(span),
            _ => None,
        };
        if let Some(span) = end_span {
            return self.no_semicolon(&words, span);
        }
        if matches!(end, HeadEnd::Broken) {
            return;
        }
        let placed = if words.is_empty() {
            self.no_words(&end);
            None
        } else {
            self.builder.place(into, area, &words, mark)
        };
        let HeadEnd::Open(brace) = end else {
            return self.secret_data(placed.and_then(|placed| follow(into, &placed.path)));
        };
        let inside = placed.as_ref().map_or(Area::Unknown, |placed| placed.inside);
        if let Some(placed) = placed.as_ref().filter(|placed| placed.is_data)
            && matches!(inside, Area::Nothing)
        {
            // Braces after what should be a leaf: another version's statement, kept as it stands.
            let statement = follow(into, &placed.last());
            return self.braces(statement, Area::Unknown, depth + 1, brace);
        }
        if matches!(inside, Area::Nothing) {
            self.builder.error("nothing-inside", brace, "this statement takes no braces");
        }
        let statement = placed.and_then(|placed| follow(into, &placed.path));
        let inside = if matches!(inside, Area::Nothing) { Area::Unknown } else { inside };
        self.braces(statement, inside, depth + 1, brace);
    }

    /// What is inside the braces that `brace` opened; kept only if there is a statement for it.
    fn braces(&mut self, into: Option<&mut Statement>, area: Area, depth: usize, brace: Span) {
        if depth > MAX_DEPTH {
            let message = format!("braces are more than {MAX_DEPTH} deep");
            self.builder.error("too-deep", brace, message);
            return self.skip_braces();
        }
        let Some(statement) = into else { return self.skip_braces() };
        let end = self.block(&mut statement.children, area, depth);
        statement.end_comments.extend(end.comments);
        statement.hints.braced = matches!(area, Area::Unknown) && statement.children.is_empty();
        if end.brace.is_none() && !self.builder.is_done() {
            let error = self.builder.at("open-brace", brace, "this brace is not closed");
            self.builder.report(error.expected("its `}`"));
        }
    }

    /// The words of a statement and the marks in front of them.
    fn head(&mut self, mark: &mut Mark) -> (Vec<Word>, HeadEnd) {
        let mut words: Vec<Word> = Vec::new();
        loop {
            let (span, token) = self.token();
            let word = match token {
                Some(Token::Word(word)) => word,
                Some(Token::Mark(mark @ ('[' | ']'))) => bracket_word(mark, span),
                Some(Token::Mark(';')) => return (words, HeadEnd::Semicolon),
                Some(Token::Mark('{')) => return (words, HeadEnd::Open(span)),
                Some(Token::Mark(_)) => return (words, HeadEnd::Close(span)),
                Some(Token::End) => return (words, HeadEnd::Text(span)),
                Some(Token::Comment(comment)) => {
                    mark.comments.push(comment);
                    continue;
                }
                Some(Token::SecretData | Token::LineEnd) => continue,
                None => {
                    self.skip_statement();
                    return (words, HeadEnd::Broken);
                }
            };
            if words.is_empty() && self.is_tag(&word, mark) {
                continue;
            }
            if words.len() == MAX_WORDS {
                let message = format!("a statement has more than {MAX_WORDS} words");
                self.builder.error("too-many-words", span, message);
                self.skip_statement();
                return (words, HeadEnd::Broken);
            }
            words.push(word);
        }
    }

    /// Whether the word is a tag in front of a statement.
    fn is_tag(&mut self, word: &Word, mark: &mut Mark) -> bool {
        let quoted = word.span.end - word.span.start != word.text.len() as u32;
        match word.text.as_str() {
            _ if quoted => false,
            "inactive:" => {
                mark.inactive = true;
                true
            }
            "active:" => {
                if self.builder.is_edit {
                    mark.operation = Operation::Activate;
                }
                true
            }
            "protect:" => {
                mark.guard = Guard::Protected;
                true
            }
            "unprotect:" => {
                if self.builder.is_edit {
                    mark.guard = Guard::Lifted;
                }
                true
            }
            "replace:" if self.builder.is_edit => {
                mark.operation = Operation::Replace;
                true
            }
            "delete:" if self.builder.is_edit => {
                mark.operation = Operation::Delete;
                true
            }
            "insert:" | "rename:" => {
                let message = format!("there is no tag `{}`", word.text);
                let error = self.builder.at("unknown-tag", word.span, message);
                let verb = word.text.trim_end_matches(':');
                let help = format!("give a line of `{verb}`, or elements with `{verb}=`");
                self.builder.report(error.help(help));
                true
            }
            "replace:" | "delete:" => {
                let message = format!("`{}` changes another configuration", word.text);
                let error = self.builder.at("tag-not-allowed", word.span, message);
                self.builder.report(error.help("write the statements as they shall be"));
                true
            }
            _ => false,
        }
    }

    /// Marks the last word if `## SECRET-DATA` follows on the same line.
    fn secret_data(&mut self, statement: Option<&mut Statement>) {
        let line = self.lexer.rest().split('\n').next().unwrap_or("").trim_start();
        if !line.starts_with("##") {
            return;
        }
        let before = self.lexer.at();
        match (self.lexer.next().1, statement) {
            (Ok(Token::SecretData), Some(statement)) => {
                statement.words.last_mut().into_iter().for_each(|word| word.secret = true);
            }
            (Ok(Token::SecretData), None) => {}
            _ => self.lexer.seek(before),
        }
    }

    /// The next token; `None` after an error, which has been noted.
    fn token(&mut self) -> (Span, Option<Token>) {
        let (span, token) = self.lexer.next();
        match token {
            Ok(token) => (span, Some(token)),
            Err(bad) => {
                self.builder.bad_token(bad, span);
                (span, None)
            }
        }
    }

    fn no_words(&mut self, end: &HeadEnd) {
        if let HeadEnd::Open(brace) = end {
            let error = self.builder.at("missing-keyword", *brace, "braces without a statement");
            self.builder.report(error.expected("a statement in front of `{`"));
        }
    }

    /// A statement that runs into a `}` or the end.
    fn no_semicolon(&mut self, words: &[Word], span: Span) {
        let last = words.last().map_or(span, |word| word.span);
        let error = self.builder.at("missing-semicolon", last, "this statement has no end");
        self.builder.report(error.expected("`;` after it"));
        if self.lexer.text_at(span) == Some('}') {
            self.lexer.seek(span.start as usize);
        }
    }

    /// Skips to behind the statement's `;` or braces; stops before a `}` that is not its own.
    fn skip_statement(&mut self) {
        loop {
            let before = self.lexer.at();
            match self.lexer.next().1 {
                Ok(Token::Mark(';') | Token::End) => return,
                Ok(Token::Mark('{')) => return self.skip_braces(),
                Ok(Token::Mark('}')) => return self.lexer.seek(before),
                _ => {}
            }
        }
    }

    /// Skips to behind the `}` of an open brace.
    fn skip_braces(&mut self) {
        let mut open = 1_usize;
        while open > 0 {
            match self.lexer.next().1 {
                Ok(Token::Mark('{')) => open += 1,
                Ok(Token::Mark('}')) => open -= 1,
                Ok(Token::End) => return,
                _ => {}
            }
        }
    }
}
