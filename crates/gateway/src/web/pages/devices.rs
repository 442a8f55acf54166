//! `/devices` and `/devices.csv`: the fleet, searched, sorted, in pages; views that people keep.
//!
//! ```text
//!   ?q=state:down site:fra   the query of the API and of `homing device ls`
//!   &sort=-since             a column, `-` for the other way round
//!   &cols=name,state,…       what is shown
//!   &at=…                    after which device the page begins
//!   &from=…                  or with which one, by its number
//! ```

use askama::Template;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use homing_proto::api::{Device, Timestamp};
use homing_proto::filter::Filter;
use serde::Deserialize;

use super::columns::{Cell, Column, DEFAULT};
use super::link;
use super::login::to;
use crate::control::{DevicePage, DeviceQuery, DeviceSearch, Sort};
use crate::http::stream::Followers;
use crate::web::shell::{Place, Shell, render};
use crate::web::visitor::Posted;
use crate::web::{Console, Page, Trouble, Visitor};

/// Devices of a page.
const LIMIT: usize = 100;
/// Devices of one piece of a CSV.
const PIECE: usize = 1000;

/// The parameters of the address.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    cols: String,
    #[serde(default)]
    at: String,
    #[serde(default)]
    from: String,
}

#[derive(Template)]
#[template(path = "devices.html")]
struct Devices {
    shell: Shell,
    q: String,
    sort: String,
    cols: String,
    error: Option<String>,
    line: String,
    columns: Vec<Head>,
    rows: Vec<Row>,
    page: DevicePage,
    first: Option<String>,
    previous: Option<String>,
    next: Option<String>,
    last: Option<String>,
    csv: String,
    /// The address of what is shown, to be saved.
    query: String,
    views: Vec<(String, String)>,
}

/// The head of a column.
struct Head {
    column: Column,
    is_shown: bool,
    /// Where it leads, and how it is sorted.
    sorted: Option<(String, &'static str)>,
}

/// A device's row.
struct Row {
    id: String,
    link: String,
    device: Device,
    cells: Vec<Cell>,
}

impl Asked {
    fn columns(&self) -> Vec<Column> {
        let asked: Vec<Column> = self.cols.split(',').filter_map(Column::of).collect();
        if asked.is_empty() { DEFAULT.to_vec() } else { asked }
    }

    fn sort(&self) -> (Sort, bool) {
        let (word, is_descending) = match self.sort.strip_prefix('-') {
            Some(word) => (word, true),
            None => (self.sort.as_str(), false),
        };
        let sort = Column::of(word).and_then(Column::sort);
        (sort.unwrap_or_default(), is_descending && sort.is_some())
    }

    fn search(&self, limit: usize) -> Result<DeviceSearch, String> {
        let filter = Filter::parse(&self.q).map_err(|error| error.to_string())?;
        let (sort, is_descending) = self.sort();
        let place = URL_SAFE_NO_PAD.decode(&self.at).ok();
        let after = place.and_then(|place| serde_json::from_slice(&place).ok());
        let query = DeviceQuery { filter, ..DeviceQuery::default() };
        let skip = self.from.trim().parse::<usize>().map_or(0, |from| from.saturating_sub(1));
        Ok(DeviceSearch { query, sort, is_descending, after, skip, limit })
    }

    /// The address with some of it changed; what is as usual is left out.
    fn address(&self, path: &str, changed: &[(&str, &str)]) -> String {
        let value = |name: &str, own: &str| {
            let other = changed.iter().find(|(key, _)| *key == name);
            other.map_or(own, |(_, value)| value).to_owned()
        };
        let all = [
            ("q", value("q", &self.q)),
            ("sort", value("sort", &self.sort)),
            ("cols", value("cols", &self.cols)),
            ("at", value("at", "")),
            ("from", value("from", "")),
        ];
        let said: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        match serde_urlencoded::to_string(said) {
            Ok(query) if !query.is_empty() => format!("{path}?{query}"),
            _ => path.to_owned(),
        }
    }
}

/// The page.
pub(in crate::web) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Page {
    let (page, error) = match asked.search(LIMIT) {
        Ok(search) => (console.control.search(&search, &visitor.operator).await?, None),
        Err(error) => (DevicePage::default(), Some(error)),
    };
    let now = Timestamp::now();
    let shown = asked.columns();
    let rows = page.devices.iter().map(|device| Row::new(device, &shown, now)).collect();
    let at = |place: &Option<_>| {
        let place = place.as_ref().and_then(|place| serde_json::to_vec(place).ok());
        place.map(|place| asked.address("/devices", &[("at", &URL_SAFE_NO_PAD.encode(place))]))
    };
    let first = (page.before > 0).then(|| asked.address("/devices", &[]));
    let previous = at(&page.previous).or_else(|| first.clone());
    let last = page.next.as_ref().map(|_| page.total.to_string());
    let last = last.map(|number| asked.address("/devices", &[("from", &number)]));
    let query = asked.address("", &[]);
    render(&Devices {
        shell: Shell::new(&visitor, Place::Devices, "Devices"),
        line: line(&asked.q),
        columns: Column::ALL.iter().map(|column| head(*column, &shown, &asked)).collect(),
        rows,
        next: at(&page.next),
        previous,
        first,
        last,
        csv: asked.address("/devices.csv", &[]),
        query: query.trim_start_matches('?').to_owned(),
        views: console.control.views(&visitor.operator).into_iter().collect(),
        page,
        error,
        q: asked.q,
        sort: asked.sort,
        cols: asked.cols,
    })
}

fn head(column: Column, shown: &[Column], asked: &Asked) -> Head {
    let (sort, is_descending) = asked.sort();
    let sorted = column.sort().map(|own| {
        let word = column.word();
        match own == sort {
            true if is_descending => (asked.address("/devices", &[("sort", word)]), "descending"),
            true => (asked.address("/devices", &[("sort", &format!("-{word}"))]), "ascending"),
            false => (asked.address("/devices", &[("sort", word)]), "none"),
        }
    });
    Head { column, is_shown: shown.contains(&column), sorted }
}

impl Row {
    fn new(device: &Device, columns: &[Column], now: Timestamp) -> Self {
        let key = device.pending.as_ref().filter(|_| !device.enrolled);
        let subject = key.map_or(device.name.clone(), |pending| pending.fingerprint.to_string());
        let shown = Column::ALL.iter().filter(|column| columns.contains(column));
        Self {
            id: format!("d-{subject}"),
            link: link(&subject),
            cells: shown.map(|column| column.cell(device, now)).collect(),
            device: device.clone(),
        }
    }
}

/// The command that lists the same.
fn line(q: &str) -> String {
    let q = q.trim();
    if q.is_empty() {
        return "homing device ls".to_owned();
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ":,._-/+@%= ".contains(c);
    let quoted = match q.chars().all(is_plain) {
        true => q.to_owned(),
        false => format!("'{}'", q.replace('\'', "'\\''")),
    };
    match q.starts_with('-') {
        true => format!("homing device ls -- {quoted}"),
        false => format!("homing device ls {quoted}"),
    }
}

/// All that fits, as CSV (RFC 4180), piece by piece.
pub(in crate::web) async fn csv(
    State(console): State<Console>,
    Extension(followers): Extension<Followers>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let mut search = asked.search(PIECE).map_err(Trouble::Invalid)?;
    (search.after, search.skip) = (None, 0);
    let place = followers.enter()?;
    let first = console.control.search(&search, &visitor.operator).await?;
    let rows = place.write(4, |rows| async move {
        let (mut text, mut page) = (Column::csv_head(), first);
        loop {
            text.extend(page.devices.iter().map(Column::csv_row));
            rows.put(std::mem::take(&mut text)).await?;
            let Some(next) = page.next else { return Ok(()) };
            search.after = Some(next);
            page = match console.control.search(&search, &visitor.operator).await {
                Ok(page) => page,
                Err(_) => return rows.break_off().await,
            };
        }
    });
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"devices.csv\""),
    ];
    Ok((head, Body::new(rows)).into_response())
}

/// A view to be saved or, without a query, taken away.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct View {
    name: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    remove: bool,
}

/// Saves a view.
pub(in crate::web) async fn view(
    State(console): State<Console>,
    posted: Posted<View>,
) -> Result<Response, Trouble> {
    let View { name, query, remove } = posted.form;
    // An empty query is the whole fleet: a view too.
    let saved = match (remove, query.is_empty()) {
        (true, _) => String::new(),
        (false, true) => "q=".to_owned(),
        (false, false) => query.clone(),
    };
    console.control.save_view(&name, &saved, &posted.visitor.operator).await?;
    Ok(to(&format!("/devices?{query}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_lists_what_the_page_shows() {
        assert_eq!(line(""), "homing device ls");
        assert_eq!(line("state:down site:fra"), "homing device ls state:down site:fra");
        assert_eq!(line("seen:>1h"), "homing device ls 'seen:>1h'");
        assert_eq!(line("-site:fra"), "homing device ls -- -site:fra");
        assert_eq!(line("it's; rm *"), "homing device ls 'it'\\''s; rm *'");
    }

    #[test]
    fn an_address_says_only_what_is_not_as_usual() {
        let asked = Asked { q: "a b".into(), at: "x".into(), ..Asked::default() };
        assert_eq!(asked.address("/devices", &[]), "/devices?q=a+b");
        assert_eq!(asked.address("/devices", &[("sort", "-since")]), "/devices?q=a+b&sort=-since");
        assert_eq!(Asked::default().address("/devices", &[]), "/devices");
    }
}
