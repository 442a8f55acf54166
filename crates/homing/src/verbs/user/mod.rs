//! `homing user`: who may log in, with what keys, and what they may.

mod key;
mod show;

use clap::{Args, Subcommand};
use homing_proto::access::{Grant, Role, Selector, UserName};
use homing_proto::api::{AddUser, IssuedPassword, User};
use hyper::Method;

use super::grant::{Expiry, words};
use super::{Context, confirm};
use crate::client::Target;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  homing user add ops --role configurator --on site=fra
  homing user key add ops --file ~/.ssh/id_ed25519.pub
  homing user password ops          a one-time password, for the first login
  homing user grant ops admin --expires 8h
  homing user revoke ops 2          by the number that `show` gives

Roles: homing role ls. A selector names devices by label or name:
site=fra,role=edge or name=edge-*; all conditions must hold.";

/// Options of `homing user`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List users
    Ls,
    /// All about one user
    Show(Name),
    /// Add a user
    Add(Add),
    /// Remove a user with keys, grants and tokens
    Rm(Remove),
    /// Add or remove a public key
    Key(key::Arguments),
    /// Grant a role
    Grant(GrantArguments),
    /// Take a grant back
    Revoke(Revoke),
    /// Print a one-time password: it is good once, for 15 minutes
    Password(Name),
}

#[derive(Debug, Args)]
struct Name {
    /// The user
    name: String,
}

#[derive(Debug, Args)]
struct Add {
    /// The name: a to z, digits, `.`, `_` and `-`
    name: UserName,
    /// The role to grant [default: none yet]
    #[arg(long)]
    role: Option<Role>,
    /// On which devices [default: every one]
    #[arg(long, value_name = "SELECTOR", requires = "role")]
    on: Option<Selector>,
    /// How long: 30d, 12h, a moment, or never [default: never]
    #[arg(long, value_name = "TIME", requires = "role")]
    expires: Option<Expiry>,
}

#[derive(Debug, Args)]
struct Remove {
    /// The user
    name: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

#[derive(Debug, Args)]
struct GrantArguments {
    /// The user
    name: String,
    /// viewer, operator, configurator or admin
    role: Role,
    /// On which devices [default: every one]
    #[arg(long, value_name = "SELECTOR")]
    on: Option<Selector>,
    /// How long: 30d, 12h, a moment, or never [default: never]
    #[arg(long, value_name = "TIME")]
    expires: Option<Expiry>,
}

#[derive(Debug, Args)]
struct Revoke {
    /// The user
    name: String,
    /// The number of the grant, as `homing user show` gives it
    number: u32,
}

/// Runs one of the verbs.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    match arguments.verb {
        Verb::Ls => show::list(context).await,
        Verb::Show(arguments) => show::run(&arguments.name, context).await,
        Verb::Add(arguments) => add(arguments, context).await,
        Verb::Rm(arguments) => remove(arguments, context).await,
        Verb::Key(arguments) => key::run(arguments, context).await,
        Verb::Grant(arguments) => grant(arguments, context).await,
        Verb::Revoke(arguments) => revoke(arguments, context).await,
        Verb::Password(arguments) => password(&arguments.name, context).await,
    }
}

async fn add(arguments: Add, context: &Context) -> Result<(), Failure> {
    let now = context.output.style.now;
    let request = AddUser {
        name: arguments.name,
        role: arguments.role,
        selector: arguments.on.unwrap_or_default(),
        expires_at: arguments.expires.and_then(|expiry| expiry.moment(now)),
    };
    let target = Target::new(&["users"]);
    let user: User = context.client.send(Method::POST, &target, &request).await?;
    let name = &user.name;
    context.output.note(&format!("added {name}"));
    context.output.hint(&format!("homing user key add {name} --file id_ed25519.pub"));
    if user.grants.is_empty() {
        context.output.hint(&format!("it may nothing yet: homing user grant {name} viewer"));
    }
    changed(&user, context)
}

async fn remove(arguments: Remove, context: &Context) -> Result<(), Failure> {
    let name = arguments.name;
    let question = format!("remove {name}, its keys, grants and tokens?");
    confirm::ask(&question, arguments.yes).await?;
    context.client.delete(&Target::new(&["users", &name])).await?;
    context.output.note(&format!("removed {name}"));
    Ok(())
}

async fn grant(arguments: GrantArguments, context: &Context) -> Result<(), Failure> {
    let now = context.output.style.now;
    let grant = Grant {
        role: arguments.role,
        selector: arguments.on.unwrap_or_default(),
        expires_at: arguments.expires.and_then(|expiry| expiry.moment(now)),
    };
    let target = Target::new(&["users", &arguments.name, "grants"]);
    let user: User = context.client.send(Method::POST, &target, &grant).await?;
    let granted = words(grant.role, &grant.selector, grant.expires_at);
    context.output.note(&format!("{} is {granted}", user.name));
    changed(&user, context)
}

async fn revoke(arguments: Revoke, context: &Context) -> Result<(), Failure> {
    let number = arguments.number.to_string();
    let target = Target::new(&["users", &arguments.name, "grants", &number]);
    context.client.delete(&target).await?;
    context.output.note(&format!("took grant {number} back from {}", arguments.name));
    Ok(())
}

async fn password(name: &str, context: &Context) -> Result<(), Failure> {
    let target = Target::new(&["users", name, "password"]);
    let nothing = serde_json::json!({});
    let issued: IssuedPassword = context.client.send(Method::POST, &target, &nothing).await?;
    context.output.note(&format!("good once, until {}; it is not shown again", issued.expires_at));
    context.output.object(&issued, |_| format!("{}\n", issued.password.expose()))
}

/// What a change leaves: nothing to read for a person who was told, the object for a program.
fn changed(user: &User, context: &Context) -> Result<(), Failure> {
    context.output.object(user, |_| String::new())
}
