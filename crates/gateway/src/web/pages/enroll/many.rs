//! Many devices at once: a preview in which nothing is done, then a zip of stanzas.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, StreamExt as _};
use serde::Deserialize;

use super::csv;
use super::zip::Zip;
use crate::control::ControlError;
use crate::web::shell::{Place, Shell, render};
use crate::web::visitor::Posted;
use crate::web::{Console, Page, Trouble};

/// How many devices are enrolled at once: they share the disk's syncs, so that no browser gives up waiting for a long file.
const AT_ONCE: usize = 256;

/// The file, as its script or a person put it into the form.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::web) struct File {
    csv: String,
    #[serde(default)]
    format: String,
}

/// A row of the preview.
struct Row {
    line: usize,
    name: String,
    tags: String,
    addresses: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "enroll/csv.html")]
struct Preview {
    shell: Shell,
    file: File,
    rows: Vec<Row>,
    good: usize,
    error: Option<String>,
}

/// What the file would do.
pub(in crate::web) async fn preview(State(console): State<Console>, posted: Posted<File>) -> Page {
    let Posted { visitor, form: file } = posted;
    let (rows, error) = match csv::read(&file.csv, &file.format) {
        Ok(rows) => (rows, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let rows = rows.into_iter().map(|row| {
        let shown = |tags: &std::collections::BTreeMap<String, String>| {
            tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
        };
        let (tags, addresses, error) = match &row.request {
            Ok(request) => {
                let checked = console.control.check_enroll(request, &visitor.operator);
                let error = checked.err().map(|error| error.to_string());
                (shown(&request.tags), request.addresses.join(" "), error)
            }
            Err(error) => (String::new(), String::new(), Some(error.clone())),
        };
        Row { line: row.line, name: row.name, tags, addresses, error }
    });
    let rows: Vec<_> = rows.collect();
    let good = rows.iter().filter(|row| row.error.is_none()).count();
    let shell = Shell::new(&visitor, Place::Enroll, "Enrol many");
    render(&Preview { shell, file, rows, good, error })
}

/// Enrols every row that is good; the stanzas, and what was left out, as an archive.
pub(in crate::web) async fn enroll(
    State(console): State<Console>,
    posted: Posted<File>,
) -> Result<Response, Trouble> {
    let Posted { visitor, form: file } = posted;
    let rows = csv::read(&file.csv, &file.format).map_err(Trouble::Invalid)?;
    let ending = if file.format == "curly" { "conf" } else { "set" };
    let (mut zip, mut left_out, mut count) = (Zip::default(), String::new(), 0_usize);
    let enroll = async |row: csv::Row| {
        let done = match row.request {
            Ok(request) => console.control.enroll(request, &visitor.operator).await,
            Err(message) => Err(ControlError::Invalid { message, hint: None }),
        };
        (row.line, row.name, done)
    };
    let mut enrolling = stream::iter(rows).map(enroll).buffered(AT_ONCE);
    while let Some((line, name, done)) = enrolling.next().await {
        match done {
            Ok(enrolled) => {
                count += 1;
                zip.add(&format!("{}.{ending}", enrolled.device.name), enrolled.stanza.as_bytes());
            }
            // Whoever may not enrol the first may not enrol at all, as far as this answer is concerned.
            Err(error) if count == 0 && error.problem().status == 403 => return Err(error.into()),
            Err(error) => {
                let hint = error.problem().hint.map(|hint| format!(" ({hint})"));
                let hint = hint.unwrap_or_default();
                left_out.push_str(&format!("line {line}: {name}: {error}{hint}\n"));
            }
        }
    }
    if !left_out.is_empty() {
        zip.add("LEFT-OUT.txt", left_out.as_bytes());
    }
    let head = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"stanzas.zip\""),
    ];
    Ok((head, zip.finish()).into_response())
}
