//! Where the connections stand: `<get-outbound-ssh-service-information>`.
//!
//! Source: Junos, *show system services outbound-ssh clients* (23.4 and later).

use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::RpcError;

use super::{Answer, Context, Reply, only};
use crate::report::ClientReport;
use crate::show;
use crate::status::ClientStatus;

/// The elements that may name one client.
const CLIENT: [&str; 3] = ["client-id", "client-name", "outbound-ssh-client-name"];

pub(super) fn information(operation: &Element, context: &Context) -> Answer {
    only(operation, &["client-id", "client-name", "outbound-ssh-client-name", "brief", "detail"])?;
    let wanted = CLIENT.iter().find_map(|name| operation.child_text(name));
    let clients = named(context, wanted)?;
    let owned: Vec<ClientReport> = clients.iter().map(|client| (*client).clone()).collect();
    let in_detail = operation.child("detail").is_some();
    let text = if in_detail { show::detail(&owned) } else { show::brief(&owned) };
    Ok(Reply::Printed(service_information(&clients), text))
}

/// All clients, or the one of this name.
fn named<'a>(
    context: &'a Context,
    wanted: Option<&str>,
) -> Result<Vec<&'a ClientReport>, RpcError> {
    let is_wanted = |client: &&ClientReport| wanted.is_none_or(|wanted| client.client == wanted);
    let clients: Vec<_> = context.clients.iter().filter(is_wanted).collect();
    match wanted {
        Some(wanted) if clients.is_empty() => {
            let message = format!("there is no outbound-ssh client {wanted}");
            Err(RpcError::bad_element("client-id", message))
        }
        _ => Ok(clients),
    }
}

/// `<outbound-ssh-service-information>`.
fn service_information(clients: &[&ClientReport]) -> Element {
    let mut all = Element::new("outbound-ssh-service-information");
    all.children.extend(clients.iter().map(|client| one(&client.to_status())));
    all
}

fn one(client: &ClientStatus) -> Element {
    let leaf = |name: &str, text: &str| Element::with_text(&format!("outbound-ssh-{name}"), text);
    let uptime = client.uptime.map(|uptime| show::uptime(uptime.as_secs()));
    Element::new("outbound-ssh-client")
        .with(leaf("client-name", &client.client))
        .with(leaf("server-info", client.server.as_deref().unwrap_or_default()))
        .with(leaf("connection-status", client.status.as_str()))
        .with(leaf("connection-uptime", &uptime.unwrap_or_default()))
        .with(leaf("device-id", &client.device_id))
        .with(leaf("proxy-info", client.proxy.as_deref().unwrap_or_default()))
}
