//! The file that `sshd -f` is given: the system's own settings, after those of the client stanza.
//!
//! ```text
//!   ClientAliveInterval 15            keep-alive timeout     (sshd takes the first value it meets)
//!   ClientAliveCountMax 3             keep-alive retry
//!   Subsystem netconf …               only with `services netconf`
//!   … the system's sshd_config, without its own `Subsystem netconf` …
//! ```
//!
//! Source: sshd_config(5).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use homing_proto::dialer::keep_alive;

/// What the stanza and the agent's settings ask of sshd.
#[derive(Clone, Debug)]
pub(crate) struct Directives {
    pub(crate) keep_alive: Option<keep_alive::Settings>,
    /// `services netconf`.
    pub(crate) netconf: bool,
    /// Nothing but NETCONF on the connection.
    pub(crate) netconf_only: bool,
    /// The agent's program, which speaks NETCONF for the subsystem.
    pub(crate) program: PathBuf,
    /// The socket on which it finds the running agent.
    pub(crate) socket: PathBuf,
    /// The client whose connection it is, as [`plain_name`] writes it.
    pub(crate) client: Option<String>,
}

/// A path that can't stand in a command line of sshd_config, which knows no quoting there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}`: OpenSSH can't be given a path with other characters than letters, digits and `/._+-`",
    .0.display()
)]
pub(crate) struct UnfitPath(PathBuf);

/// Writes the configuration for one client's connections.
pub(super) fn compose(
    client: &str,
    directives: &Directives,
    system: &str,
) -> Result<String, UnfitPath> {
    let name: String = client.chars().filter(|c| !c.is_control()).collect();
    let mut text = format!(
        "# For outbound-ssh client {name}, made by homing-agent at each connection.\n\
         # The system's own settings follow; change those, not this file.\n"
    );
    if let Some(settings) = directives.keep_alive {
        let (timeout, retry) = (settings.timeout.as_secs(), settings.retry.max(1));
        let _ = write!(text, "ClientAliveInterval {timeout}\nClientAliveCountMax {retry}\n");
    }
    if directives.netconf {
        let _ = writeln!(text, "Subsystem netconf {}", netconf_command(directives)?);
    }
    if directives.netconf_only {
        let _ = write!(
            text,
            "ForceCommand {} --forced\nPermitTTY no\nDisableForwarding yes\nPermitUserRC no\n",
            netconf_command(directives)?
        );
    }
    let own = directives
        .client
        .as_ref()
        .map(|client| format!("{}={client}", crate::cli::console::CLIENT_VARIABLE));
    // sshd takes the first `SetEnv` that applies: what we set stands in each of the system's.
    let before_match = system.lines().take_while(|line| !is_keyword(line, "match"));
    let has_own = before_match.clone().any(|line| is_keyword(line, "setenv"));
    if let Some(own) = own.as_ref().filter(|_| !has_own) {
        let _ = writeln!(text, "SetEnv {own}");
    }
    for line in system.lines().filter(|line| !is_netconf_subsystem(line)) {
        match (&own, setenv_values(line)) {
            (Some(own), Some(values)) => {
                let _ = writeln!(text, "SetEnv {own} {values}");
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    Ok(text)
}

/// What a `SetEnv` line sets.
fn setenv_values(line: &str) -> Option<&str> {
    let blank = |c: char| " \t=".contains(c);
    let values = line.trim_start().split_once(blank).map(|(_, values)| values);
    values.filter(|_| is_keyword(line, "setenv")).map(|values| values.trim_start_matches(blank))
}

/// The command that sshd runs for the subsystem.
fn netconf_command(directives: &Directives) -> Result<String, UnfitPath> {
    let (program, socket) = (fit(&directives.program)?, fit(&directives.socket)?);
    let client = directives.client.as_ref().map(|name| format!(" --client {name}"));
    Ok(format!("{program} netconf --socket {socket}{}", client.unwrap_or_default()))
}

/// A client's name as it can stand in a command line of sshd_config: as it is, or as
/// [`CODED`] and the hexadecimal digits of its bytes.
pub(crate) fn plain_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let is_plain = !name.is_empty() && !name.starts_with(['-', '+']) && name.chars().all(plain);
    if is_plain {
        return name.to_owned();
    }
    name.bytes().fold(CODED.to_owned(), |coded, byte| format!("{coded}{byte:02x}"))
}

/// The name of which [`plain_name`] made this.
pub(crate) fn client_name(plain: &str) -> String {
    let Some(digits) = plain.strip_prefix(CODED) else { return plain.to_owned() };
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| plain.to_owned())
}

/// What stands before the digits of a name that is not plain.
const CODED: &str = "+";

/// Whether the line is a directive of this keyword, in small letters.
fn is_keyword(line: &str, keyword: &str) -> bool {
    let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
    words.next().is_some_and(|word| word.eq_ignore_ascii_case(keyword))
}

fn fit(path: &Path) -> Result<&str, UnfitPath> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._+-".contains(c);
    let text = path.to_str().filter(|text| text.starts_with('/') && text.chars().all(plain));
    text.ok_or_else(|| UnfitPath(path.to_owned()))
}

/// `Subsystem netconf …` of the system, which would collide with ours, or open NETCONF where the
/// stanza has no `services netconf`.
fn is_netconf_subsystem(line: &str) -> bool {
    let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
    let keyword = words.next().is_some_and(|word| word.eq_ignore_ascii_case("subsystem"));
    keyword && words.next().is_some_and(|name| name.trim_matches('"') == "netconf")
}

/// The file's name: the client's, as far as it is plain, and a sum over all of it.
pub(super) fn file_name(client: &str) -> String {
    let plain: String = client
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "_-".contains(*c))
        .take(40)
        .collect();
    // FNV-1a: names must differ where clients differ, and stay the same from start to start.
    let sum = client.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{plain}-{sum:016x}.conf")
}

/// The privilege separation directory that sshd complains to miss, if it is one that a start
/// script may make.
pub(super) fn missing_directory(complaint: &str) -> Option<&Path> {
    const WORDS: &str = "Missing privilege separation directory: ";
    let name = complaint.lines().find_map(|line| line.trim().strip_prefix(WORDS))?;
    let is_plain = |part: &str| !part.is_empty() && part != ".." && part != ".";
    name.strip_prefix("/run/").filter(|rest| rest.split('/').all(is_plain)).map(|_| Path::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directives() -> Directives {
        Directives {
            keep_alive: Some(keep_alive::Settings::default()),
            netconf: true,
            netconf_only: false,
            program: "/usr/bin/homing-agent".into(),
            socket: "/var/lib/homing-agent/netconf.sock".into(),
            client: None,
        }
    }

    #[test]
    fn the_stanzas_settings_stand_before_the_systems() {
        let text = compose("mist", &directives(), "UsePAM yes\nClientAliveInterval 600\n").unwrap();
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = [
            "ClientAliveInterval 15",
            "ClientAliveCountMax 3",
            "Subsystem netconf /usr/bin/homing-agent netconf --socket /var/lib/homing-agent/netconf.sock",
            "UsePAM yes",
            "ClientAliveInterval 600",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn without_services_netconf_the_systems_own_subsystem_is_closed_too() {
        let system = "subsystem\tnetconf /opt/netconf\nSubsystem sftp internal-sftp\n";
        let bare = Directives { netconf: false, keep_alive: None, ..directives() };
        let text = compose("mist", &bare, system).unwrap();
        assert!(!text.contains("netconf "), "{text}");
        assert!(text.ends_with("Subsystem sftp internal-sftp\n"));
    }

    #[test]
    fn what_runs_on_a_connection_knows_whose_it_is() {
        let named = Directives { client: Some(plain_name("gw-1")), ..directives() };
        let text = compose("gw-1", &named, "").unwrap();
        assert!(text.contains("netconf.sock --client gw-1\n"), "{text}");
        assert!(text.contains("SetEnv HOMING_OUTBOUND_CLIENT=gw-1\n"), "{text}");
        // sshd takes the first: the system's own must not be lost, nor win.
        let text = compose("gw-1", &named, "SetEnv A=b C=d\n").unwrap();
        let lines: Vec<_> = text.lines().filter(|line| line.contains("SetEnv")).collect();
        assert_eq!(lines, ["SetEnv HOMING_OUTBOUND_CLIENT=gw-1 A=b C=d"]);
        let text = compose("gw-1", &named, "Match User a\n  setenv A=b\n").unwrap();
        let lines: Vec<_> =
            text.lines().filter(|line| is_keyword(line, "setenv")).map(str::trim).collect();
        let expected =
            ["SetEnv HOMING_OUTBOUND_CLIENT=gw-1", "SetEnv HOMING_OUTBOUND_CLIENT=gw-1 A=b"];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_client_of_any_name_is_known_to_what_runs_on_its_connection() {
        for name in ["gw-1", "a b", "-x", "+61", "Zürich", "a\"b;c", ""] {
            let plain = plain_name(name);
            assert!(!plain.is_empty() && !plain.starts_with('-'));
            assert!(plain.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c)));
            assert_eq!(client_name(&plain), name);
        }
    }

    #[test]
    fn netconf_only_forces_it_and_forwards_nothing() {
        let text = compose("m", &Directives { netconf_only: true, ..directives() }, "").unwrap();
        assert!(text.contains("ForceCommand /usr/bin/homing-agent netconf --socket "), "{text}");
        assert!(text.contains("--forced\nPermitTTY no\nDisableForwarding yes\n"), "{text}");
    }

    #[test]
    fn a_path_that_would_need_quotes_is_refused() {
        let odd = Directives { program: "/opt/my agent".into(), ..directives() };
        assert_eq!(compose("m", &odd, ""), Err(UnfitPath("/opt/my agent".into())));
    }

    #[test]
    fn a_client_name_cannot_leave_its_line_or_its_folder() {
        let text = compose("a\nPermitRootLogin yes", &directives(), "").unwrap();
        assert!(!text.lines().any(|line| line.starts_with("PermitRootLogin")));
        assert!(!file_name("../../etc/x").contains('/'));
        assert_ne!(file_name("a/b"), file_name("ab"));
    }

    #[test]
    fn only_a_directory_under_run_is_made() {
        let complaint = |path: &str| format!("Missing privilege separation directory: {path}\r\n");
        assert_eq!(missing_directory(&complaint("/run/sshd")), Some(Path::new("/run/sshd")));
        assert_eq!(missing_directory(&complaint("/run/../etc")), None);
        assert_eq!(missing_directory(&complaint("/var/empty")), None);
        assert_eq!(missing_directory("no hostkeys available -- exiting."), None);
    }
}
