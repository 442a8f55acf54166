//! Where the front door is, and how it proves itself.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use homing_proto::api::Status;

use crate::client::Target;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::verbs::Context;

/// The port where a front door is expected.
const PORT: u16 = 2022;

/// The front door of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Door {
    /// Where it is.
    pub(super) place: Place,
    /// Its host key, `TYPE BASE64`; none: the gateway could not be asked, and one's own `known_hosts` decides.
    pub(super) key: Option<DoorKey>,
}

/// The host key of the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DoorKey {
    /// `TYPE BASE64`
    pub(super) text: String,
    /// `SHA256:…`
    pub(super) fingerprint: String,
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// A name or an address, without brackets.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
}

impl Door {
    /// Asks the gateway where its door is, unless `told` says so.
    ///
    /// # Errors
    /// When the gateway cannot be asked and `told` says nothing, or it has no front door.
    pub(super) async fn find(told: Option<&Place>, context: &Context) -> Result<Door, Failure> {
        let status: Status = match (context.client.get(&Target::new(&["status"])).await, told) {
            (Ok(status), _) => status,
            (Err(failure), Some(place)) if failure.exit == Exit::Unreachable => {
                context.output.note("homing: the gateway's API is not reachable: its host key is checked by known_hosts");
                return Ok(Door { place: place.clone(), key: None });
            }
            (Err(failure), _) => return Err(failure),
        };
        let front = &status.front_door;
        let place = match told {
            Some(place) => place.clone(),
            None => reachable(&front.addresses, context.client.host())?,
        };
        // The key alone: a comment could hold anything.
        let text = front.host_key.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        let key = DoorKey { text, fingerprint: front.fingerprint.clone() };
        Ok(Door { place, key: Some(key) })
    }

    /// The name under which its key is known, whatever host and port lead to it.
    pub(super) fn alias(&self) -> String {
        let print = self.key.as_ref().map_or("", |key| &key.fingerprint);
        let print = print.strip_prefix("SHA256:").unwrap_or(print);
        let letters: String = print.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        format!("homing-door-{}", letters.to_ascii_lowercase())
    }
}

/// The first address, as it is reached from here: `gateway` is the host that the API was asked at.
fn reachable(addresses: &[String], gateway: Option<&str>) -> Result<Place, Failure> {
    let Some(first) = addresses.first() else {
        return Err(Failure::new(
            Exit::Failed,
            "no-front-door",
            "this gateway has no front door open",
        )
        .hint("`listen` of [front_door] in gateway.toml"));
    };
    let Ok(address) = first.parse::<SocketAddr>() else {
        return first.parse().map_err(Failure::usage);
    };
    let host = match (address.ip().is_unspecified(), gateway) {
        (true, Some(gateway)) => gateway.to_owned(),
        (true, None) => "127.0.0.1".to_owned(),
        (false, _) => address.ip().to_string(),
    };
    Ok(Place { host, port: address.port() })
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        let expected = || format!("expected HOST or HOST:PORT, not `{text}`");
        if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Place { host: ip.to_string(), port: PORT });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| expected())?),
            None => (text, PORT),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        // `-` would be taken for an option by what is run.
        let is_host =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'%');
        match !host.is_empty() && !host.starts_with('-') && host.bytes().all(is_host) {
            true => Ok(Place { host: host.to_owned(), port }),
            false => Err(expected()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn door() -> Door {
        let key = DoorKey {
            text: "ssh-ed25519 AAAA".into(),
            fingerprint: "SHA256:aB/c+9xyzxyzxyz".into(),
        };
        Door { place: Place { host: "gw.example.net".into(), port: 2022 }, key: Some(key) }
    }

    fn place(text: &str) -> String {
        text.parse::<Place>().map_or_else(|error| error, |place| place.to_string())
    }

    #[test]
    fn a_place_is_a_host_with_or_without_port() {
        assert_eq!(place("gw1"), "gw1:2022");
        assert_eq!(place("gw1:22"), "gw1:22");
        assert_eq!(place("2001:db8::1"), "[2001:db8::1]:2022");
        assert_eq!(place("[2001:db8::1]:22"), "[2001:db8::1]:22");
        for bad in ["", ":22", "gw1:x", "-oProxyCommand=x", "a b", "gw1:99999"] {
            assert!(place(bad).starts_with("expected HOST"), "{bad}");
        }
    }

    #[test]
    fn a_door_on_every_address_is_where_the_gateway_was_asked() {
        let at = |address: &str, gateway| {
            reachable(&[address.to_owned()], gateway).map(|place| place.to_string())
        };
        assert_eq!(at("[::]:2022", Some("gw1")), Ok("gw1:2022".into()));
        assert_eq!(at("0.0.0.0:2022", None), Ok("127.0.0.1:2022".into()));
        assert_eq!(at("192.0.2.1:22", Some("gw1")), Ok("192.0.2.1:22".into()));
        assert_eq!(reachable(&[], None).unwrap_err().code, "no-front-door");
    }

    #[test]
    fn the_alias_is_a_plain_word_of_the_key() {
        assert_eq!(door().alias(), "homing-door-abc9xyzxyzxy");
    }
}
