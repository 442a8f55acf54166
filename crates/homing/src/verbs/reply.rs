//! A device's reply on its way to stdout, and what its end means.
//!
//! ```text
//!   pieces ──▶ as XML | as text ──▶ stdout: raw, or made safe for a terminal
//!                                          -o json: {"device":…,"reply":"…","outcome":{…}}
//!   trailer homing-outcome ──▶ ok 0 | rpc-error 1 | failed: by its problem
//! ```

use homing_proto::api::{OUTCOME_TRAILER, Outcome, RpcErrorSummary};
use hyper::HeaderMap;

use crate::client::{Piece, Pieces, of_problem};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::escape::TerminalFilter;
use crate::output::{Format, Output, write, write_bytes};
use crate::xml::reply_text::ReplyText;

/// What of the reply is shown.
#[derive(Debug)]
pub(crate) enum View {
    /// The `<rpc-reply>` as it is.
    Xml,
    /// What the device's prompt would have shown.
    Text(ReplyText),
}

impl View {
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        match self {
            View::Xml => bytes.to_vec(),
            View::Text(text) => text.push(bytes),
        }
    }

    fn finish(&mut self) -> Vec<u8> {
        match self {
            View::Xml => Vec::new(),
            View::Text(text) => text.finish(),
        }
    }

    /// The key of the reply in JSON.
    fn key(&self) -> &'static str {
        match self {
            View::Xml => "reply",
            View::Text(_) => "output",
        }
    }
}

/// Prints the reply as it comes and judges how it ended.
///
/// # Errors
/// The device's errors, the gateway's problem, or a stream that broke off.
pub(crate) async fn show(
    device: &str,
    mut pieces: Pieces,
    mut view: View,
    output: &Output,
) -> Result<(), Failure> {
    let mut sink = Sink::new(output, device, view.key())?;
    let mut outcome = None;
    while let Some(piece) = pieces.next().await? {
        match piece {
            Piece::Data(data) => sink.put(&view.push(&data))?,
            Piece::Trailers(trailers) => outcome = read_outcome(&trailers),
        }
    }
    sink.put(&view.finish())?;
    sink.finish(outcome.as_ref())?;
    judge(device, outcome, output)
}

fn read_outcome(trailers: &HeaderMap) -> Option<Outcome> {
    serde_json::from_slice(trailers.get(OUTCOME_TRAILER)?.as_bytes()).ok()
}

/// Stdout in one of its three forms.
enum Sink {
    Raw { last: Option<u8> },
    Terminal { filter: TerminalFilter, ends_line: bool },
    Json { joiner: Joiner },
}

impl Sink {
    fn new(output: &Output, device: &str, key: &str) -> Result<Sink, Failure> {
        if output.format != Format::Table {
            let device = serde_json::Value::from(device);
            write(&format!("{{\"device\":{device},\"{key}\":\""))?;
            return Ok(Sink::Json { joiner: Joiner::default() });
        }
        Ok(match output.style.terminal {
            true => Sink::Terminal { filter: TerminalFilter::default(), ends_line: true },
            false => Sink::Raw { last: None },
        })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            _ if bytes.is_empty() => Ok(()),
            Sink::Raw { last } => {
                *last = bytes.last().copied();
                write_bytes(bytes)
            }
            Sink::Terminal { filter, ends_line } => {
                let text = filter.filter(bytes);
                *ends_line = text.ends_with('\n');
                write(&text)
            }
            Sink::Json { joiner } => write(&json_inside(&joiner.join(bytes))),
        }
    }

    /// Ends the line, or the JSON object.
    fn finish(&mut self, outcome: Option<&Outcome>) -> Result<(), Failure> {
        match self {
            Sink::Raw { last: Some(last) } if *last != b'\n' => write("\n"),
            Sink::Raw { .. } => Ok(()),
            Sink::Terminal { filter, ends_line } => {
                let rest = filter.finish();
                let end = if *ends_line && rest.is_empty() { "" } else { "\n" };
                write(&(rest + end))
            }
            Sink::Json { joiner } => {
                let rest = json_inside(&joiner.finish());
                let outcome = serde_json::to_string(&outcome).unwrap_or_else(|_| "null".to_owned());
                write(&format!("{rest}\",\"outcome\":{outcome}}}\n"))
            }
        }
    }
}

/// Joins characters that the stream cut; what is not UTF-8 becomes U+FFFD, as JSON demands.
#[derive(Debug, Default)]
struct Joiner {
    partial: Vec<u8>,
}

impl Joiner {
    fn join(&mut self, bytes: &[u8]) -> String {
        self.partial.extend_from_slice(bytes);
        let cut = self.cut();
        let rest = self.partial.split_off(cut);
        let text = String::from_utf8_lossy(&self.partial).into_owned();
        self.partial = rest;
        text
    }

    /// Where an unfinished character at the end begins.
    fn cut(&self) -> usize {
        let length = self.partial.len();
        let invalid = self.partial.utf8_chunks().last().map(|chunk| chunk.invalid());
        match invalid {
            Some(tail) if matches!(std::str::from_utf8(tail), Err(e) if e.error_len().is_none()) => {
                length - tail.len()
            }
            _ => length,
        }
    }

    fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.partial)).into_owned()
    }
}

/// The text as it stands between the quotes of a JSON string.
fn json_inside(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

fn judge(device: &str, outcome: Option<Outcome>, output: &Output) -> Result<(), Failure> {
    match outcome {
        Some(Outcome::Ok) => Ok(()),
        Some(Outcome::RpcError { errors }) => judge_errors(device, &errors, output),
        Some(Outcome::Failed { problem }) => Err(of_problem(&problem)),
        None => Err(Failure::new(
            Exit::OutcomeUnknown,
            "outcome-unknown",
            format!("the gateway did not say how the RPC on {device} ended: the reply may be cut"),
        )
        .hint("homing version; homing status")),
    }
}

/// Warnings alone are told and are no failure.
fn judge_errors(device: &str, errors: &[RpcErrorSummary], output: &Output) -> Result<(), Failure> {
    let lines: Vec<String> = errors.iter().map(error_line).collect();
    if !errors.is_empty() && errors.iter().all(|error| error.severity == "warning") {
        lines.iter().for_each(|line| output.note(&format!("homing: {device}: {line}")));
        return Ok(());
    }
    let message = format!("{device} answered with an error\n{}", lines.join("\n"));
    Err(Failure::new(Exit::Failed, "rpc-error", message.trim_end()))
}

fn error_line(error: &RpcErrorSummary) -> String {
    let path = error.path.as_deref().map(|path| format!(" (at {path})")).unwrap_or_default();
    format!("{} {}: {}{path}", error.severity, error.tag, error.message.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_json_is_escaped_and_cut_characters_are_joined() {
        let bytes = "a\"\n\u{1b}é".as_bytes();
        for at in 0..bytes.len() {
            let mut joiner = Joiner::default();
            let text = joiner.join(&bytes[..at]) + &joiner.join(&bytes[at..]) + &joiner.finish();
            assert_eq!(json_inside(&text), "a\\\"\\n\\u001bé", "cut at {at}");
        }
    }

    #[test]
    fn an_error_names_its_tag_and_path() {
        let error = RpcErrorSummary {
            severity: "error".into(),
            tag: "operation-failed".into(),
            message: "\nsyntax error\n".into(),
            path: Some("/rpc".into()),
        };
        assert_eq!(error_line(&error), "error operation-failed: syntax error (at /rpc)");
    }
}
