//! `homing audit tail` and `homing audit search`.

use std::time::Duration;

use clap::Args;
use homing_proto::api::Timestamp;
use homing_proto::audit::Sealed;

use super::row::{header, row};
use crate::client::Target;
use crate::failure::Failure;
use crate::output::time::parse_duration;
use crate::output::{Format, Output, table, write};
use crate::verbs::Context;
use crate::verbs::follow::Follow;

/// Options of `homing audit tail`.
#[derive(Debug, Args)]
pub(super) struct TailArguments {
    /// Go on showing entries as they come
    #[arg(short, long)]
    watch: bool,
    /// Only entries after the one with this id
    #[arg(long, value_name = "ID")]
    after: Option<u64>,
    /// So many, the newest
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: u32,
    #[command(flatten)]
    filter: Filter,
}

/// Options of `homing audit search`.
#[derive(Debug, Args)]
pub(super) struct SearchArguments {
    /// Only entries with this text in them, whatever its case
    text: Option<String>,
    /// Only from then on: a time, or how long ago such as 2h or 30d
    #[arg(long, value_parser = parse_moment, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only before then
    #[arg(long, value_parser = parse_moment, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only entries before the one with this id: the page before
    #[arg(long, value_name = "ID")]
    before: Option<u64>,
    /// At most so many, the newest
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: u32,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Debug, Args)]
struct Filter {
    /// Only what this operator did
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
    /// Only what was done on this device
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Only these actions, such as rpc, login, user-added
    #[arg(long, value_delimiter = ',', value_name = "ACTION,…")]
    action: Vec<String>,
    /// Only with this result: ok, refused, error, unknown
    #[arg(long, value_name = "RESULT")]
    result: Option<String>,
    /// Only entries that fit, such as `right:configure -operator:ci at:<7d`
    #[arg(long, value_name = "QUERY")]
    query: Option<String>,
}

impl Filter {
    fn target(&self) -> Target {
        let actions = Some(self.action.join(",")).filter(|actions| !actions.is_empty());
        Target::new(&["audit"])
            .optional("operator", self.operator.as_deref())
            .optional("device", self.device.as_deref())
            .optional("action", actions.as_deref())
            .optional("result", self.result.as_deref())
            .optional("q", self.query.as_deref())
    }
}

/// Shows the newest entries, and with `-w` those that come.
pub(super) async fn tail(arguments: TailArguments, context: &Context) -> Result<(), Failure> {
    let output = &context.output;
    let mut target = arguments.filter.target();
    if arguments.after.is_none() {
        target = target.query("limit", &arguments.limit.to_string());
    }
    if !arguments.watch {
        let entries = Follow::list(&context.client, target, arguments.after).await?;
        return show(entries, output).await;
    }
    let mut follow: Follow<'_, Sealed> =
        Follow::start(&context.client, target, arguments.after).await?;
    if output.format == Format::Table {
        write(&header(&output.style))?;
    }
    while let Some(entry) = follow.next(output).await? {
        match output.format {
            Format::Table => write(&row(&entry, &output.style))?,
            Format::Json | Format::Ndjson => output.json_line(&entry)?,
        }
    }
    Ok(())
}

/// Shows the entries that fit.
pub(super) async fn search(arguments: SearchArguments, context: &Context) -> Result<(), Failure> {
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let number = |id: Option<u64>| id.map(|id| id.to_string());
    let target = arguments
        .filter
        .target()
        .optional("text", arguments.text.as_deref())
        .optional("since", moment(arguments.since).as_deref())
        .optional("until", moment(arguments.until).as_deref())
        .optional("before", number(arguments.before).as_deref())
        .query("limit", &arguments.limit.to_string());
    show(Follow::list(&context.client, target, None).await?, &context.output).await
}

async fn show(mut follow: Follow<'_, Sealed>, output: &Output) -> Result<(), Failure> {
    let mut entries = Vec::new();
    while let Some(entry) = follow.next(output).await? {
        entries.push(entry);
    }
    if output.format != Format::Table {
        return output.list(&entries, || table::Table::new(&[]), "no entry fits");
    }
    if entries.is_empty() {
        output.hint("no entry fits");
        return Ok(());
    }
    let rows: String = entries.iter().map(|entry| row(entry, &output.style)).collect();
    write(&(header(&output.style) + &rows))
}

/// A moment, or how long ago it was.
fn parse_moment(text: &str) -> Result<Timestamp, String> {
    const EXPECTED: &str = "expected a time such as 2026-11-23T14:57:58Z, or 10m, 2h, 30d ago";
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
    let ago = match days {
        Some(days) => Duration::from_secs(u64::from(days) * 86_400),
        None => parse_duration(text).map_err(|_| EXPECTED.to_owned())?,
    };
    Timestamp::now().checked_sub(ago).map_err(|_| EXPECTED.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_an_age() {
        let at: Timestamp = "2026-11-23T14:57:58Z".parse().unwrap();
        assert_eq!(parse_moment("2026-11-23T14:57:58Z"), Ok(at));
        let then = parse_moment("30d").unwrap();
        let ago = Timestamp::now().duration_since(then);
        assert!((30 * 86_400..30 * 86_400 + 60).contains(&ago.as_secs()));
        assert!(parse_moment("yesterday").unwrap_err().contains("30d ago"));
    }
}
