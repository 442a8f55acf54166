//! Subtree filters: the part of a tree that a request asks for.
//!
//! ```text
//!   <servers/>                         selection: all of it
//!   <client><name>a</name></client>    content match: clients whose name is a, all of each
//!   <client><device-id/></client>      containment: of each client its device-id (and its name)
//! ```
//!
//! Namespaces are compared only where the filter gives one other than NETCONF's own: Junos does the
//! same, and its clients rely on it. The key `name` of an entry comes along with what is selected in
//! it, as RFC 6241 allows.
//!
//! Source: RFC 6241, section 6.

use super::BASE_NAMESPACE;
use super::element::Element;

/// The element that names an entry of a list in Junos's trees.
const KEY: &str = "name";

/// The part of `data`, a list of siblings, that the elements of `filter` select.
///
/// No filter elements select nothing.
pub fn select(filter: &[Element], data: &[Element]) -> Vec<Element> {
    data.iter().filter_map(|element| select_by_any(filter, element)).collect()
}

/// What the filter's siblings select of one element, put together.
fn select_by_any(filter: &[Element], data: &Element) -> Option<Element> {
    let mut selected = filter.iter().filter_map(|filter| select_one(filter, data));
    let first = selected.next()?;
    Some(selected.fold(first, |all, more| merge(data, &all, &more)))
}

fn select_one(filter: &Element, data: &Element) -> Option<Element> {
    if !names_match(filter, data) {
        return None;
    }
    if filter.children.is_empty() {
        return is_selection(filter).then(|| data.clone());
    }
    let (matches, rest): (Vec<_>, Vec<_>) =
        filter.children.iter().partition(|child| is_content_match(child));
    let holds = |wanted: &&Element| data.children.iter().any(|own| has_content(wanted, own));
    if !matches.iter().all(holds) {
        return None;
    }
    if rest.is_empty() {
        return Some(data.clone());
    }
    let is_key = |own: &Element| own.name == KEY && own.children.is_empty();
    let (mut children, mut found) = (Vec::new(), !matches.is_empty());
    for own in &data.children {
        let inner = rest.iter().filter_map(|filter| select_one(filter, own));
        let inner = inner.reduce(|all, more| merge(own, &all, &more));
        found |= inner.is_some();
        let matched = || matches.iter().any(|wanted| has_content(wanted, own));
        children.extend(inner.or_else(|| (is_key(own) || matched()).then(|| own.clone())));
    }
    found.then(|| Element { children, ..shallow(data) })
}

/// Two selections of one element: what stands in either, in the element's order.
fn merge(data: &Element, one: &Element, other: &Element) -> Element {
    let (mut ones, mut others) = (one.children.iter().peekable(), other.children.iter().peekable());
    let mut children = Vec::new();
    for own in &data.children {
        let mine = ones.next_if(|child| same_entry(child, own));
        let theirs = others.next_if(|child| same_entry(child, own));
        match (mine, theirs) {
            (Some(mine), Some(theirs)) => children.push(merge(own, mine, theirs)),
            (Some(only), None) | (None, Some(only)) => children.push(only.clone()),
            (None, None) => {}
        }
    }
    Element { children, ..shallow(data) }
}

/// Whether `part`, a selection of some sibling of `whole`, was made of `whole`.
fn same_entry(part: &Element, whole: &Element) -> bool {
    part.name == whole.name
        && part.text == whole.text
        && part.attributes == whole.attributes
        && part.child_text(KEY) == whole.child_text(KEY)
}

fn shallow(data: &Element) -> Element {
    Element {
        name: data.name.clone(),
        namespace: data.namespace.clone(),
        attributes: data.attributes.clone(),
        children: Vec::new(),
        text: data.text.clone(),
    }
}

fn names_match(filter: &Element, data: &Element) -> bool {
    let namespace = filter.namespace.as_deref().filter(|own| *own != BASE_NAMESPACE);
    let attributes = filter.attributes.iter().filter(|(name, _)| !name.starts_with("xmlns"));
    filter.name == data.name
        && namespace.is_none_or(|own| data.namespace.as_deref() == Some(own))
        && attributes.into_iter().all(|wanted| data.attributes.contains(wanted))
}

fn is_selection(filter: &Element) -> bool {
    filter.children.is_empty() && filter.text.trim().is_empty()
}

fn is_content_match(filter: &Element) -> bool {
    filter.children.is_empty() && !filter.text.trim().is_empty()
}

fn has_content(wanted: &Element, own: &Element) -> bool {
    names_match(wanted, own) && own.children.is_empty() && own.text.trim() == wanted.text.trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netconf::scan::Limits;

    const DATA: &str = "<configuration xmlns='u'><system><host-name>r1</host-name><services><ssh/>\
        <client><name>a</name><device-id>1</device-id><port>5</port></client>\
        <client><name>b</name><device-id>2</device-id><port>5</port></client>\
        </services></system><chassis/></configuration>";

    fn parse(text: &str) -> Element {
        Element::parse(text.as_bytes(), Limits::default(), 100).unwrap()
    }

    /// What the filter selects, as text without the outer elements' noise.
    fn selected(filter: &str) -> String {
        let filter = parse(&format!("<filter>{filter}</filter>"));
        let mut out = String::new();
        for element in select(&filter.children, &[parse(DATA)]) {
            element.write(&mut out, Some("u"), 0);
        }
        out.replace(['\n', ' '], "")
    }

    fn services(inner: &str) -> String {
        format!("<configuration><system><services>{inner}</services></system></configuration>")
    }

    #[test]
    fn an_empty_filter_selects_nothing_and_an_empty_element_all() {
        assert_eq!(selected(""), "");
        assert!(selected("<configuration/>").ends_with("<chassis/></configuration>"));
        assert_eq!(
            selected("<configuration><chassis/></configuration>"),
            "<configuration><chassis/></configuration>"
        );
    }

    #[test]
    fn a_content_match_selects_entries() {
        let b = "<client><name>b</name><device-id>2</device-id><port>5</port></client>";
        assert_eq!(selected(&services("<client><name>b</name></client>")), services(b));
        assert_eq!(
            selected(&services("<client><name>\n b </name><device-id/></client>")),
            services("<client><name>b</name><device-id>2</device-id></client>")
        );
        assert_eq!(selected(&services("<client><name>c</name></client>")), "");
        assert_eq!(selected(&services("<client><name>a</name><port>6</port></client>")), "");
    }

    #[test]
    fn selected_leaves_bring_their_entry_s_name() {
        assert_eq!(
            selected(&services("<client><port/></client>")),
            services(
                "<client><name>a</name><port>5</port></client><client><name>b</name><port>5</port></client>"
            )
        );
        assert_eq!(selected(&services("<client><missing/></client>")), "");
    }

    #[test]
    fn several_filters_are_put_together() {
        let filter = services(
            "<client><name>a</name><port/></client><client><name>b</name><device-id/></client>",
        );
        assert_eq!(
            selected(&filter),
            services(
                "<client><name>a</name><port>5</port></client>\
                 <client><name>b</name><device-id>2</device-id></client>"
            )
        );
        let twice =
            services("<ssh/>") + "<configuration><system><host-name/></system></configuration>";
        assert_eq!(
            selected(&twice),
            "<configuration><system><host-name>r1</host-name><services><ssh/></services></system></configuration>"
        );
    }

    #[test]
    fn only_a_foreign_namespace_counts() {
        assert_ne!(selected("<configuration xmlns='u'><system/></configuration>"), "");
        assert_eq!(selected("<configuration xmlns='v'><system/></configuration>"), "");
        let base = "<configuration xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><system/></configuration>";
        assert_ne!(selected(base), "");
    }
}
