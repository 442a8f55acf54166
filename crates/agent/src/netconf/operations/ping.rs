//! `<ping>`: the system's own `ping`, its output as Junos's elements.
//!
//! ```text
//!   64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.321 ms  ─▶  <probe-result>…<rtt>321</rtt>
//! ```

use std::process::Stdio;
use std::time::Duration;

use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};
use tokio::process::Command;
use tokio::time::timeout;

use super::system::leaf;
use super::{Answer, Context, Reply};

const NAMESPACE: &str = "http://xml.juniper.net/junos/*/junos-probe-tests";

/// The most that is kept of the program's output.
const MOST_OUTPUT: usize = 256 * 1024;

/// The longest that one request may take.
const LONGEST: u64 = 120;

/// What is asked.
struct Asked {
    host: String,
    count: u64,
    arguments: Vec<String>,
    seconds: u64,
}

impl Asked {
    fn of(operation: &Element) -> Result<Self, RpcError> {
        let text = |name: &'static str| operation.child_text(name).filter(|text| !text.is_empty());
        let number =
            |name: &'static str, default: u64, most: u64| match text(name).map(str::parse::<u64>) {
                None => Ok(default),
                Some(Ok(value)) if value <= most => Ok(value),
                Some(_) => Err(invalid(name, &format!("expected a number up to {most} as {name}"))),
            };
        let host = text("host").ok_or_else(|| RpcError::missing_element("host"))?;
        check_name("host", host)?;
        let count = number("count", 5, 1_000)?.max(1);
        let wait = number("wait", 10, 60)?.max(1);
        let is_rapid = operation.child("rapid").is_some();
        let seconds = if is_rapid { count / 4 } else { count } + wait;
        let mut arguments = vec!["-n".to_owned(), "-c".to_owned(), count.to_string()];
        arguments.extend(["-w".to_owned(), seconds.min(LONGEST).to_string()]);
        if let Some(size) = text("size") {
            number("size", 56, 65_468)?;
            arguments.extend(["-s".to_owned(), size.to_owned()]);
        }
        if is_rapid {
            arguments.extend(["-i".to_owned(), "0.2".to_owned()]);
        }
        for (name, flag) in [("inet", "-4"), ("inet6", "-6")] {
            if operation.child(name).is_some() {
                arguments.push(flag.to_owned());
            }
        }
        for name in ["source", "routing-instance"] {
            if let Some(value) = text(name) {
                check_name(name, value)?;
                arguments.extend(["-I".to_owned(), value.to_owned()]);
            }
        }
        arguments.extend(["--".to_owned(), host.to_owned()]);
        Ok(Self { host: host.to_owned(), count, arguments, seconds: seconds.min(LONGEST) })
    }
}

fn invalid(element: &str, message: &str) -> RpcError {
    RpcError::new(ErrorType::Protocol, ErrorTag::InvalidValue, message)
        .with_info("bad-element", element)
}

/// A host, address or interface: nothing that the program could take for an option.
fn check_name(element: &str, text: &str) -> Result<(), RpcError> {
    let is_known = |c: char| c.is_ascii_alphanumeric() || ".:-_%".contains(c);
    if text.len() > 255 || text.starts_with('-') || !text.chars().all(is_known) {
        return Err(invalid(element, &format!("expected an address or name as {element}")));
    }
    Ok(())
}

pub(super) async fn run(operation: &Element, _: &Context) -> Answer {
    let asked = Asked::of(operation)?;
    let mut program = Command::new("ping");
    program.args(&asked.arguments).stdin(Stdio::null()).env("LC_ALL", "C").kill_on_drop(true);
    let output = timeout(Duration::from_secs(asked.seconds + 5), program.output()).await;
    let failed = |why: String| RpcError::operation_failed(format!("ping: {why}"));
    let output = match output {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(failed(format!("the program can't be run: {error}"))),
        Err(_) => return Err(failed("the program did not end in time".to_owned())),
    };
    let cut = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes.get(..MOST_OUTPUT).unwrap_or(bytes)).into_owned()
    };
    let (text, complaint) = (cut(&output.stdout), cut(&output.stderr));
    Ok(Reply::Element(results(&asked, &text, &complaint)))
}

fn results(asked: &Asked, text: &str, complaint: &str) -> Element {
    let header = text.lines().find(|line| line.starts_with("PING "));
    let between = |from: char, to: char| {
        let (_, rest) = header?.split_once(from)?;
        rest.split_once(to).map(|(inside, _)| inside.to_owned())
    };
    let mut answer = Element::new("ping-results")
        .with(leaf("target-host", &asked.host))
        .with(leaf("target-ip", between('(', ')').unwrap_or_else(|| asked.host.clone())))
        .with(leaf("packet-size", 56));
    let probes: Vec<_> = text.lines().filter_map(probe).collect();
    let received = probes.len() as u64;
    answer.children.extend(probes);
    let (sent, loss) = summary(text).unwrap_or((asked.count, 100));
    let summary = Element::new("probe-results-summary")
        .with(leaf("probes-sent", sent))
        .with(leaf("responses-received", received))
        .with(leaf("packet-loss", loss));
    answer.children.push(summary);
    answer.children.push(match received {
        0 => leaf("ping-failure", complaint.lines().next().unwrap_or("no response")),
        _ => Element::new("ping-success"),
    });
    answer.in_namespace(NAMESPACE)
}

/// One line that tells of an answer.
fn probe(line: &str) -> Option<Element> {
    let (size, rest) = line.split_once(" bytes from ")?;
    let (from, rest) = rest.split_once(": ")?;
    let field = |name: &str| {
        let (_, value) = rest.split_once(name)?;
        value.split_whitespace().next()
    };
    let milliseconds: f64 = field("time=")?.parse().ok()?;
    let microseconds = std::time::Duration::try_from_secs_f64(milliseconds / 1000.0).ok()?;
    let sequence = field("icmp_seq=").or_else(|| field("seq="))?;
    Some(
        Element::new("probe-result")
            .with(leaf("probe-index", sequence))
            .with(Element::new("probe-success"))
            .with(leaf("sequence-number", sequence))
            .with(leaf("ip-address", from.split(' ').next().unwrap_or(from)))
            .with(leaf("time-to-live", field("ttl=").unwrap_or("0")))
            .with(leaf("response-size", size))
            .with(leaf("rtt", microseconds.as_micros())),
    )
}

/// How many were sent, and how many of a hundred were lost.
fn summary(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().find(|line| line.contains(" packets transmitted"))?;
    let sent = line.split(' ').next()?.parse().ok()?;
    let (before, _) = line.split_once('%')?;
    let loss = before.rsplit([' ', ',']).next()?.split('.').next()?.parse().ok()?;
    Some((sent, loss))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(host: &str) -> Result<Asked, RpcError> {
        Asked::of(&Element::new("ping").with(Element::with_text("host", host)))
    }

    #[test]
    fn the_programs_output_becomes_elements() {
        let text = "PING h (192.0.2.1) 56(84) bytes of data.\n\
            64 bytes from 192.0.2.1: icmp_seq=1 ttl=63 time=1.50 ms\n\n--- h ping statistics ---\n\
            2 packets transmitted, 1 received, 50% packet loss, time 1001ms\n";
        let results = results(&asked("h").unwrap(), text, "");
        assert_eq!(results.child_text("target-ip"), Some("192.0.2.1"));
        let probe = results.child("probe-result").unwrap();
        assert_eq!(probe.child_text("rtt"), Some("1500"));
        assert_eq!(probe.child_text("time-to-live"), Some("63"));
        let summary = results.child("probe-results-summary").unwrap();
        assert_eq!(summary.child_text("probes-sent"), Some("2"));
        assert_eq!(summary.child_text("packet-loss"), Some("50"));
        assert!(results.child("ping-success").is_some());
    }

    #[test]
    fn nothing_becomes_an_option_of_the_program() {
        for host in ["-f", "a b", "$(x)", "a;b", "", &"x".repeat(300)] {
            assert!(asked(host).is_err(), "{host}");
        }
        assert!(asked("2001:db8::1%eth0").is_ok());
        let many = Element::new("ping")
            .with(Element::with_text("host", "h"))
            .with(Element::with_text("count", "1001"));
        assert!(Asked::of(&many).is_err());
    }
}
