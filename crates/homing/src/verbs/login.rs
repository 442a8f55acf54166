//! `homing login`, `homing logout`: a gateway somewhere else, by its URL and a token.
//!
//! ```text
//!   URL ──▶ certificate vouched for, or pinned by its fingerprint ──▶ token asked for ──▶ whoami ──▶ context kept
//! ```

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use homing_proto::api::Whoami;

use crate::client::{Client, Remote, Target, Token, Url};
use crate::contexts::{Context, Contexts, LOCAL};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::secret;

const EXAMPLES: &str = "\
Examples:
  homing login https://gw1.example.net:8443
  homing login https://gw1:8443 --fingerprint SHA256:3A:5F:… --token-file t
  homing login https://gw1:8443 < token

A token is made on the gateway's machine with `homing token create`; the
fingerprint is what `homing status` shows there.";

/// Options of `homing login`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The gateway: https://HOST:PORT
    url: String,
    /// The token, in the first line of this file [default: asked for]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Believe the certificate with this fingerprint, and no other
    #[arg(long, value_name = "SHA256:…")]
    fingerprint: Option<String>,
    /// What to call this gateway [default: its host]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Send the token in plain over the network
    #[arg(long)]
    plain: bool,
}

/// Options of `homing logout`.
#[derive(Debug, Args)]
pub(crate) struct LogoutArguments {}

/// Logs in and keeps what is needed to do so again. `context` is the global option.
pub(crate) async fn run(
    arguments: Arguments,
    context: Option<String>,
    output: &Output,
) -> Result<(), Failure> {
    let url: Url = arguments.url.parse()?;
    url.keep_private(arguments.plain, "use https://, or ask for it with --plain")?;
    let name = arguments.name.clone().or(context).unwrap_or_else(|| url.host.clone());
    check_name(&name)?;
    let fingerprint = arguments.fingerprint.as_deref().map(str::parse).transpose();
    let fingerprint = fingerprint.map_err(|error| Failure::usage(format!("{error}")))?;
    let mut contexts = Contexts::load()?;
    let token = token(arguments.token_file.as_deref(), &url).await?;
    let remote = Remote { url, fingerprint, token: Some(token.clone()) };
    let user = who(&Client::of(remote.clone())).await?;
    let fingerprint = fingerprint.map(|fingerprint| fingerprint.to_string());
    contexts.add(&name, Context { url: remote.url.to_string(), fingerprint, token });
    contexts.save()?;
    output.note(&format!("logged in to {} as {user}: context {name}", remote.url));
    Ok(())
}

/// Forgets the token of the context in use, or of the one named.
pub(crate) fn logout(
    _: LogoutArguments,
    context: Option<String>,
    output: &Output,
) -> Result<(), Failure> {
    let mut contexts = Contexts::load()?;
    let name = context.or_else(|| contexts.current().map(str::to_owned)).ok_or_else(|| {
        Failure::new(Exit::NotFound, "not-logged-in", "no context is in use")
            .hint("homing context ls")
    })?;
    contexts.remove(&name)?;
    contexts.save()?;
    output.note(&format!(
        "the token of {name} is forgotten here, and stays valid until `homing token revoke`"
    ));
    Ok(())
}

fn check_name(name: &str) -> Result<(), Failure> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    match name {
        LOCAL => Err(Failure::usage("`local` is the socket of this machine: choose another name")),
        name if name.is_empty() || name.len() > 253 || !name.bytes().all(fits) => {
            Err(Failure::usage(format!("a context cannot be called {name:?}"))
                .hint("letters, digits, `.`, `_`, `-` and `:`"))
        }
        _ => Ok(()),
    }
}

async fn token(file: Option<&Path>, url: &Url) -> Result<Token, Failure> {
    let line = match file {
        Some(file) => secret::first_line(file, "token")?,
        None if !std::io::stdin().is_terminal() => secret::first_line(Path::new("-"), "token")?,
        None => {
            let prompt = format!("token for {url}");
            secret::ask(&prompt, "token", "--token-file FILE").await?
        }
    };
    Token::new(&line)
}

/// The name that the gateway knows the token's owner by.
async fn who(client: &Client) -> Result<String, Failure> {
    let whoami: Whoami = client.get(&Target::new(&["whoami"])).await?;
    Ok(whoami.name)
}
