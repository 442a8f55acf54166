//! A fleet of thousands of devices in one process, against a real gateway: `homing sim`.
//!
//! ```text
//!   Fleet ─▶ members ─┐           ┌ Redial: when it dials, and how badly
//!   Habits ───────────┼─▶ run ──▶ Device ⇄ gateway       (a task each)
//!   Replies ──────────┘     ◀news─┘ └ small_server, Session: what it answers
//!                            └▶ Tally ─▶ waves, curve ─▶ Report, plot
//! ```
//!
//! What it decides is in `redial`, `netconf` and `tally`, which touch nothing; `device` and `run` touch and decide nothing.

mod curve;
mod device;
mod identity;
mod limits;
mod netconf;
mod plot;
mod redial;
mod report;
mod road;
mod run;
mod tally;

pub use curve::Point;
pub use identity::{Fleet, Member};
pub use limits::{TooFew, raise};
pub use netconf::Replies;
pub use plot::svg;
pub use redial::Habits;
pub use report::{End, Quantiles, Report, Wave};
pub use road::Distance;
pub use run::{Plan, Seen, Standing, run};
