//! What the agent answered, as a person reads it.

use crate::netconf::element::Element;

/// An `<rpc-error>`, as Junos prints one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) is_warning: bool,
    pub(super) message: String,
}

impl Complaint {
    pub(super) fn text(&self) -> String {
        let word = if self.is_warning { "warning" } else { "error" };
        format!("{word}: {}\n", self.message.trim())
    }
}

/// Every error and warning in a reply, wherever it stands.
pub(super) fn complaints(reply: &Element) -> Vec<Complaint> {
    let mut all = Vec::new();
    gather(reply, &mut all);
    all
}

fn gather(element: &Element, all: &mut Vec<Complaint>) {
    if element.name != "rpc-error" {
        return element.children.iter().for_each(|child| gather(child, all));
    }
    let is_warning = element.child_text("error-severity") == Some("warning");
    let message = element.child_text("error-message").or_else(|| element.child_text("error-tag"));
    let mut message = message.unwrap_or("no reason was given").to_owned();
    let path = element.child_text("error-path").filter(|path| path.starts_with("[edit"));
    if let Some(path) = path.filter(|path| !message.contains(*path)) {
        message = format!("{path}\n{message}");
    }
    all.push(Complaint { is_warning, message });
}

/// The text of the answer to a command or to a question for the configuration.
pub(super) fn output(reply: &Element) -> String {
    const TEXTS: [&str; 4] =
        ["output", "configuration-text", "configuration-output", "configuration-set"];
    for name in TEXTS {
        if let Some(found) = find(reply, name) {
            return ended(found.text.trim_start_matches('\n'));
        }
    }
    if reply.children.is_empty() {
        return ended(reply.text.trim_start_matches('\n'));
    }
    let mut out = String::new();
    for child in
        reply.children.iter().filter(|child| child.name != "rpc-error" && child.name != "ok")
    {
        child.clone().write(&mut out, reply.namespace.as_deref(), 0);
    }
    out
}

/// The first element of this name.
pub(super) fn find<'e>(element: &'e Element, name: &str) -> Option<&'e Element> {
    if element.name == name {
        return Some(element);
    }
    element.children.iter().find_map(|child| find(child, name))
}

fn ended(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

/// Those changes of a comparison that are at, below or around `level`.
pub(super) fn changes_at(changes: &str, level: &[String]) -> String {
    let mut out = String::new();
    let mut is_near = level.is_empty();
    for line in changes.split_inclusive('\n') {
        if let Some(place) =
            line.trim_end().strip_prefix("[edit").and_then(|it| it.strip_suffix(']'))
        {
            let place: Vec<&str> = place.split_whitespace().collect();
            is_near = place.iter().zip(level).all(|(one, other)| *one == other);
        }
        if is_near {
            out.push_str(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netconf::scan::Limits;

    fn parse(text: &str) -> Element {
        Element::parse(text.as_bytes(), Limits::default(), 1000).unwrap()
    }

    #[test]
    fn errors_and_warnings_are_found_wherever_they_stand() {
        let reply = parse(
            "<rpc-reply><commit-results><rpc-error><error-severity>warning</error-severity>
             <error-message>\nmind the gap\n</error-message></rpc-error></commit-results>
             <rpc-error><error-tag>lock-denied</error-tag></rpc-error></rpc-reply>",
        );
        let texts: Vec<_> = complaints(&reply).iter().map(Complaint::text).collect();
        assert_eq!(texts, ["warning: mind the gap\n", "error: lock-denied\n"]);
    }

    #[test]
    fn text_is_found_in_junoss_wrappings() {
        let reply = parse(
            "<rpc-reply><configuration-information><configuration-output>\n+ a;\n</configuration-output></configuration-information></rpc-reply>",
        );
        assert_eq!(output(&reply), "+ a;\n");
        assert_eq!(output(&parse("<rpc-reply><output>\nx\n y\n</output></rpc-reply>")), "x\n y\n");
        assert_eq!(output(&parse("<rpc-reply><ok/></rpc-reply>")), "");
    }

    #[test]
    fn a_comparison_is_cut_down_to_a_level() {
        let changes = "[edit system]\n+  host-name x;\n[edit interfaces]\n-  a;\n[edit system login user b]\n+  c;\n";
        let level = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(changes_at(changes, &level("interfaces")), "[edit interfaces]\n-  a;\n");
        assert!(!changes_at(changes, &level("system login user a")).contains("+  c;"));
        assert_eq!(changes_at(changes, &[]), changes);
    }
}
