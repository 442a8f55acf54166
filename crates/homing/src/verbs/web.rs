//! `homing web`: a link that opens the console, and the browsers that are logged in.

use clap::{Args, Subcommand};
use homing_proto::access::UserName;
use homing_proto::api::{MakeWebLink, WebLink, WebSession};
use hyper::Method;

use super::Context;
use crate::client::Target;
use crate::failure::Failure;
use crate::output::table::{Cell, Column, Table};

const EXAMPLES: &str = "\
Examples:
  homing web                       a link that logs you in, once, for 10 minutes
  homing web --user NAME           one that logs somebody else in
  homing web sessions              the browsers that are logged in
  homing web end 3f9c2a7b1004      log one out

The console is served where the HTTP API is: http.listen, or --http.";

const COLUMNS: &[Column] = &[
    ("SESSION", 0),
    ("USER", 0),
    ("BY", 0),
    ("FROM", 0),
    ("SINCE", 0),
    ("USED", 0),
    ("BROWSER", 0),
];

/// Options of `homing web`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// Whom the link lets in; as an admin anybody
    #[arg(long, value_name = "NAME")]
    user: Option<UserName>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the browsers that are logged in: yours, or as an admin all
    Sessions,
    /// Log a browser out
    End(Named),
}

#[derive(Debug, Args)]
struct Named {
    /// Its name, as `homing web sessions` gives it
    id: String,
}

/// Runs one of the verbs, or prints a link.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let (client, output) = (&context.client, &context.output);
    match arguments.verb {
        None => {
            let target = Target::new(&["web", "links"]);
            let request = MakeWebLink { user: arguments.user };
            let link: WebLink = client.send(Method::POST, &target, &request).await?;
            output.note("opens the console once, within 10 minutes:");
            output.object(&link, |_| format!("{}\n", url(&link, client.url())))
        }
        Some(Verb::Sessions) => {
            let all: Vec<WebSession> = client.get(&Target::new(&["web", "sessions"])).await?;
            output.list(&all, || table(&all), "no browser is logged in: homing web")
        }
        Some(Verb::End(Named { id })) => {
            client.delete(&Target::new(&["web", "sessions", &id])).await?;
            output.note(&format!("logged {id} out"));
            Ok(())
        }
    }
}

/// By the name under which this command reaches the gateway, or else as the gateway calls itself.
fn url(link: &WebLink, reached: Option<String>) -> String {
    let own = || link.urls.first().cloned().unwrap_or_else(|| link.path.clone());
    reached.map_or_else(own, |base| format!("{}{}", base.trim_end_matches('/'), link.path))
}

fn table(all: &[WebSession]) -> Table {
    let mut table = Table::new(COLUMNS);
    for one in all {
        let source = if one.source.is_empty() { "the socket" } else { &one.source };
        table.row(vec![
            one.id.as_str().into(),
            one.operator.as_str().into(),
            one.credential.as_str().into(),
            source.into(),
            Cell::Age(one.created_at),
            Cell::Age(one.last_used),
            one.browser.as_str().into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_the_name_by_which_the_gateway_is_reached() {
        let link = WebLink {
            urls: vec!["https://localhost:8443/login?link=x".into()],
            path: "/login?link=x".into(),
            expires_at: homing_proto::api::Timestamp::UNIX_EPOCH,
        };
        assert_eq!(url(&link, None), "https://localhost:8443/login?link=x");
        let reached = Some("https://gw.example.net:8443".to_owned());
        assert_eq!(url(&link, reached), "https://gw.example.net:8443/login?link=x");
    }
}
