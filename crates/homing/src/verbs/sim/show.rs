//! What `homing sim` shows: one line that changes while it runs, and figures at the end.

use std::io::{IsTerminal, Write};

use homing_sim::load::{Quantiles, Report, Standing, Wave};
use serde_json::json;

use crate::failure::Failure;
use crate::output::table::{Cell, Column, Table, Tone};
use crate::output::{Format, Output, write};

const COLUMNS: &[Column] = &[
    ("WAVE", 0),
    ("AT", 0),
    ("MISSING", 0),
    ("NO GATEWAY", 0),
    ("ALL IN", 0),
    ("P50", 0),
    ("P99", 0),
    ("DIALS", 0),
    ("REFUSED", 0),
    ("TURNED AWAY", 0),
    ("GAVE UP", 0),
];

/// How it stands: a line on a terminal, an object a second with `-o ndjson`.
pub(super) fn standing(standing: &Standing, output: &Output) {
    let Standing { elapsed, up, all, on_their_way, rpcs } = *standing;
    if output.format == Format::Ndjson {
        let seconds = elapsed.as_secs_f64();
        let standing =
            json!({"at_s": seconds, "up": up, "on_their_way": on_their_way, "rpcs": rpcs});
        // A reader that went away does not end the fleet.
        let _ = output.json_line(&json!({ "standing": standing }));
    } else if !output.is_quiet() && std::io::stderr().is_terminal() {
        let seconds = elapsed.as_secs();
        let line = format!(
            "{seconds:>4} s  {up} of {all} in session  {on_their_way} on their way  {rpcs} RPCs"
        );
        let _ = write!(std::io::stderr(), "\r{line:<78}");
    }
}

/// All are in again.
pub(super) fn wave(wave: &Wave, output: &Output) {
    if output.format == Format::Ndjson {
        let _ = output.json_line(&json!({ "wave": wave }));
        return;
    }
    end_of_line(output);
    let took = wave.all_in_s.unwrap_or_default();
    output.note(&format!("{} devices in session in {took:.2} s", wave.came_in));
}

/// Leaves the line that changes.
pub(super) fn end_of_line(output: &Output) {
    if output.format == Format::Table && !output.is_quiet() && std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r{:<78}\r", "");
    }
}

/// All figures.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn report(report: &Report, output: &Output) -> Result<(), Failure> {
    match output.format {
        Format::Table => {
            write(&waves(&report.waves).render(&output.style))?;
            write(&sums(report))
        }
        Format::Json => output.object(report, |_| String::new()),
        Format::Ndjson => output.json_line(&json!({ "report": report })),
    }
}

fn waves(waves: &[Wave]) -> Table {
    let mut table = Table::new(COLUMNS);
    for (number, wave) in (1..).zip(waves) {
        let Quantiles { p50, p99, .. } = wave.since_first_answer_s;
        table.row(vec![
            number.to_string().into(),
            seconds(wave.began_s),
            wave.missing.to_string().into(),
            wave.unanswered_s.map_or(Cell::Absent, seconds),
            match wave.from_first_answer_s {
                Some(took) => seconds(took),
                None => Cell::Toned("not yet".to_owned(), Tone::Warn),
            },
            seconds(p50),
            seconds(p99),
            wave.dials.to_string().into(),
            wave.refused.to_string().into(),
            wave.turned_away.to_string().into(),
            wave.gave_up.to_string().into(),
        ]);
    }
    table
}

fn seconds(seconds: f64) -> Cell {
    format!("{seconds:.2}s").into()
}

fn sums(report: &Report) -> String {
    let mut out = String::new();
    let mut line = |title: &str, text: String| out.push_str(&format!("{title:<9}{text}\n"));
    line(
        "devices",
        format!("{} of {} in session after {:.1} s", report.up, report.devices, report.seconds),
    );
    line(
        "sessions",
        format!("{} came about, {} ended, {} dials", report.sessions, report.lost, report.dials),
    );
    line("answers", format!("{} RPCs, {} bytes", report.rpcs, report.reply_bytes));
    line(
        "itself",
        format!(
            "{:.2} ms of CPU a connect, {} KiB resident",
            report.cpu_ms_per_connect, report.resident_kib
        ),
    );
    for end in report.ends.iter().take(5) {
        line("ends", format!("{:>6}  {}", end.count, crate::output::escape::escape(&end.reason)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::timeline::tests::style;

    #[test]
    fn a_wave_is_a_row_and_one_that_goes_on_says_so() {
        let over = Wave {
            missing: 10,
            unanswered_s: Some(15.0),
            from_first_answer_s: Some(4.5),
            since_first_answer_s: Quantiles { p50: 2.0, p99: 4.4, max: 4.5 },
            dials: 25,
            refused: 15,
            ..Wave::default()
        };
        let text = waves(&[over, Wave::default()]).render(&style(false));
        let rows: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(rows[0], "1\t0.00s\t10\t15.00s\t4.50s\t2.00s\t4.40s\t25\t15\t0\t0");
        assert!(rows[1].starts_with("2\t0.00s\t0\t-\tnot yet\t"), "{}", rows[1]);
    }
}
