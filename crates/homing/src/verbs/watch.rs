//! `homing enroll watch`: each step of a device's dial-in as it happens, until it is in or one line must be mended.

use std::time::Duration;

use homing_proto::api::{Device, DeviceState, Event};
use homing_proto::fault::Fault;
use tokio::time::{Instant, timeout_at};

use super::follow::Follow;
use super::{Context, events, suggest, timeline};
use crate::client::Target;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Format, write};

/// The event that ends a dial-in well.
const IN_SESSION: &str = "in-session";

/// Watches until the device is in session, is refused, or time is up.
pub(crate) async fn run(name: &str, patience: Duration, context: &Context) -> Result<(), Failure> {
    let until = Instant::now() + patience;
    let log = Target::new(&["devices", name, "log"]).query("limit", "1");
    let latest: Vec<Event> = match context.client.get(&log).await {
        Ok(events) => events,
        Err(failure) => return Err(suggest::device(failure, &context.client, name).await),
    };
    let after = latest.last().map_or(0, |event| event.id);
    let device: Device = context.client.get(&Target::new(&["devices", name])).await?;
    if device.state == DeviceState::Up {
        context.output.note(&format!("{name} is in session: homing device show {name}"));
        return Ok(());
    }
    let refused = (device.state == DeviceState::Refused).then_some(device.last_event).flatten();
    if let Some(event) = &refused {
        context.output.note(&format!("the latest attempt of {name} failed: {}", event.message));
    }
    context.output.note(&format!("waiting for {name}; Ctrl-C ends the watch, not the enrolment"));
    steps(name, after, until, refused, context).await
}

/// `seen` is what is known from before.
async fn steps(
    name: &str,
    after: u64,
    until: Instant,
    mut seen: Option<Event>,
    context: &Context,
) -> Result<(), Failure> {
    let target = Target::new(&["events"]).query("device", name);
    let mut follow = Follow::start(&context.client, target, Some(after)).await?;
    if context.output.format == Format::Table {
        write(&timeline::header(&context.output.style))?;
    }
    loop {
        let event = match timeout_at(until, follow.next(&context.output)).await {
            Ok(Ok(Some(event))) => event,
            Ok(Ok(None)) => return Err(ended(name)),
            Ok(Err(failure)) => return Err(failure),
            Err(_) => return Err(timed_out(name, seen.as_ref())),
        };
        events::show_live(&event, &context.output)?;
        if let Some(end) = end_of(name, &event) {
            return end;
        }
        seen = Some(event);
    }
}

/// What an event means for the watch; none: it goes on.
fn end_of(name: &str, event: &Event) -> Option<Result<(), Failure>> {
    match event.fault {
        _ if event.code == IN_SESSION => Some(Ok(())),
        // Trouble of the network goes away by itself, or the time-out tells.
        None | Some(Fault::Network) => None,
        Some(_) => Some(Err(refused(name, event))),
    }
}

fn refused(name: &str, event: &Event) -> Failure {
    let message = format!("{name} is not in: {}", event.message);
    let failure = Failure::new(Exit::Failed, event.code.clone(), message);
    match &event.advice {
        Some(advice) => failure.hint(advice.clone()),
        None => failure.hint(format!("homing device log {name}")),
    }
}

fn timed_out(name: &str, seen: Option<&Event>) -> Failure {
    match seen {
        None => Failure::new(Exit::TimedOut, "not-seen", format!("{name} has not dialed in"))
            .hint("look at the stanza on the device, and whether it reaches the gateway's address"),
        Some(event) => {
            let message = format!("{name} is not in yet; the last step was: {}", event.message);
            let hint = event.advice.clone();
            Failure::new(Exit::TimedOut, "not-in-session", message)
                .hint(hint.unwrap_or_else(|| format!("homing device log {name}")))
        }
    }
}

fn ended(name: &str) -> Failure {
    Failure::new(
        Exit::Unreachable,
        "gateway-stopping",
        "the gateway ended the watch: it is stopping",
    )
    .hint(format!("homing enroll watch {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::timeline::tests::event;

    #[test]
    fn a_session_ends_the_watch_well() {
        assert_eq!(end_of("mx1", &event(IN_SESSION, None)), Some(Ok(())));
    }

    #[test]
    fn a_step_and_a_hiccup_of_the_network_do_not_end_it() {
        assert_eq!(end_of("mx1", &event("accepted", None)), None);
        assert_eq!(end_of("mx1", &event("setup-timeout", Some(Fault::Network))), None);
    }

    #[test]
    fn a_refusal_names_what_to_mend() {
        let end = end_of("mx1", &event("wrong-hmac", Some(Fault::Operator)));
        let failure = end.unwrap().unwrap_err();
        assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Failed, "wrong-hmac"));
        assert_eq!(failure.hint.as_deref(), Some("type this"));
    }
}
