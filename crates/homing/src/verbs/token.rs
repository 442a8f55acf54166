//! `homing token`: what programs log in to the API with.

use clap::{Args, Subcommand};
use homing_proto::access::{Role, Selector, TokenId, UserName};
use homing_proto::api::{CreateToken, IssuedToken, Token};
use hyper::Method;

use super::Context;
use super::grant::{Expiry, words};
use crate::client::Target;
use crate::failure::Failure;
use crate::output::table::{Cell, Column, Table, Tone};

const EXAMPLES: &str = "\
Examples:
  homing token create --name ci --role viewer --on site=fra > token
  homing token create --user ops --expires 8h
  homing token ls
  homing token revoke hmt_k3v9x2ab

The token is printed once, and only its SHA-256 is kept. Without --user it is
yours; on the gateway's socket it is a program's, with a role of its own. A
user's token gives no more than the user may. Keep it in a file for
homing login --token-file, not on a command line.";

const COLUMNS: &[Column] = &[
    ("TOKEN", 0),
    ("NAME", 0),
    ("USER", 0),
    ("AT MOST", 0),
    ("EXPIRES", 0),
    ("LAST USED", 0),
    ("MADE BY", 0),
];

/// How long a token is good unless told otherwise.
const DEFAULT: Expiry = Expiry::After(90 * 86_400);

/// Options of `homing token`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List tokens: yours, or all if you are admin
    Ls,
    /// Print a new token, once
    Create(Create),
    /// Take a token out of force
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct Create {
    /// What to call it
    #[arg(long)]
    name: Option<String>,
    /// The most that it gives [default: what its user may; a program's: viewer]
    #[arg(long)]
    role: Option<Role>,
    /// On which devices [default: every one]
    #[arg(long, value_name = "SELECTOR")]
    on: Option<Selector>,
    /// How long: 30d, 12h, a moment, or never [default: 90d]
    #[arg(long, value_name = "TIME")]
    expires: Option<Expiry>,
    /// Whose it is
    #[arg(long)]
    user: Option<UserName>,
}

#[derive(Debug, Args)]
struct Revoke {
    /// Its first characters, as `homing token ls` gives them
    id: String,
}

/// Runs one of the verbs.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    match arguments.verb {
        Verb::Ls => list(context).await,
        Verb::Create(arguments) => create(arguments, context).await,
        Verb::Revoke(arguments) => revoke(arguments, context).await,
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let tokens: Vec<Token> = context.client.list(&Target::new(&["tokens"])).await?;
    context.output.list(&tokens, || table(&tokens), "no token yet: homing token create")
}

fn table(tokens: &[Token]) -> Table {
    let mut table = Table::new(COLUMNS);
    for token in tokens {
        let expires = match token.expires_at {
            None => "never".into(),
            Some(end) if token.in_force => end.to_string().into(),
            Some(end) => Cell::Toned(end.to_string(), Tone::Bad),
        };
        table.row(vec![
            token.id.to_string().into(),
            Cell::optional(Some(token.name.as_str())),
            Cell::optional(token.user.as_ref().map(UserName::as_str)),
            words(token.role, &token.selector, None).into(),
            expires,
            Cell::optional_age(token.last_used),
            token.created_by.as_str().into(),
        ]);
    }
    table
}

async fn create(arguments: Create, context: &Context) -> Result<(), Failure> {
    let expiry = arguments.expires.unwrap_or(DEFAULT);
    let request = CreateToken {
        name: arguments.name.unwrap_or_default(),
        role: arguments.role,
        selector: arguments.on.unwrap_or_default(),
        expires_at: expiry.moment(context.output.style.now),
        user: arguments.user,
    };
    let target = Target::new(&["tokens"]);
    let issued: IssuedToken = context.client.send(Method::POST, &target, &request).await?;
    let token = &issued.details;
    let most = words(token.role, &token.selector, token.expires_at);
    let whose = match &token.user {
        Some(user) => format!("as {user}, at most {most}"),
        None => format!("as a program, {most}"),
    };
    context.output.note(&format!("{}: {whose}; it is not shown again", token.id));
    context.output.object(&issued, |_| format!("{}\n", issued.token.expose()))
}

async fn revoke(arguments: Revoke, context: &Context) -> Result<(), Failure> {
    // Whoever gave all of it need not send it.
    let id = TokenId::parse(&arguments.id).map_err(|error| {
        Failure::usage(error.to_string()).hint("homing token ls: the first column")
    })?;
    context.client.delete(&Target::new(&["tokens", id.as_str()])).await?;
    context.output.note(&format!("revoked {id}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::timeline::tests::style;

    #[test]
    fn a_list_shows_what_each_gives_at_most() {
        let token: Token = serde_json::from_value(serde_json::json!({
            "id": "hmt_k3v9x2ab", "user": "ops", "name": "ci", "role": "viewer",
            "selector": "site=fra", "expires_at": null, "in_force": true,
            "created_by": "root", "created_at": "1970-01-01T00:00:00Z", "last_used": null
        }))
        .unwrap();
        let text = table(&[token]).render(&style(false));
        assert!(
            text.ends_with("hmt_k3v9x2ab\tci\tops\tviewer on site=fra\tnever\t-\troot\n"),
            "{text}"
        );
    }
}
