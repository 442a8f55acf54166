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
use super::error::{ErrorTag, ErrorType, RpcError};

/// The element that names an entry of a list in Junos's trees.
const KEY: &str = "name";

/// The most elements of one filter: each is compared with all of the data that stands as deep.
pub const MOST: usize = 1_000;

/// Whether a filter has few enough elements.
///
/// # Errors
/// `<rpc-error>` with the tag `too-big`.
pub fn check(filter: &[Element]) -> Result<(), RpcError> {
    fn count(filter: &[Element], so_far: usize) -> usize {
        filter.iter().fold(so_far, |all, each| match all {
            ..=MOST => count(&each.children, all + 1),
            _ => all,
        })
    }
    if count(filter, 0) <= MOST {
        return Ok(());
    }
    let message = format!("a filter has at most {MOST} elements");
    Err(RpcError::new(ErrorType::Protocol, ErrorTag::TooBig, message))
}

/// The part of `data`, a list of siblings, that the elements of `filter` select.
///
/// No filter elements select nothing.
pub fn select(filter: &[Element], data: &[Element]) -> Vec<Element> {
    let mut steps = 0;
    data.iter().filter_map(|own| Some(mark_by_any(filter, own, &mut steps)?.copy(own))).collect()
}

/// What is selected of one element; copied when all of the filter has had its say.
enum Mark {
    Whole,
    /// Of each child, in their order, what is selected.
    Parts(Vec<Option<Mark>>),
}

impl Mark {
    /// What stands in either.
    fn join(&mut self, other: Mark) {
        match (&mut *self, other) {
            (Mark::Whole, _) => {}
            (_, Mark::Whole) => *self = Mark::Whole,
            (Mark::Parts(mine), Mark::Parts(theirs)) => {
                for (mine, theirs) in mine.iter_mut().zip(theirs) {
                    join(mine, theirs);
                }
            }
        }
    }

    fn copy(&self, data: &Element) -> Element {
        let Mark::Parts(parts) = self else { return data.clone() };
        let parts = data.children.iter().zip(parts);
        let children = parts.filter_map(|(own, mark)| Some(mark.as_ref()?.copy(own)));
        Element { children: children.collect(), ..shallow(data) }
    }
}

fn join(into: &mut Option<Mark>, other: Option<Mark>) {
    match (into, other) {
        (Some(mine), Some(theirs)) => mine.join(theirs),
        (mine @ None, other) => *mine = other,
        (Some(_), None) => {}
    }
}

/// What the filter's siblings select of one element, put together; `steps` counts comparisons.
fn mark_by_any<'f>(
    filter: impl IntoIterator<Item = &'f Element>,
    data: &Element,
    steps: &mut usize,
) -> Option<Mark> {
    let mut mark = None;
    for filter in filter {
        join(&mut mark, mark_one(filter, data, steps));
        if matches!(mark, Some(Mark::Whole)) {
            break;
        }
    }
    mark
}

fn mark_one(filter: &Element, data: &Element, steps: &mut usize) -> Option<Mark> {
    *steps += 1;
    if !names_match(filter, data) {
        return None;
    }
    if filter.children.is_empty() {
        return is_selection(filter).then_some(Mark::Whole);
    }
    let (matches, rest): (Vec<_>, Vec<_>) =
        filter.children.iter().partition(|child| is_content_match(child));
    let holds = |wanted: &&Element| data.children.iter().any(|own| has_content(wanted, own));
    if !matches.iter().all(holds) {
        return None;
    }
    if rest.is_empty() {
        return Some(Mark::Whole);
    }
    let is_key = |own: &Element| own.name == KEY && own.children.is_empty();
    let mut found = !matches.is_empty();
    let mut parts = Vec::with_capacity(data.children.len());
    for own in &data.children {
        let inner = mark_by_any(rest.iter().copied(), own, steps);
        found |= inner.is_some();
        let matched = || matches.iter().any(|wanted| has_content(wanted, own));
        parts.push(inner.or_else(|| (is_key(own) || matched()).then_some(Mark::Whole)));
    }
    found.then_some(Mark::Parts(parts))
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
    fn a_filter_of_too_many_elements_is_refused() {
        let filter = |count| parse_most(&format!("<f><a>{}</a></f>", "<b/>".repeat(count)));
        assert!(check(&filter(MOST - 1).children).is_ok());
        let error = check(&filter(MOST).children).unwrap_err();
        assert_eq!(error.tag, ErrorTag::TooBig);
    }

    #[test]
    fn a_filter_that_says_the_same_often_costs_as_much_as_one_that_says_it_once() {
        let entry = "<client><name>a</name></client>";
        let data = parse_most(&format!("<configuration>{}</configuration>", entry.repeat(300)));
        let steps = |filter: &str| {
            let (filter, mut steps) = (parse_most(&format!("<f>{filter}</f>")), 0);
            assert!(mark_by_any(&filter.children, &data, &mut steps).is_some());
            steps
        };
        assert_eq!(steps("<configuration/>"), steps(&"<configuration/>".repeat(900)));
        let inside =
            |count| steps(&format!("<configuration>{}</configuration>", "<client/>".repeat(count)));
        assert_eq!(inside(1), inside(900));
    }

    fn parse_most(text: &str) -> Element {
        Element::parse(text.as_bytes(), Limits::default(), 100_000).unwrap()
    }

    #[test]
    fn only_a_foreign_namespace_counts() {
        assert_ne!(selected("<configuration xmlns='u'><system/></configuration>"), "");
        assert_eq!(selected("<configuration xmlns='v'><system/></configuration>"), "");
        let base = "<configuration xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><system/></configuration>";
        assert_ne!(selected(base), "");
    }
}
