//! The configuration as a user may see it: filtered, its secrets in the form that the class permits.

use std::sync::Arc;

use homing_proto::junos::{Configuration, Form};
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::RpcError;
use homing_proto::netconf::scan::Limits;
use homing_proto::netconf::subtree;

use super::access::Class;

/// The namespace of Junos's configuration.
pub(super) const NAMESPACE: &str = "http://xml.juniper.net/xnm/1.1/xnm";

/// More elements than the parser's limits let any configuration have.
const MOST_ELEMENTS: usize = 4_000_000;

/// The configuration as a user of this class may see it.
pub(super) fn visible(configuration: &Configuration, class: Class) -> Configuration {
    match class {
        Class::SuperUser => configuration.veiled(),
        _ => configuration.redacted(),
    }
}

/// What the filter selects of the configuration, as a user of this class may see it; worked out aside, for a large
/// configuration takes its time.
pub(super) async fn selected(
    configuration: &Arc<Configuration>,
    class: Class,
    filter: Option<&[Element]>,
) -> Result<Option<Element>, RpcError> {
    filter.map_or(Ok(()), subtree::check)?;
    let (configuration, filter) = (configuration.clone(), filter.map(<[Element]>::to_vec));
    aside(move || elements(&visible(&configuration, class), filter.as_deref())).await
}

/// The same in another form.
pub(super) async fn selected_text(
    configuration: &Arc<Configuration>,
    class: Class,
    filter: Option<&[Element]>,
    form: Form,
) -> Result<String, RpcError> {
    filter.map_or(Ok(()), subtree::check)?;
    let (configuration, filter) = (configuration.clone(), filter.map(<[Element]>::to_vec));
    aside(move || Ok(part(visible(&configuration, class), filter.as_deref())?.print(form))).await
}

/// Works on a thread where nobody else waits.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RpcError> + Send + 'static,
) -> Result<T, RpcError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(RpcError::operation_failed(error.to_string())))
}

/// `<configuration>` in Junos's namespace; `None` if the filter selects nothing.
pub(super) fn elements(
    visible: &Configuration,
    filter: Option<&[Element]>,
) -> Result<Option<Element>, RpcError> {
    let text = visible.print(Form::Xml);
    let root = Element::parse(text.as_bytes(), Limits::default(), MOST_ELEMENTS)
        .map_err(|error| RpcError::operation_failed(format!("configuration: {error}")))?;
    let root = root.in_namespace(NAMESPACE);
    Ok(match filter {
        None => Some(root),
        Some(filter) => subtree::select(filter, &[root]).pop(),
    })
}

/// What the filter selects of a configuration, as a configuration.
fn part(
    visible: Configuration,
    filter: Option<&[Element]>,
) -> Result<Arc<Configuration>, RpcError> {
    let Some(filter) = filter else { return Ok(Arc::new(visible)) };
    let root = elements(&visible, Some(filter))?;
    let root = root.unwrap_or_else(|| Element::new("configuration"));
    let mut xml = String::new();
    root.without_namespace().write(&mut xml, None, 0);
    let failed = |_| RpcError::operation_failed("the configuration has no such form");
    Configuration::parse_as("configuration", &xml, Form::Xml).map(Arc::new).map_err(failed)
}
