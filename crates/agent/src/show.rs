//! `homing-agent show`: what Junos's `show system services outbound-ssh clients` would print.
//!
//! Source: Junos, *show system services outbound-ssh clients* (brief and detail).

use std::fmt::Write as _;

use crate::report::{ClientReport, RetryTimeout};
use crate::status::ConnectionStatus;

/// How secrets are shown, in Junos's own words.
const SECRET: &str = "/* SECRET-DATA */";

/// One line per client, in columns.
pub(crate) fn brief(clients: &[ClientReport]) -> String {
    if clients.is_empty() {
        return "No active outbound-ssh client is configured.\n".to_owned();
    }
    let heading = ["Client", "Device-id", "Server", "Status", "Uptime"].map(str::to_owned);
    let mut rows = vec![heading];
    rows.extend(clients.iter().map(row));
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..5).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for (row, client) in rows.iter().zip(std::iter::once(None).chain(clients.iter().map(Some))) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
        if let Some(why) = client.and_then(trouble) {
            let _ = writeln!(text, "  {why}");
        }
    }
    text
}

/// Everything about each client.
pub(crate) fn detail(clients: &[ClientReport]) -> String {
    if clients.is_empty() {
        return brief(clients);
    }
    clients.iter().map(paragraph).collect::<Vec<_>>().join("\n")
}

fn row(client: &ClientReport) -> [String; 5] {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    [
        client.client.clone(),
        or_dash(&client.device_id),
        or_dash(&client.server),
        client.status.as_str().to_owned(),
        client.uptime_seconds.map_or_else(|| "-".to_owned(), uptime),
    ]
}

/// What keeps the client from being connected, and when it goes on.
fn trouble(client: &ClientReport) -> Option<String> {
    let why = client.last_error.as_ref()?;
    match (client.status, client.next_attempt_seconds) {
        (ConnectionStatus::Connected, _) => None,
        (_, Some(seconds)) => Some(format!("{why}; next attempt in {seconds} s")),
        _ => Some(why.clone()),
    }
}

fn paragraph(client: &ClientReport) -> String {
    let mut text = format!("Client: {}\n", client.client);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name}: {value}");
    };
    let optional = [("Device-id", &client.device_id), ("Server", &client.server)];
    for (name, value) in optional {
        if let Some(value) = value {
            line(name, value);
        }
    }
    line("Connection status", client.status.as_str());
    if let Some(seconds) = client.uptime_seconds {
        line("Connection uptime", &uptime(seconds));
    }
    if let Some(why) = trouble(client) {
        line("Reason", &why);
    }
    if client.status == ConnectionStatus::Stopped {
        return text;
    }
    if client.attempts > 0 && client.status != ConnectionStatus::Connected {
        line("Attempts", &client.attempts.to_string());
    }
    line("Secret", if client.has_secret { SECRET } else { "none" });
    line("Keep-alive", &client.keep_alive.map_or_else(|| "none".to_owned(), retry_timeout));
    line("Reconnect-strategy", client.reconnect_strategy.as_deref().unwrap_or("in-order"));
    let services = client.services.join(", ");
    line("Services", if services.is_empty() { "none" } else { &services });
    if let Some(instance) = &client.routing_instance {
        line("Routing-instance", instance);
    }
    line("SSH server", client.ssh_server.as_deref().unwrap_or("none"));
    for server in &client.servers {
        let pace = RetryTimeout { retry: server.retry, timeout: server.timeout };
        line("Configured server", &format!("{}, {}", server.name(), retry_timeout(pace)));
    }
    text
}

fn retry_timeout(pair: RetryTimeout) -> String {
    format!("retry {}, timeout {} s", pair.retry, pair.timeout)
}

/// `04:05:06`, or `3d 04:05:06`.
pub(crate) fn uptime(seconds: u64) -> String {
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    match seconds / 86_400 {
        0 => clock,
        days => format!("{days}d {clock}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ServerReport;

    fn connected() -> ClientReport {
        ClientReport {
            client: "mist".into(),
            device_id: Some("org.0011".into()),
            status: ConnectionStatus::Connected,
            server: Some("gw.example.net:2200".into()),
            uptime_seconds: Some(3 * 86_400 + 3_661),
            next_attempt_seconds: None,
            attempts: 1,
            last_error: None,
            has_secret: true,
            keep_alive: Some(RetryTimeout { retry: 12, timeout: 5 }),
            reconnect_strategy: Some("sticky".into()),
            services: vec!["netconf".into()],
            servers: vec![ServerReport {
                address: "2001:db8::1".into(),
                port: 2200,
                retry: 1000,
                timeout: 60,
            }],
            routing_instance: Some("mgmt".into()),
            ssh_server: Some("openssh".into()),
        }
    }

    fn waiting() -> ClientReport {
        ClientReport {
            client: "lab".into(),
            status: ConnectionStatus::Waiting,
            uptime_seconds: None,
            next_attempt_seconds: Some(12),
            attempts: 4,
            last_error: Some("192.0.2.1:2200: Connection refused".into()),
            has_secret: false,
            ..connected()
        }
    }

    #[test]
    fn brief_has_a_line_per_client_and_says_what_is_wrong() {
        let expected = "\
Client  Device-id  Server               Status     Uptime
mist    org.0011   gw.example.net:2200  Connected  3d 01:01:01
lab     org.0011   gw.example.net:2200  Waiting    -
  192.0.2.1:2200: Connection refused; next attempt in 12 s
";
        assert_eq!(brief(&[connected(), waiting()]), expected);
        assert_eq!(brief(&[]), "No active outbound-ssh client is configured.\n");
    }

    #[test]
    fn detail_shows_every_setting_and_blanks_the_secret() {
        let expected = "\
Client: mist
  Device-id: org.0011
  Server: gw.example.net:2200
  Connection status: Connected
  Connection uptime: 3d 01:01:01
  Secret: /* SECRET-DATA */
  Keep-alive: retry 12, timeout 5 s
  Reconnect-strategy: sticky
  Services: netconf
  Routing-instance: mgmt
  SSH server: openssh
  Configured server: [2001:db8::1]:2200, retry 1000, timeout 60 s
";
        assert_eq!(detail(&[connected()]), expected);
        assert!(detail(&[waiting()]).contains("  Attempts: 4\n"));
    }
}
