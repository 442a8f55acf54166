//! What machine and program this is: `<get-system-information>`, `<get-software-information>`,
//! `<get-chassis-inventory>`.
//!
//! Source: Junos XML API; the elements that PyEZ's facts read.

use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::RpcError;

use super::{Context, Reply};

/// The namespace of Junos's answers about the system.
const NAMESPACE: &str = "http://xml.juniper.net/junos/*/junos";

pub(super) fn information(_: &Element, context: &Context) -> Result<Reply, RpcError> {
    let system = &context.system;
    let information = Element::new("system-information")
        .with(Element::with_text("hardware-model", &system.hardware_model))
        .with(Element::with_text("os-name", &system.os_name))
        .with(Element::with_text("os-version", &system.os_version))
        .with(Element::with_text("serial-number", &system.serial_number))
        .with(Element::with_text("host-name", context.host_name()));
    Ok(Reply::element(&information.in_namespace(NAMESPACE)))
}

pub(super) fn software(_: &Element, context: &Context) -> Result<Reply, RpcError> {
    Ok(Reply::element(&software_information(context)))
}

/// A version in the only form that Junos's tools can read: `1.2.3` is `1.2R3`.
fn junos_form(version: &str) -> String {
    let mut parts = version.splitn(3, '.');
    let mut next = || {
        let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
        parts.next().map(digits).filter(|digits| !digits.is_empty()).unwrap_or_else(|| "0".into())
    };
    format!("{}.{}R{}", next(), next(), next())
}

pub(super) fn chassis(_: &Element, context: &Context) -> Result<Reply, RpcError> {
    let system = &context.system;
    let chassis = Element::new("chassis")
        .with(Element::with_text("name", "Chassis"))
        .with(Element::with_text("serial-number", &system.serial_number))
        .with(Element::with_text("description", &system.hardware_model));
    Ok(Reply::element(&Element::new("chassis-inventory").with(chassis).in_namespace(NAMESPACE)))
}

/// `<software-information>`, as `show version` prints it too.
pub(super) fn software_information(context: &Context) -> Element {
    let system = &context.system;
    let comment = format!("Homing agent [{}]", system.os_version);
    Element::new("software-information")
        .with(Element::with_text("host-name", context.host_name()))
        .with(Element::with_text("product-model", &system.hardware_model))
        .with(Element::with_text("product-name", &system.os_name))
        .with(Element::with_text("junos-version", junos_form(&system.os_version)))
        .with(
            Element::new("package-information")
                .with(Element::with_text("name", &system.os_name))
                .with(Element::with_text("comment", comment)),
        )
        .in_namespace(NAMESPACE)
}

/// The text of `show version`.
pub(super) fn version(context: &Context) -> String {
    let system = &context.system;
    format!(
        "Hostname: {}\nModel: {}\nHoming agent: {}\n",
        context.host_name(),
        system.hardware_model,
        system.os_version
    )
}
