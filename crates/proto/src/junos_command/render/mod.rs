//! Answers to operational RPCs as the text that Junos prints for them.
//!
//! An answer that has no picture of its own is printed name by name, so that nothing is hidden.

mod files;
mod interfaces;
mod routes;
mod system;

use crate::netconf::element::Element;

/// The text of an answer.
pub fn render(answer: &Element) -> String {
    match answer.name.as_str() {
        "system-information" => system::information(answer),
        "software-information" => system::software(answer),
        "chassis-inventory" => system::chassis(answer),
        "route-engine-information" => system::route_engine(answer),
        "system-uptime-information" => system::uptime(answer),
        "system-users-information" => system::users(answer),
        "system-storage-information" => system::storage(answer),
        "commit-information" => system::commits(answer),
        "interface-information" => interfaces::information(answer),
        "arp-table-information" => interfaces::arp(answer),
        "route-information" => routes::information(answer),
        "route-summary-information" => routes::summary(answer),
        "outbound-ssh-service-information" => system::outbound_ssh(answer),
        "directory-list" => files::list(answer),
        "checksum-information" => files::checksum(answer),
        "ping-results" => files::ping(answer),
        "output"
        | "file-content"
        | "configuration-output"
        | "configuration-text"
        | "configuration-set" => lines(&answer.text),
        "cli"
        | "configuration-information"
        | "rollback-information"
        | "file-content-list"
        | "rescue-information" => answer.children.iter().map(render).collect(),
        "working-directory" => format!("Current directory: {}\n", answer.text),
        _ => generic(answer, 0),
    }
}

/// Text that begins on a line of its own and ends with one.
fn lines(text: &str) -> String {
    let text = text.strip_prefix('\n').unwrap_or(text);
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn generic(element: &Element, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    if element.children.is_empty() {
        return match element.text.trim() {
            "" => format!("{indent}{}\n", element.name),
            text => format!("{indent}{}: {text}\n", element.name),
        };
    }
    let inside: String = element.children.iter().map(|child| generic(child, depth + 1)).collect();
    format!("{indent}{}:\n{inside}", element.name)
}

/// The text at a path, or nothing.
fn at<'a>(element: &'a Element, path: &[&str]) -> &'a str {
    element.at(path).map_or("", |found| found.text.trim())
}

/// The children of a name.
fn all<'a>(element: &'a Element, name: &'a str) -> impl Iterator<Item = &'a Element> {
    element.children.iter().filter(move |child| child.name == name)
}

/// Rows in columns, each as wide as it must be, two blanks between them.
fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..count).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netconf::scan::Limits;

    pub(super) fn rendered(xml: &str) -> String {
        render(&Element::parse(xml.as_bytes(), Limits::default(), 1000).unwrap())
    }

    #[test]
    fn an_answer_without_a_picture_is_printed_name_by_name() {
        assert_eq!(
            rendered("<a><b>1</b><c/><d><e>2</e></d></a>"),
            "a:\n  b: 1\n  c\n  d:\n    e: 2\n"
        );
        assert_eq!(rendered("<output>\nx</output>"), "x\n");
    }

    #[test]
    fn interfaces_are_printed_one_to_a_line() {
        let xml = "<interface-information style='terse'><physical-interface><name>eth0</name>\
            <admin-status>up</admin-status><oper-status>up</oper-status><logical-interface>\
            <name>eth0.0</name><admin-status>up</admin-status><oper-status>up</oper-status>\
            <address-family><address-family-name>inet</address-family-name><interface-address>\
            <ifa-local>192.0.2.1/24</ifa-local></interface-address><interface-address>\
            <ifa-local>192.0.2.2/24</ifa-local></interface-address></address-family>\
            </logical-interface></physical-interface></interface-information>";
        assert_eq!(
            rendered(xml),
            "Interface               Admin Link Proto    Local                 Remote\n\
             eth0                    up    up\n\
             eth0.0                  up    up   inet     192.0.2.1/24\n\
             \x20                                           192.0.2.2/24\n"
        );
    }

    #[test]
    fn routes_are_printed_by_table() {
        let xml = "<route-information><route-table><table-name>inet.0</table-name>\
            <destination-count>1</destination-count><total-route-count>1</total-route-count>\
            <active-route-count>1</active-route-count><holddown-route-count>0</holddown-route-count>\
            <hidden-route-count>0</hidden-route-count><rt><rt-destination>0.0.0.0/0</rt-destination>\
            <rt-entry><active-tag>*</active-tag><protocol-name>Static</protocol-name>\
            <preference>5</preference><nh><selected-next-hop/><to>192.0.2.1</to><via>eth0</via></nh>\
            </rt-entry></rt></route-table></route-information>";
        assert_eq!(
            rendered(xml),
            "\ninet.0: 1 destinations, 1 routes (1 active, 0 holddown, 0 hidden)\n\
             + = Active Route, - = Last Active, * = Both\n\n\
             0.0.0.0/0          *[Static/5]\n                    >  to 192.0.2.1 via eth0\n"
        );
    }

    #[test]
    fn commits_are_printed_with_who_when_and_why() {
        let xml = "<commit-information><commit-history><sequence-number>0</sequence-number>\
            <user>ops</user><client>netconf</client><date-time>2026-01-02 03:04:05 UTC</date-time>\
            <log>because</log></commit-history></commit-information>";
        assert_eq!(rendered(xml), "0   2026-01-02 03:04:05 UTC by ops via netconf\n    because\n");
    }
}
