//! Plain columns: aligned on a terminal, separated by tabs for a program.
//!
//! ```text
//!   DEVICE   STATE  SINCE            DEVICE⇥STATE⇥SINCE
//!   mx1.fra  up     12d              mx1.fra⇥up⇥2026-11-11T09:14:00Z
//! ```

use homing_proto::api::Timestamp;
use jiff::tz::TimeZone;

use crate::output::escape::escape;
use crate::output::time;

/// How a table is printed.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    /// Aligned columns and relative times, or tabs and RFC 3339.
    pub(crate) terminal: bool,
    /// ANSI colours.
    pub(crate) color: bool,
    /// The line of column titles.
    pub(crate) headers: bool,
    /// What relative times are relative to.
    pub(crate) now: Timestamp,
    /// Where the reader's clock is.
    pub(crate) zone: TimeZone,
}

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Waits for someone.
    Warn,
    /// Wrong.
    Bad,
    /// Less important.
    Dim,
}

impl Tone {
    fn ansi(self) -> &'static str {
        match self {
            Tone::Good => "\x1b[32m",
            Tone::Warn => "\x1b[33m",
            Tone::Bad => "\x1b[31m",
            Tone::Dim => "\x1b[2m",
        }
    }

    /// The text in its colour.
    pub(crate) fn paint(self, text: &str, color: bool) -> String {
        if color { format!("{}{text}\x1b[0m", self.ansi()) } else { text.to_owned() }
    }
}

/// One value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// Text of any origin; it is escaped when printed.
    Text(String),
    /// Text with a meaning that a colour can carry.
    Toned(String, Tone),
    /// A time whose age matters: `12d`.
    Age(Timestamp),
    /// A time of the day: `14:57:58`.
    Clock(Timestamp),
    /// Nothing known: `-`.
    Absent,
}

impl Cell {
    /// Text, or `-` for none and for empty text.
    pub(crate) fn optional(text: Option<impl Into<String>>) -> Cell {
        match text.map(Into::into) {
            Some(text) if !text.is_empty() => Cell::Text(text),
            _ => Cell::Absent,
        }
    }

    /// The age of a time, or `-`.
    pub(crate) fn optional_age(time: Option<Timestamp>) -> Cell {
        time.map_or(Cell::Absent, Cell::Age)
    }

    /// The cell without colour, safe to print on one line.
    fn plain(&self, style: &Style) -> String {
        match self {
            Cell::Text(text) | Cell::Toned(text, _) => escape(text).into_owned(),
            Cell::Age(time) if style.terminal => time::age(*time, style.now),
            Cell::Clock(time) if style.terminal => time::clock(*time, style.now, &style.zone),
            Cell::Age(time) | Cell::Clock(time) => time.to_string(),
            Cell::Absent => "-".to_owned(),
        }
    }

    fn tone(&self) -> Option<Tone> {
        match self {
            Cell::Toned(_, tone) => Some(*tone),
            Cell::Absent => Some(Tone::Dim),
            _ => None,
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell::Text(text.into())
    }
}

/// A column: its title and, for rows that come one by one, its least width.
pub(crate) type Column = (&'static str, usize);

/// Columns and rows.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: &'static [Column],
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(columns: &'static [Column]) -> Table {
        Table { columns, rows: Vec::new() }
    }

    /// Adds a row; it has one cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells);
    }

    /// The whole table as text, each line with its end.
    pub(crate) fn render(&self, style: &Style) -> String {
        let widths = self.widths(style);
        let mut out = String::new();
        if style.headers {
            out += &header(self.columns, &widths, style);
        }
        for row in &self.rows {
            out += &line(row, &widths, style);
        }
        out
    }

    fn widths(&self, style: &Style) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .map(|(title, _)| if style.headers { title.len() } else { 0 })
            .collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.plain(style).chars().count());
            }
        }
        widths
    }
}

/// The title line of a table whose rows come one by one.
pub(crate) fn live_header(columns: &'static [Column], style: &Style) -> String {
    if style.headers { header(columns, &least_widths(columns), style) } else { String::new() }
}

/// One row of a table whose rows come one by one.
pub(crate) fn live_row(columns: &'static [Column], row: &[Cell], style: &Style) -> String {
    line(row, &least_widths(columns), style)
}

fn least_widths(columns: &[Column]) -> Vec<usize> {
    columns.iter().map(|(title, least)| title.len().max(*least)).collect()
}

fn header(columns: &[Column], widths: &[usize], style: &Style) -> String {
    let cells: Vec<Cell> = columns.iter().map(|(title, _)| Cell::from(*title)).collect();
    line(&cells, widths, style)
}

fn line(cells: &[Cell], widths: &[usize], style: &Style) -> String {
    let mut out = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let text = cell.plain(style);
        let last = index + 1 == cells.len();
        let fill = width.saturating_sub(text.chars().count());
        out += &match cell.tone() {
            Some(tone) => tone.paint(&text, style.color),
            None => text,
        };
        match (style.terminal, last) {
            (_, true) => out.push('\n'),
            (true, false) => out.extend(std::iter::repeat_n(' ', fill + 2)),
            (false, false) => out.push('\t'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[("DEVICE", 0), ("STATE", 0), ("SINCE", 0)];

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn style(terminal: bool, color: bool, headers: bool) -> Style {
        Style { terminal, color, headers, now: at(100), zone: TimeZone::UTC }
    }

    fn table() -> Table {
        let mut table = Table::new(COLUMNS);
        let since = Cell::Age(at(40));
        table.row(vec!["mx1.fra".into(), Cell::Toned("up".into(), Tone::Good), since]);
        table.row(vec!["e\u{1b}[2Jvil\t".into(), "down".into(), Cell::Absent]);
        table
    }

    #[test]
    fn a_terminal_gets_aligned_columns_and_ages() {
        let text = table().render(&style(true, false, true));
        assert_eq!(
            text,
            "DEVICE         STATE  SINCE\n\
             mx1.fra        up     60s\n\
             e\\x1b[2Jvil\\t  down   -\n"
        );
    }

    #[test]
    fn a_program_gets_tabs_and_rfc_3339_and_no_raw_tab_of_a_peer() {
        let text = table().render(&style(false, false, false));
        assert_eq!(text, "mx1.fra\tup\t1970-01-01T00:00:40Z\ne\\x1b[2Jvil\\t\tdown\t-\n");
    }

    #[test]
    fn colour_does_not_count_for_the_width() {
        let text = table().render(&style(true, true, false));
        assert!(text.starts_with("mx1.fra        \x1b[32mup\x1b[0m    60s\n"), "{text:?}");
    }

    #[test]
    fn rows_that_come_one_by_one_keep_their_columns() {
        const LIVE: &[Column] = &[("TIME", 9), ("STEP", 6), ("WHAT", 0)];
        let style = style(true, false, true);
        let row = [Cell::Clock(at(0)), "tcp".into(), "x".into()];
        assert_eq!(live_header(LIVE, &style), "TIME       STEP    WHAT\n");
        assert_eq!(live_row(LIVE, &row, &style), "00:00:00   tcp     x\n");
    }
}
