//! Every limit, in every form that it holds for.

use super::*;

fn code(text: &str, form: Form) -> &'static str {
    Configuration::parse_as("x", text, form).expect_err("must be refused").code()
}

#[test]
fn a_text_that_is_too_long_is_refused() {
    let text = " ".repeat(MAX_BYTES + 1);
    for form in [Form::Curly, Form::Set, Form::Xml, Form::Json] {
        assert_eq!(code(&text, form), "too-big");
    }
}

#[test]
fn depth_is_limited() {
    let many = MAX_DEPTH * 4;
    assert_eq!(code(&"a { ".repeat(many), Form::Curly), "too-deep");
    assert_eq!(code(&"<a>".repeat(many), Form::Xml), "too-deep");
    assert_eq!(code(&"{\"a\":".repeat(many), Form::Json), "too-deep");
    assert_eq!(code(&"[".repeat(100_000), Form::Json), "too-deep");
    let fits = format!("{} b; {}", "a { ".repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
    assert!(Configuration::parse_as("x", &fits, Form::Curly).is_ok());
}

#[test]
fn a_word_over_64_kibibytes_is_refused() {
    let word = "x".repeat(MAX_TOKEN + 1);
    assert_eq!(code(&format!("a {word};"), Form::Curly), "token-too-long");
    assert_eq!(code(&format!("set a \"{word}\""), Form::Set), "token-too-long");
    assert_eq!(
        code(&format!("<configuration><a>{word}</a></configuration>"), Form::Xml),
        "token-too-long"
    );
    assert_eq!(
        code(&format!("{{\"configuration\":{{\"a\":\"{word}\"}}}}"), Form::Json),
        "token-too-long"
    );
}

#[test]
fn words_of_a_statement_are_limited() {
    let words = "x ".repeat(MAX_WORDS + 1);
    assert_eq!(code(&format!("{words};"), Form::Curly), "too-many-words");
    assert_eq!(code(&format!("set {words}"), Form::Set), "too-many-words");
}

#[test]
fn statements_are_limited() {
    let many = MAX_STATEMENTS + 1;
    assert_eq!(code(&"a;".repeat(many), Form::Curly), "too-many-statements");
    assert_eq!(code(&"set a\n".repeat(many), Form::Set), "too-many-statements");
    let xml = format!("<configuration>{}</configuration>", "<a/>".repeat(many));
    assert_eq!(code(&xml, Form::Xml), "too-many-statements");
    let json = format!("{{\"configuration\":{{\"a\":[{}0]}}}}", "0,".repeat(many));
    assert_eq!(code(&json, Form::Json), "too-many-statements");
}

#[test]
fn a_text_full_of_errors_is_given_up_early() {
    let errors = Configuration::parse_as("x", &"\"\\".repeat(1_000_000), Form::Curly).unwrap_err();
    assert!(errors.iter().count() <= MAX_DIAGNOSTICS);
}
