//! `[edit system login]` and `[edit system root-authentication]`: who may log in, and with what.
//!
//! ```text
//! login {
//!     class netops { permissions [ view configure ]; }
//!     user homing {
//!         class super-user;
//!         authentication { encrypted-password "$6$…"; ssh-ed25519 "ssh-ed25519 AAAA… homing"; }
//!     }
//! }
//! ```
//!
//! Inactive statements are as if absent. Source: Junos, *login*, *authentication*,
//! *root-authentication*.

use std::fmt;
use std::time::Duration;

use super::Configuration;
use super::diagnostics::{Diagnostics, shown};
use super::source::Place;
use super::tree::{Statement, Word, active};
use super::view::View;
use crate::host_key::HostKey;

/// The user that `root-authentication` is for.
pub const ROOT: &str = "root";

/// Everyone who may log in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// The users, in their order; `root` is among them if it has `root-authentication`.
    pub users: Vec<User>,
    /// The classes that are defined here; `super-user`, `operator`, `read-only` and
    /// `unauthorized` exist without that.
    pub classes: Vec<Class>,
}

/// A `user`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// `full-name`.
    pub full_name: Option<String>,
    /// `uid`.
    pub uid: Option<u32>,
    /// `class`, which says what the user may do.
    pub class: String,
    /// What proves who it is.
    pub authentication: Authentication,
    /// Where the user stands.
    pub place: Place,
}

/// A `class`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// `permissions`, as they are written.
    pub permissions: Vec<String>,
    /// `idle-timeout`.
    pub idle_timeout: Option<Duration>,
    /// Where the class stands.
    pub place: Place,
}

/// An `authentication` or `root-authentication`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    /// Public keys, in their order.
    pub keys: Vec<AuthorizedKey>,
    /// `encrypted-password`, in the form of `crypt`.
    pub password: Option<EncryptedPassword>,
    /// `no-public-keys`: the keys do not count.
    pub no_public_keys: bool,
    /// Keys that are understood and refused; to be told to the person who wrote them.
    pub refused: Vec<RefusedKey>,
}

/// A public key that lets its owner in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizedKey {
    /// The key.
    pub key: HostKey,
    /// What stands behind it, usually whose it is.
    pub comment: String,
    /// `from`: the addresses it may be used from; from anywhere if absent.
    pub from: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A key that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedKey {
    /// The statement, as `ssh-dsa`.
    pub keyword: String,
    /// Why.
    pub reason: &'static str,
    /// Where it stands.
    pub place: Place,
}

/// A password as `crypt` keeps it. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptedPassword(String);

impl EncryptedPassword {
    /// The string that begins with `$6$` or the like.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EncryptedPassword {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<secret>")
    }
}

/// Why DSA keys are not accepted.
pub const DSA_REFUSED: &str =
    "DSA keys are weak (1024 bits, SHA-1) and OpenSSH has dropped them; use ssh-ed25519";

impl Login {
    /// The user of that name.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The class of that name, if it is defined here.
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.name == name)
    }
}

impl Configuration {
    /// The users and classes.
    ///
    /// # Errors
    /// Keys that are none and passwords that could never match, each with its place.
    pub fn login(&self) -> Result<Login, Diagnostics> {
        let mut view = View::new(&self.source);
        let mut login = Login::default();
        for system in active(&self.tree.statements, "system") {
            for statement in system.all_active("root-authentication") {
                login.users.push(root(&mut view, statement));
            }
            for statement in system.all_active("login") {
                login
                    .users
                    .extend(statement.all_active("user").filter_map(|each| user(&mut view, each)));
                login
                    .classes
                    .extend(statement.all_active("class").filter_map(|each| class(&view, each)));
            }
        }
        view.diagnostics.or(login)
    }
}

fn root(view: &mut View<'_>, statement: &Statement) -> User {
    User {
        name: ROOT.to_owned(),
        full_name: None,
        uid: Some(0),
        class: "super-user".to_owned(),
        authentication: authentication(view, statement),
        place: view.place(statement.span()),
    }
}

fn user(view: &mut View<'_>, statement: &Statement) -> Option<User> {
    let name = statement.value()?;
    let place = view.place(statement.span());
    let Some(class) = view.text(statement, "class") else {
        let what = format!("user `{}` has no class", shown(&name.text));
        view.missing("no-class", statement, what, "`class super-user;` or another in it");
        return None;
    };
    let authentication = statement
        .active("authentication")
        .map(|each| authentication(view, each))
        .unwrap_or_default();
    Some(User {
        name: name.text.clone(),
        full_name: view.text(statement, "full-name"),
        uid: view.number(statement, "uid"),
        class,
        authentication,
        place,
    })
}

fn class(view: &View<'_>, statement: &Statement) -> Option<Class> {
    let permissions = statement.all_active("permissions").filter_map(Statement::value);
    Some(Class {
        name: statement.value()?.text.clone(),
        permissions: permissions.map(|word| word.text.clone()).collect(),
        idle_timeout: view
            .number::<u64>(statement, "idle-timeout")
            .map(|minutes| Duration::from_secs(minutes * 60)),
        place: view.place(statement.span()),
    })
}

fn authentication(view: &mut View<'_>, statement: &Statement) -> Authentication {
    let mut read = Authentication {
        no_public_keys: view.has(statement, "no-public-keys"),
        ..Authentication::default()
    };
    for each in statement.children.iter().filter(|each| !each.inactive) {
        let Some(value) = each.value() else { continue };
        match each.keyword() {
            "encrypted-password" => read.password = password(view, value),
            "ssh-dsa" => read.refused.push(RefusedKey {
                keyword: "ssh-dsa".to_owned(),
                reason: DSA_REFUSED,
                place: view.place(each.span()),
            }),
            "ssh-rsa" | "ssh-ecdsa" | "ssh-ed25519" => {
                read.keys.extend(key(view, each, value));
            }
            _ => {}
        }
    }
    read
}

fn key(view: &mut View<'_>, statement: &Statement, value: &Word) -> Option<AuthorizedKey> {
    let key = view.parsed("invalid-public-key", value, HostKey::parse)?;
    let keyword = statement.keyword();
    let fits = match keyword {
        "ssh-ecdsa" => key.algorithm().contains("ecdsa"),
        "ssh-ed25519" => key.algorithm().contains("ed25519"),
        _ => key.algorithm() == keyword,
    };
    if !fits {
        let message = format!("this is a key of type {}", key.algorithm());
        let error = view.at("wrong-key-type", value.span, message);
        view.diagnostics.push(error.expected(format!("one of type {keyword}")));
        return None;
    }
    let comment = value.text.splitn(3, char::is_whitespace).nth(2).unwrap_or("").trim();
    Some(AuthorizedKey {
        key,
        comment: comment.to_owned(),
        from: view.text(statement, "from"),
        place: view.place(statement.span()),
    })
}

/// A password in a form of `crypt` that can be checked, or `*` and `!`, which no one knows.
fn password(view: &mut View<'_>, value: &Word) -> Option<EncryptedPassword> {
    let text = value.text.as_str();
    let known = ["$6$", "$5$", "*", "!"].iter().any(|mark| text.starts_with(mark));
    if !known {
        let message = "this is no password in the form of crypt".to_owned();
        let error = view.at("wrong-password-form", value.span, message);
        let error = error.expected("`$6$…` or `$5$…`");
        view.diagnostics.push(error.help("`openssl passwd -6` makes one"));
        return None;
    }
    Some(EncryptedPassword(text.to_owned()))
}
