//! `homing webhook`: events sent to a URL as they happen.

use clap::{Args, Subcommand};
use homing_proto::access::Selector;
use homing_proto::api::{AddWebhook, IssuedWebhook, Webhook, WebhookState};
use hyper::Method;

use super::Context;
use crate::client::Target;
use crate::failure::Failure;
use crate::output::table::{Cell, Column, Table, Tone};

const EXAMPLES: &str = "\
Examples:
  homing webhook add https://hooks.example.net/homing > secret
  homing webhook add https://hooks.example.net/fra --on site=fra \\
      --kind in-session,session-closed
  homing webhook ls
  homing webhook test wh_3f9c2a7b10

Each event is posted as JSON, in order, again until it is taken (status 2xx).
The secret is printed once; it signs each delivery: see docs/api.md.";

const COLUMNS: &[Column] = &[
    ("WEBHOOK", 0),
    ("STATE", 0),
    ("URL", 0),
    ("KINDS", 0),
    ("ON", 0),
    ("DELIVERED", 0),
    ("AFTER", 0),
    ("LAST ERROR", 0),
];

/// Options of `homing webhook`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Send events to a URL from here on, and print the secret once
    Add(Add),
    /// List webhooks, and how each fares
    Ls,
    /// Take one away
    Rm(Named),
    /// Deliver a trial event, and set a dead one going again
    Test(Named),
}

#[derive(Debug, Args)]
struct Add {
    /// Where each event is posted
    url: String,
    /// Only events with these codes
    #[arg(long, value_delimiter = ',', value_name = "CODE,…")]
    kind: Vec<String>,
    /// Only events of these devices
    #[arg(long, value_name = "SELECTOR")]
    on: Option<Selector>,
}

#[derive(Debug, Args)]
struct Named {
    /// Its name, as `homing webhook ls` gives it
    id: String,
}

/// Runs one of the verbs.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let (client, output) = (&context.client, &context.output);
    match arguments.verb {
        Verb::Add(arguments) => add(arguments, context).await,
        Verb::Ls => {
            let all: Vec<Webhook> = client.list(&Target::new(&["webhooks"])).await?;
            output.list(&all, || table(&all), "no webhook yet: homing webhook add URL")
        }
        Verb::Rm(Named { id }) => {
            client.delete(&Target::new(&["webhooks", &id])).await?;
            output.note(&format!("removed {id}"));
            Ok(())
        }
        Verb::Test(Named { id }) => {
            let target = Target::new(&["webhooks", &id, "test"]);
            let body = serde_json::Value::Null;
            let tested: Webhook = client.send(Method::POST, &target, &body).await?;
            output.note(&format!("{} took it", tested.url));
            Ok(())
        }
    }
}

async fn add(arguments: Add, context: &Context) -> Result<(), Failure> {
    let selector = arguments.on.unwrap_or_default();
    let request = AddWebhook { url: arguments.url, codes: arguments.kind, selector };
    let target = Target::new(&["webhooks"]);
    let issued: IssuedWebhook = context.client.send(Method::POST, &target, &request).await?;
    context.output.note(&format!("{}: the secret is not shown again", issued.details.id));
    context.output.object(&issued, |_| format!("{}\n", issued.secret.expose()))
}

fn table(all: &[Webhook]) -> Table {
    let mut table = Table::new(COLUMNS);
    for one in all {
        let tone = match one.state {
            WebhookState::Active => Tone::Good,
            WebhookState::Failing => Tone::Warn,
            WebhookState::Dead => Tone::Bad,
        };
        let kinds = Some(one.codes.join(",")).filter(|codes| !codes.is_empty());
        table.row(vec![
            Cell::Text(one.id.clone()),
            Cell::Toned(one.state.as_str().to_owned(), tone),
            Cell::Text(one.url.clone()),
            Cell::optional(kinds),
            Cell::Text(one.selector.to_string()),
            Cell::optional(one.delivered_at.map(|at| at.to_string())),
            Cell::Text(one.after.to_string()),
            Cell::optional(one.last_error.clone()),
        ]);
    }
    table
}
