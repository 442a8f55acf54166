//! The tabs on which one works: the pages hold the frame, their scripts do the work by the API and the terminal's socket.

use askama::Template;
use axum::extract::{Path, State};

use super::head::{Head, Tab};
use crate::web::shell::{Place, Shell, render};
use crate::web::{Console, Page, Trouble, Visitor};

/// What every tab holds.
struct Frame {
    shell: Shell,
    head: Head,
}

async fn frame(
    console: &Console,
    visitor: &Visitor,
    name: &str,
    tab: Tab,
) -> Result<Frame, Trouble> {
    let device = console.control.device(name, &visitor.operator).await?;
    let head = Head::new(device, &visitor.operator, tab);
    Ok(Frame { shell: Shell::new(visitor, Place::Devices, &head.device.name), head })
}

#[derive(Template)]
#[template(path = "device/run.html")]
struct Run {
    shell: Shell,
    head: Head,
    /// The front door's port, for the line of PyEZ.
    door_port: String,
}

/// RPCs and commands.
pub(in crate::web) async fn run(
    State(console): State<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Page {
    let Frame { shell, head } = frame(&console, &visitor, &name, Tab::Run).await?;
    let status = console.control.status(&visitor.operator).await?;
    let address = status.front_door.addresses.first().cloned().unwrap_or_default();
    let door_port = address.rsplit(':').next().unwrap_or_default().to_owned();
    render(&Run { shell, head, door_port })
}

#[derive(Template)]
#[template(path = "device/terminal.html")]
struct Terminal {
    shell: Shell,
    head: Head,
    is_recorded: bool,
}

/// A shell.
pub(in crate::web) async fn terminal(
    State(console): State<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Page {
    let Frame { shell, head } = frame(&console, &visitor, &name, Tab::Terminal).await?;
    let is_recorded = console.control.records_terminal(&head.device.name, &visitor.operator);
    render(&Terminal { shell, head, is_recorded })
}

#[derive(Template)]
#[template(path = "device/configuration.html")]
struct Configuration {
    shell: Shell,
    head: Head,
}

/// The configuration.
pub(in crate::web) async fn configuration(
    State(console): State<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Page {
    let Frame { shell, head } = frame(&console, &visitor, &name, Tab::Configuration).await?;
    render(&Configuration { shell, head })
}
