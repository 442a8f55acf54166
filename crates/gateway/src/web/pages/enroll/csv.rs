//! A fleet as CSV: the columns, each row as a request, what is wrong with each.
//!
//! ```text
//!   name,tags,addresses,user,device_id
//!   mx1.fra,"site=fra,role=edge",gw1.example.net,,
//! ```
//!
//! Columns come in any order; `name` alone is needed. Source: RFC 4180.

use homing_proto::api::Enroll;

use super::Wanted;

/// The most rows of one file.
pub(super) const MOST: usize = 5_000;

/// A row, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Its line in the file.
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) request: Result<Enroll, String>,
}

/// Reads a file whole.
///
/// # Errors
/// It has no header with a `name`, an unknown column, or too many rows.
pub(super) fn read(text: &str, format: &str) -> Result<Vec<Row>, String> {
    let mut records = records(text.trim_start_matches('\u{feff}'))?.into_iter();
    let (_, header) = records.next().ok_or("the file is empty")?;
    let header: Vec<_> = header.iter().map(|name| name.trim().to_lowercase()).collect();
    if !header.iter().any(|name| name == "name") {
        return Err("the first line must name the columns, `name` among them".to_owned());
    }
    let known = ["name", "tags", "addresses", "user", "device_id"];
    if let Some(other) = header.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("unknown column {other:?}: expected {}", known.join(", ")));
    }
    let rows: Vec<_> = records.map(|(line, fields)| row(line, &header, &fields, format)).collect();
    match rows.len() {
        0 => Err("the file has no row after its header".to_owned()),
        count if count > MOST => Err(format!("the file has {count} rows, more than {MOST}")),
        _ => Ok(distinct(rows)),
    }
}

fn row(line: usize, header: &[String], fields: &[String], format: &str) -> Row {
    let of = |column: &str| {
        let at = header.iter().position(|name| name == column);
        at.and_then(|at| fields.get(at)).cloned().unwrap_or_default()
    };
    let name = of("name").trim().to_owned();
    let wanted = Wanted {
        name: name.clone(),
        device_id: of("device_id"),
        user: of("user"),
        tags: of("tags"),
        addresses: of("addresses"),
        format: format.to_owned(),
        rotate: String::new(),
    };
    let request = match fields.len() > header.len() {
        true => Err(format!("{} fields, but {} columns", fields.len(), header.len())),
        false => wanted.request(),
    };
    Row { line, name, request }
}

/// A name that stands twice is wrong where it stands again.
fn distinct(mut rows: Vec<Row>) -> Vec<Row> {
    let mut seen = std::collections::HashMap::new();
    for row in &mut rows {
        if let Some(first) = seen.insert(row.name.clone(), row.line)
            && row.request.is_ok()
        {
            row.request = Err(format!("the name stands in line {first} already"));
        }
    }
    rows
}

/// The fields of each line that holds any, with the line's number.
fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, String> {
    let (mut all, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun, mut is_quoted) = (1, 1, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if field.is_empty() => is_quoted = true,
            letter if is_quoted => field.push(letter),
            ',' | ';' | '\t' => fields.push(std::mem::take(&mut field)),
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' => {
                fields.push(std::mem::take(&mut field));
                let record = std::mem::take(&mut fields);
                if record.iter().any(|field| !field.trim().is_empty()) {
                    all.push((begun, record));
                }
                begun = line;
            }
            letter => field.push(letter),
        }
    }
    if is_quoted {
        return Err(format!("a quotation that begins in line {begun} does not end"));
    }
    fields.push(field);
    if fields.iter().any(|field| !field.trim().is_empty()) {
        all.push((begun, fields));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_become_requests_and_each_mistake_has_its_line() {
        let text =
            "Name,tags,addresses\r\nmx1,\"site=fra,role=edge\",gw1\r\n\r\nmx2,fra,\nmx1,,\n<b>,,\n";
        let rows = read(text, "set").unwrap();
        let told: Vec<_> =
            rows.iter().map(|row| (row.line, row.name.as_str(), row.request.is_ok())).collect();
        assert_eq!(
            told,
            [(2, "mx1", true), (4, "mx2", false), (5, "mx1", false), (6, "<b>", false)]
        );
        let request = rows[0].request.as_ref().unwrap();
        assert_eq!((request.tags.len(), request.addresses.len()), (2, 1));
        assert!(rows[2].request.as_ref().unwrap_err().contains("line 2"));
    }

    #[test]
    fn a_file_that_is_none_says_what_is_expected() {
        for (text, words) in [
            ("", "empty"),
            ("mx1\nmx2\n", "name the columns"),
            ("name,colour\nmx1,red\n", "unknown column \"colour\""),
            ("name\n", "no row"),
            ("name\n\"mx1\n", "does not end"),
        ] {
            let error = read(text, "set").unwrap_err();
            assert!(error.contains(words), "{text:?}: {error}");
        }
        let many: String = (0..=MOST).map(|number| format!("d{number}\n")).collect();
        assert!(read(&format!("name\n{many}"), "set").unwrap_err().contains("more than"));
    }

    proptest! {
        #[test]
        fn quoted_fields_survive(fields in proptest::collection::vec("[a-z\",;\n ]{1,12}", 1..5)) {
            prop_assume!(fields.iter().any(|field| !field.trim().is_empty()));
            let quoted: Vec<_> =
                fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            let found = records(&format!("{}\n", quoted.join(","))).unwrap();
            prop_assert_eq!(&found[0].1, &fields);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = read(&text, "set");
        }
    }
}
