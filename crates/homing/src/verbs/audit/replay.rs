//! `homing audit replay`: a recorded session as it was seen; for a program, its asciicast file.

use std::time::Duration;

use clap::Args;
use homing_proto::api::Recording;

use super::harmless::Harmless;
use crate::client::{Lines, Target};
use crate::failure::Failure;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Format, time, write, write_bytes};
use crate::verbs::Context;

const COLUMNS: &[Column] =
    &[("ID", 0), ("WHEN", 0), ("OPERATOR", 0), ("DEVICE", 0), ("LENGTH", 0), ("SIZE", 0), ("", 0)];
/// How long the gateway may take for the next piece.
const PATIENCE: Duration = Duration::from_secs(60);

/// Options of `homing audit replay`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The recording
    id: Option<String>,
    /// So many times as fast
    #[arg(long, default_value_t = 1.0, value_parser = parse_speed, value_name = "N")]
    speed: f64,
    /// No pause is longer
    #[arg(long, default_value = "2s", value_parser = time::parse_duration, value_name = "TIME")]
    max_pause: Duration,
    /// Only of this device, in the list
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    device: Option<String>,
    /// Only by this operator, in the list
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    operator: Option<String>,
}

/// Plays a recording, or lists them.
pub(super) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let Some(id) = &arguments.id else { return list(&arguments, context).await };
    let target = Target::new(&["recordings", id]);
    let mut lines = context.client.lines(&target, PATIENCE).await?;
    match context.output.style.terminal && context.output.format == Format::Table {
        true => play(&mut lines, &arguments).await,
        false => {
            while let Some(line) = lines.next().await? {
                write(&(line + "\n"))?;
            }
            Ok(())
        }
    }
}

async fn list(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let target = Target::new(&["recordings"])
        .optional("device", arguments.device.as_deref())
        .optional("operator", arguments.operator.as_deref());
    let recordings: Vec<Recording> = context.client.list(&target).await?;
    let table = || {
        let mut table = Table::new(COLUMNS);
        recordings.iter().for_each(|recording| table.row(row(recording)));
        table
    };
    context.output.list(&recordings, table, "no session was recorded: see recordings.roles")
}

fn row(recording: &Recording) -> Vec<Cell> {
    let state = match (recording.finished, recording.cut) {
        (false, _) => Some("running"),
        (true, true) => Some("ends early"),
        (true, false) => None,
    };
    vec![
        Cell::Text(recording.id.clone()),
        Cell::Clock(recording.at),
        Cell::Text(recording.operator.clone()),
        Cell::Text(recording.device.to_string()),
        Cell::Text(time::age_of(Duration::from_millis(recording.duration_ms))),
        Cell::Text(format!("{} KiB", recording.bytes.div_ceil(1024))),
        Cell::optional(state),
    ]
}

async fn play(lines: &mut Lines, arguments: &Arguments) -> Result<(), Failure> {
    // The header has nothing to show.
    lines.next().await?;
    let mut harmless = Harmless::default();
    let mut shown = 0.0f64;
    while let Some(line) = lines.next().await? {
        let Ok((at, kind, text)) = serde_json::from_str::<(f64, String, String)>(&line) else {
            continue;
        };
        let pause = Duration::try_from_secs_f64((at - shown).max(0.0) / arguments.speed);
        shown = at;
        tokio::time::sleep(pause.unwrap_or_default().min(arguments.max_pause)).await;
        match kind.as_str() {
            "o" => write_bytes(harmless.pass(&text).as_bytes())?,
            "m" => write(&format!("\r\n\x1b[0m[{}]\r\n", text.escape_debug()))?,
            _ => {}
        }
    }
    // Whatever the session left on: colours, the other screen, a hidden cursor.
    write("\x1b[0m\x1b[?1049l\x1b[?25h\r\n")
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| (0.01..=1000.0).contains(speed));
    speed.ok_or_else(|| "expected a number from 0.01 to 1000".to_owned())
}
