//! What is told of an sshd that fails.

use super::*;

#[test]
fn what_sshd_said_is_one_printable_line() {
    assert_eq!(said(b"first\r\nno hostkeys \x1b[31mavailable\r\n\n"), "no hostkeys [31mavailable");
    assert_eq!(said(b""), "it gave no reason");
}

#[test]
fn an_sshd_that_is_not_there_is_named_with_what_to_do() {
    let found = Sshd::find(Some(Path::new("/no/sshd")), Path::new("/x"), Path::new("/y"));
    let error = found.unwrap_err();
    assert!(error.to_string().contains("openssh-server"), "{error}");
    assert_eq!((error.code(), error.fault()), ("sshd-not-found", Fault::Local));
}
