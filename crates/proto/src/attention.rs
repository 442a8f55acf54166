//! What somebody should look at, most urgent first: each with its cause and what to do.
//!
//! ```text
//!   store, certificate, devices, pending keys ──handle_*──▶ Watch ──finish──▶ [Attention]
//!
//!   nothing can be stored > no descriptors left > disk nearly full > two devices of one identity > changed key > refused for 10 minutes
//!     > certificate ends > refused a moment ago > pending > old algorithms
//! ```
//!
//! Of each kind a few are named, and the rest is counted: a storm fills no page.

use std::time::Duration;

use crate::api::{Attention, Timestamp};

/// A refusal that lasts so long is not the network's mood.
pub const REFUSED_FOR: Duration = Duration::from_secs(10 * 60);
/// A certificate that ends within this is told of.
pub const CERTIFICATE: Duration = Duration::from_secs(21 * 86_400);
/// Old algorithms that end within this are told of as soon to end.
pub const OLD_ALGORITHMS: Duration = Duration::from_secs(30 * 86_400);
/// So many of each kind are named.
pub const MOST_NAMED: usize = 10;

/// Whether a refusal says that two devices say that they are the same.
#[must_use]
pub fn is_duplicate(code: &str) -> bool {
    matches!(code, "duplicate-device" | "cloned-key" | "ambiguous-device-id" | "ambiguous-key")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Outage,
    Descriptors,
    Disk,
    CertificateOver,
    Duplicate,
    ChangedKey,
    RefusedLong,
    OldAlgorithmsOver,
    Certificate,
    Refused,
    OldAlgorithmsSoon,
    Pending,
    OldAlgorithms,
}

impl Kind {
    const COUNT: usize = 13;

    /// What those are called that are not named, and what lists them.
    fn more(self) -> Option<(&'static str, &'static str, &'static str, &'static str)> {
        Some(match self {
            Self::Duplicate | Self::RefusedLong | Self::Refused => (
                "more-refused",
                "more device is refused",
                "more devices are refused",
                "homing device ls state:refused",
            ),
            Self::ChangedKey => (
                "more-changed-keys",
                "more device came with another key",
                "more devices came with another key",
                "homing device ls has:pending",
            ),
            _ => return None,
        })
    }
}

/// A device whose last attempt was refused, or as which another one was.
#[derive(Debug, Clone, Copy)]
pub struct RefusedDevice<'a> {
    /// Its name.
    pub name: &'a str,
    /// The outcome's code.
    pub code: &'a str,
    /// What happened.
    pub message: &'a str,
    /// Since when it is refused, attempt after attempt.
    pub since: Timestamp,
}

/// Gathers what is found.
#[derive(Debug, Clone)]
pub struct Watch {
    now: Timestamp,
    found: Vec<(Kind, Attention)>,
    counts: [usize; Kind::COUNT],
    strangers: usize,
}

impl Watch {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { now, found: Vec::new(), counts: [0; Kind::COUNT], strangers: 0 }
    }

    /// Nothing can be written, for so long.
    pub fn handle_outage(&mut self, code: &str, error: &str, since: Duration, folder: &str) {
        let message = format!("nothing can be stored for {} s: {error}", since.as_secs());
        self.add(Kind::Outage, code, None, None, message, format!("df -h {folder}"));
    }

    /// As many files and sockets are open as may be: connections are turned away.
    pub fn handle_descriptors(&mut self, limit: u64) {
        let message = format!(
            "the limit of {limit} open files is reached: no further connections are taken, those in session stay"
        );
        let advice = format!("ulimit -n, or LimitNOFILE= of the service: more than {limit}");
        self.add(Kind::Descriptors, "descriptors-short", None, None, message, advice);
    }

    /// The disk is nearly full.
    pub fn handle_nearly_full(&mut self, folder: &str) {
        let message = "the disk of the data folder is nearly full".to_owned();
        self.add(Kind::Disk, "disk-nearly-full", None, None, message, format!("df -h {folder}"));
    }

    /// The certificate of the HTTP API ends at a moment.
    pub fn handle_certificate(&mut self, ends: Timestamp) {
        let left = ends.duration_since(self.now);
        let (kind, code, says) = match left {
            left if left.is_negative() => (Kind::CertificateOver, "certificate-over", "ended on"),
            left if left.unsigned_abs() <= CERTIFICATE => {
                (Kind::Certificate, "certificate-ends", "ends on")
            }
            _ => return,
        };
        let message =
            format!("the certificate of the HTTP API {says} {}", ends.strftime("%Y-%m-%d"));
        let advice =
            "renew the files of http.certificate and http.key: they are read again by themselves";
        self.add(kind, code, None, Some(ends), message, advice.to_owned());
    }

    /// Old algorithms are taken from a device until a moment.
    pub fn handle_old_algorithms(&mut self, device: &str, until: Timestamp) {
        let left = until.duration_since(self.now);
        let (kind, code, says) = match left {
            left if !left.is_positive() => (
                Kind::OldAlgorithmsOver,
                "old-algorithms-over",
                "old SSH algorithms are refused since",
            ),
            left if left.unsigned_abs() <= OLD_ALGORITHMS => (
                Kind::OldAlgorithmsSoon,
                "old-algorithms-end",
                "old SSH algorithms are taken from it only until",
            ),
            _ => (
                Kind::OldAlgorithms,
                "old-algorithms",
                "old SSH algorithms are taken from it until",
            ),
        };
        let message = format!("{device}: {says} {until}");
        let advice = "update the device, then take it out of old_algorithms".to_owned();
        self.add(kind, code, Some(device), Some(until), message, advice);
    }

    /// A device is refused.
    pub fn handle_refused(&mut self, device: RefusedDevice<'_>) {
        let RefusedDevice { name, code, message, since } = device;
        let lasts = self.now.duration_since(since);
        let is_long = lasts.is_positive() && lasts.unsigned_abs() >= REFUSED_FOR;
        let kind = match is_long {
            _ if is_duplicate(code) => Kind::Duplicate,
            true => Kind::RefusedLong,
            false => Kind::Refused,
        };
        if self.is_full(kind) {
            return;
        }
        let lasts = match is_long {
            true => format!(", for {}", words(lasts.unsigned_abs())),
            false => String::new(),
        };
        let message = format!("{name}: {message}{lasts}");
        let advice = format!("homing device log {name}");
        self.add(kind, code, Some(name), Some(since), message, advice);
    }

    /// A device that is enrolled came with a key that nobody accepted.
    pub fn handle_changed_key(&mut self, name: &str, fingerprint: &str, since: Timestamp) {
        if self.is_full(Kind::ChangedKey) {
            return;
        }
        let message = format!("{name}: it came with another host key, {fingerprint}");
        let advice = format!("homing device show {name}, then homing device accept {name}");
        self.add(Kind::ChangedKey, "key-changed", Some(name), Some(since), message, advice);
    }

    /// A key waits for a decision.
    pub fn handle_pending(&mut self) {
        self.strangers += 1;
    }

    /// All of it, most urgent first.
    #[must_use]
    pub fn finish(mut self) -> Vec<Attention> {
        if self.strangers > 0 {
            let says = match self.strangers {
                1 => "1 host key waits for a decision".to_owned(),
                count => format!("{count} host keys wait for a decision"),
            };
            let advice = "homing device ls --state pending".to_owned();
            self.add(Kind::Pending, "pending", None, None, says, advice);
        }
        let mut unnamed: Vec<(Kind, usize)> = Vec::new();
        for (kind, count) in KINDS.into_iter().zip(self.counts) {
            let more = count.saturating_sub(MOST_NAMED);
            let Some((code, ..)) = kind.more().filter(|_| more > 0) else { continue };
            match unnamed.iter_mut().find(|(one, _)| one.more().is_some_and(|of| of.0 == code)) {
                Some((last, count)) => (*last, *count) = (kind, *count + more),
                None => unnamed.push((kind, more)),
            }
        }
        for (kind, count) in unnamed {
            let Some((code, one, several, advice)) = kind.more() else { continue };
            let message = format!("{count} {}", if count == 1 { one } else { several });
            self.found.push((kind, attention(code, None, None, message, advice.to_owned())));
        }
        // Stable: of one kind, in the order in which they were found.
        self.found.sort_by_key(|(kind, _)| *kind);
        self.found.into_iter().map(|(_, attention)| attention).collect()
    }

    /// Counts one more of a kind; whether no more of it are named.
    fn is_full(&mut self, kind: Kind) -> bool {
        let Some(count) = self.counts.get_mut(kind as usize) else { return true };
        *count += 1;
        *count > MOST_NAMED
    }

    fn add(
        &mut self,
        kind: Kind,
        code: &str,
        device: Option<&str>,
        since: Option<Timestamp>,
        message: String,
        advice: String,
    ) {
        self.found.push((kind, attention(code, device, since, message, advice)));
    }
}

const KINDS: [Kind; Kind::COUNT] = [
    Kind::Outage,
    Kind::Descriptors,
    Kind::Disk,
    Kind::CertificateOver,
    Kind::Duplicate,
    Kind::ChangedKey,
    Kind::RefusedLong,
    Kind::OldAlgorithmsOver,
    Kind::Certificate,
    Kind::Refused,
    Kind::OldAlgorithmsSoon,
    Kind::Pending,
    Kind::OldAlgorithms,
];

fn attention(
    code: &str,
    device: Option<&str>,
    since: Option<Timestamp>,
    message: String,
    advice: String,
) -> Attention {
    let (code, device) = (code.to_owned(), device.map(str::to_owned));
    Attention { code, message, advice: Some(advice), device, since }
}

/// `12 minutes`, `3 hours`, `2 days`.
fn words(duration: Duration) -> String {
    match duration.as_secs() / 60 {
        minutes @ 0..120 => format!("{minutes} minutes"),
        minutes @ 120..2880 => format!("{} hours", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn refused(name: &'static str, code: &'static str, since: i64) -> RefusedDevice<'static> {
        RefusedDevice { name, code, message: "refused", since: at(since) }
    }

    fn codes(watch: Watch) -> Vec<String> {
        watch.finish().into_iter().map(|one| one.code).collect()
    }

    #[test]
    fn what_is_most_urgent_stands_first() {
        let mut watch = Watch::new(at(0));
        watch.handle_pending();
        watch.handle_old_algorithms("old", at(365 * 86_400));
        watch.handle_refused(refused("a", "wrong-hmac", -60));
        watch.handle_refused(refused("b", "missing-hmac", -600));
        watch.handle_changed_key("c", "SHA256:x", at(-5));
        watch.handle_refused(refused("d", "duplicate-device", -1));
        watch.handle_certificate(at(86_400));
        watch.handle_nearly_full("/data");
        watch.handle_descriptors(1024);
        watch.handle_outage("store-full", "no space", Duration::from_secs(5), "/data");
        assert_eq!(
            codes(watch),
            [
                "store-full",
                "descriptors-short",
                "disk-nearly-full",
                "duplicate-device",
                "key-changed",
                "missing-hmac",
                "certificate-ends",
                "wrong-hmac",
                "pending",
                "old-algorithms",
            ]
        );
    }

    #[test]
    fn a_refusal_that_lasts_says_for_how_long() {
        let mut watch = Watch::new(at(0));
        watch.handle_refused(refused("a", "wrong-hmac", -599));
        watch.handle_refused(refused("b", "wrong-hmac", -600));
        let messages: Vec<String> = watch.finish().into_iter().map(|one| one.message).collect();
        assert_eq!(messages, ["b: refused, for 10 minutes", "a: refused"]);
    }

    #[test]
    fn a_storm_is_counted_and_not_listed() {
        let mut watch = Watch::new(at(0));
        for _ in 0..1000 {
            watch.handle_refused(refused("a", "wrong-hmac", -600));
            watch.handle_refused(refused("b", "wrong-hmac", 0));
            watch.handle_pending();
        }
        let found = watch.finish();
        assert_eq!(found.len(), 2 * MOST_NAMED + 2);
        let more = found.iter().find(|one| one.code == "more-refused").unwrap();
        assert_eq!(more.message, "1980 more devices are refused");
        assert_eq!(found.last().unwrap().message, "1000 host keys wait for a decision");
    }

    #[test]
    fn a_certificate_is_told_of_three_weeks_before_its_end() {
        for (day, told) in
            [(22, None), (21, Some("certificate-ends")), (-1, Some("certificate-over"))]
        {
            let mut watch = Watch::new(at(0));
            watch.handle_certificate(at(day * 86_400));
            assert_eq!(codes(watch).first().map(String::as_str), told, "{day}");
        }
    }

    #[test]
    fn old_algorithms_are_told_of_until_they_are_gone() {
        for (day, told) in
            [(31, "old-algorithms"), (30, "old-algorithms-end"), (0, "old-algorithms-over")]
        {
            let mut watch = Watch::new(at(0));
            watch.handle_old_algorithms("old", at(day * 86_400));
            assert_eq!(codes(watch), [told], "{day}");
        }
    }
}
