//! `/`: how the fleet stands, a day of arrivals and departures, and what somebody should look at.

use std::fmt::Write as _;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use homing_proto::api::{Attention, Status, Timestamp};

use super::link;
use crate::store::Traffic;
use crate::web::shell::{Place, Shell, render};
use crate::web::when::When;
use crate::web::{Console, Page, Visitor};

/// One bar of the plot.
const SPAN: Duration = Duration::from_secs(600);
/// A day of them.
const SPANS: usize = 144;
/// The plot's size: each half is as high as this, each bar this wide with its gap.
const HALF: u64 = 48;
const STEP: usize = 5;
/// So many bars are as wide as an hour's label.
const LABEL: usize = 6;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    shell: Shell,
    status: Status,
    started: When,
    plot: Plot,
    attention: Vec<Matter>,
}

/// A day of arrivals and departures.
struct Plot {
    /// Bars upwards and downwards, as paths of SVG.
    arrivals: String,
    departures: String,
    came: u64,
    left: u64,
    most: u64,
    /// Hours for the axis: where, and what.
    hours: Vec<(usize, String)>,
}

/// Something to look at, and where it is mended.
struct Matter {
    code: String,
    tone: &'static str,
    message: String,
    since: Option<When>,
    advice: Option<String>,
    link: Option<(String, &'static str)>,
}

/// The page.
pub(in crate::web) async fn show(State(console): State<Console>, visitor: Visitor) -> Page {
    let operator = &visitor.operator;
    let status = console.control.status(operator).await?;
    let (since, spans) = console.control.traffic(SPAN, SPANS, operator).await?;
    let now = Timestamp::now();
    let attention = status.attention.iter().map(|one| matter(one, now)).collect();
    let started = When::new(status.started_at, now);
    let plot = Plot::new(since, &spans);
    render(&Overview {
        shell: Shell::new(&visitor, Place::Overview, "Overview"),
        status,
        started,
        plot,
        attention,
    })
}

impl Plot {
    fn new(since: Timestamp, spans: &[Traffic]) -> Self {
        let most = spans.iter().map(|one| one.arrivals.max(one.departures)).max().unwrap_or(0);
        let height = |count: u64| match count {
            0 => 0,
            // One device among thousands is still seen.
            count => (count * HALF / most.max(1)).max(2),
        };
        let (mut arrivals, mut departures) = (String::new(), String::new());
        for (number, traffic) in spans.iter().enumerate() {
            let (x, width) = (number * STEP, STEP - 1);
            for (path, count, sign) in
                [(&mut arrivals, traffic.arrivals, "-"), (&mut departures, traffic.departures, "")]
            {
                let height = height(count);
                if height > 0 {
                    let back = if sign.is_empty() { "-" } else { "" };
                    // Writing into a text can't fail.
                    let _ = write!(path, "M{x} {HALF}v{sign}{height}h{width}v{back}{height}z");
                }
            }
        }
        // What begins at the right edge would be cut off.
        let hours = (0..spans.len().saturating_sub(LABEL)).filter_map(|number| {
            let at = since + SPAN * u32::try_from(number).ok()?;
            let minutes = at.as_second().div_euclid(60);
            (minutes.rem_euclid(240) < 10)
                .then(|| (number * STEP, at.strftime("%H:%M").to_string()))
        });
        Self {
            arrivals,
            departures,
            came: spans.iter().map(|one| one.arrivals).sum(),
            left: spans.iter().map(|one| one.departures).sum(),
            most,
            hours: hours.collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.came + self.left == 0
    }
}

fn matter(attention: &Attention, now: Timestamp) -> Matter {
    let to_device = |name: &String| (link(name), "Open");
    let link = match attention.code.as_str() {
        "pending" => Some(("/pending".to_owned(), "Decide")),
        "key-changed" => attention.device.as_ref().map(|name| (link(name), "Compare the keys")),
        "more-refused" => Some(("/devices?q=state:refused".to_owned(), "List them")),
        // What concerns the gateway itself is mended on its machine: here is which file, and what it says now.
        "certificate-over" | "certificate-ends" => Some(("#gateway-title".to_owned(), "Which one")),
        "store-full" | "store-read-only" | "store-disk-failed" | "store-failed"
        | "disk-nearly-full" => Some(("/events?code=events-dropped".to_owned(), "What was lost")),
        "more-changed-keys" => Some(("/devices?q=has:pending".to_owned(), "List them")),
        _ => attention.device.as_ref().map(to_device),
    };
    let tone = match attention.code.as_str() {
        "pending" | "old-algorithms" | "old-algorithms-end" | "certificate-ends" => "warn",
        _ => "bad",
    };
    Matter {
        code: attention.code.clone(),
        tone,
        message: attention.message.clone(),
        since: attention.since.filter(|since| *since <= now).map(|since| When::new(since, now)),
        advice: attention.advice.clone(),
        link,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_a_bar_for_each_span_in_which_something_happened() {
        let mut spans = vec![Traffic::default(); SPANS];
        spans[0] = Traffic { arrivals: 1000, departures: 0 };
        spans[143] = Traffic { arrivals: 1, departures: 500 };
        let plot = Plot::new(Timestamp::UNIX_EPOCH, &spans);
        assert_eq!(plot.arrivals, "M0 48v-48h4v48zM715 48v-2h4v2z");
        assert_eq!(plot.departures, "M715 48v24h4v-24z");
        assert_eq!((plot.came, plot.left, plot.most), (1001, 500, 1000));
        assert_eq!(plot.hours.first(), Some(&(0, "00:00".to_owned())));
        assert!(Plot::new(Timestamp::UNIX_EPOCH, &[]).is_empty());
    }
}
