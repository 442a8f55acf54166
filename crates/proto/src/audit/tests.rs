//! The chain and its text against committed vectors, and what entries never hold.

use proptest::prelude::*;

use super::*;
use crate::access::Via;
use crate::api::Timestamp;
use crate::identity::DeviceName;

const VECTORS: &str = include_str!("../../../../testdata/audit/chain.jsonl");

fn at(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(1_795_000_000_000_000 + micros).unwrap()
}

fn entry(action: &str, micros: i64) -> Entry {
    Entry::new(action, "ops", at(micros))
}

/// The entries of the committed chain.
fn samples() -> Vec<Entry> {
    let rpc = Entry {
        bytes_in: Some(212),
        bytes_out: Some(1 << 40),
        datastore: Some("candidate".into()),
        device: Some(DeviceName::new("edge-7").unwrap()),
        duration_ms: Some(48),
        message_id: Some("urn:uuid:1 \"quoted\" \\ /".into()),
        operation: Some("edit-config".into()),
        session: Some(4),
        source: Some("[2001:db8::7]:50222".into()),
        via: Some(Via::Ssh),
        ..entry("rpc", 123)
    };
    vec![
        Entry { via: Some(Via::Socket), ..entry("user-added", 0) }.with("role", "viewer"),
        rpc.clone(),
        Entry { message: "zwölf\u{7f} Boxkämpfer 🥊".into(), ..entry("login", 1_000_000) }
            .refused("access-denied"),
        Entry::by_gateway("started", at(2_000_001)),
        Entry { result: Entry::UNKNOWN.into(), ..rpc },
    ]
}

/// The links of a chain: text and hash.
fn chain(entries: impl IntoIterator<Item = Entry>) -> Vec<(String, ChainHash)> {
    let mut head = Head::START;
    let mut links = Vec::new();
    for mut entry in entries {
        entry.fit();
        let (sealed, canonical) = head.seal(entry);
        head = Head { id: sealed.entry.id, hash: sealed.hash };
        links.push((canonical, sealed.hash));
    }
    links
}

fn verify_by(mut verifier: Verifier, links: &[(String, ChainHash)]) -> Report {
    for (canonical, hash) in links {
        verifier.handle_link(canonical, *hash);
    }
    verifier.handle_end()
}

fn verify(links: &[(String, ChainHash)]) -> Report {
    verify_by(Verifier::new(), links)
}

fn head_of(links: &[(String, ChainHash)]) -> Head {
    Head { id: links.len() as u64, hash: links.last().unwrap().1 }
}

fn lines(links: &[(String, ChainHash)]) -> String {
    let mut previous = ChainHash::START;
    let mut text = String::new();
    for (canonical, hash) in links {
        text += &format!("{}\n", ExportLine { canonical, hash: *hash, previous });
        previous = *hash;
    }
    text
}

#[test]
fn the_chain_is_the_committed_one() {
    let made = lines(&chain(samples()));
    assert_eq!(made, VECTORS);
}

#[test]
fn the_committed_chain_is_verified_from_its_text_alone() {
    let mut verifier = Verifier::new();
    for line in VECTORS.lines() {
        let line = ExportLine::parse(line).unwrap();
        verifier.handle_link(line.canonical, line.hash);
    }
    let report = verifier.handle_end();
    assert_eq!((report.intact, report.first, report.entries), (true, 1, 5));
    assert!(VECTORS.contains(&report.head.hash.to_string()));
}

#[test]
fn keys_are_in_the_order_of_their_bytes_and_nothing_unknown_is_written() {
    for (canonical, _) in chain(samples()) {
        let value: serde_json::Value = serde_json::from_str(&canonical).unwrap();
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        let places = keys.iter().map(|key| canonical.find(&format!("\"{key}\":")).unwrap());
        assert!(keys.is_sorted() && places.is_sorted(), "{canonical}");
        assert!(!canonical.contains("null"), "{canonical}");
    }
}

#[test]
fn moments_have_six_digits_and_texts_that_sort() {
    let texts: Vec<String> = [0, 1, 10, 999_999, 1_000_000, 60_000_000]
        .map(|micros| entry("x", micros).canonical())
        .map(|text| text.split("\"at\":\"").nth(1).unwrap()[..27].to_owned())
        .into();
    assert_eq!(
        texts[1],
        "2026-11-18T11:06:40.000001Z".replace("2026-11-18T11:06:40", &texts[0][..19])
    );
    assert!(texts.is_sorted() && texts.iter().all(|text| text.ends_with('Z')), "{texts:?}");
}

#[test]
fn an_empty_chain_is_intact() {
    let report = verify(&[]);
    assert!(report.intact);
    assert_eq!(report.head, Head::START);
}

#[test]
fn each_kind_of_break_is_told_apart() {
    let links = chain((0..8).map(|n| entry("login", n)));

    let mut altered = links.clone();
    altered[3].0 = altered[3].0.replace("ops", "eve");
    assert_eq!(verify(&altered).broken, Some(Broken::Altered { id: 4 }));

    let mut removed = links.clone();
    removed.drain(3..5);
    assert_eq!(verify(&removed).broken, Some(Broken::Removed { id: 4, last: 5 }));

    let mut reordered = links.clone();
    reordered.swap(3, 5);
    assert_eq!(verify(&reordered).broken, Some(Broken::Reordered { id: 4 }));

    let mut twice = links.clone();
    twice.insert(4, twice[3].clone());
    assert_eq!(verify(&twice).broken, Some(Broken::Reordered { id: 5 }));

    assert_eq!(verify(&links[2..]).broken, Some(Broken::Removed { id: 1, last: 2 }));
}

#[test]
fn a_cut_tail_and_a_chain_made_anew_are_seen_by_a_noted_head() {
    let links = chain((0..8).map(|n| entry("login", n)));
    let noted = head_of(&links);
    let report = verify_by(Verifier::new().expecting(noted), &links);
    assert_eq!((report.intact, report.noted), (true, Some(true)));

    let report = verify_by(Verifier::new().expecting(noted), &links[..6]);
    assert_eq!(report.broken, Some(Broken::Removed { id: 7, last: 8 }));

    let anew = chain((0..9).map(|n| entry("logout", n)));
    assert!(verify(&anew).intact);
    let report = verify_by(Verifier::new().expecting(noted), &anew);
    assert_eq!(report.broken, Some(Broken::Rewritten { id: 8 }));
}

#[test]
fn what_was_pruned_in_due_order_leaves_an_intact_chain() {
    let links = chain((0..8).map(|n| entry("login", n)));
    let pruned = Pruned { last: 5, hash: links[4].1 };
    let with =
        |pruned| chain((0..8).map(|n| entry("login", n)).chain([Entry::pruned(pruned, at(9))]));
    let left = with(&pruned);

    let report = verify(&left[5..]);
    assert_eq!((report.intact, report.first, report.pruned), (true, 6, Some(pruned)));
    let noted = Head { id: 5, hash: pruned.hash };
    assert_eq!(verify_by(Verifier::new().expecting(noted), &left[5..]).noted, Some(true));

    assert_eq!(verify(&left[6..]).broken, Some(Broken::Removed { id: 1, last: 6 }));
    let forged = with(&Pruned { last: 5, hash: ChainHash::START });
    assert_eq!(verify(&forged[5..]).broken, Some(Broken::Altered { id: 6 }));
}

#[test]
fn a_part_of_a_chain_is_verified_from_the_hash_before_it() {
    let links = chain((0..8).map(|n| entry("login", n)));
    assert!(verify_by(Verifier::of_part(links[2].1), &links[3..6]).intact);
    let report = verify_by(Verifier::of_part(links[1].1), &links[3..6]);
    assert_eq!(report.broken, Some(Broken::Altered { id: 4 }));
}

#[test]
fn only_the_gateway_itself_may_say_that_it_pruned() {
    let pruned = Pruned { last: 5, hash: ChainHash::START };
    let mut entry = Entry::pruned(&pruned, at(0));
    assert_eq!(entry.as_pruned(), Some(pruned));
    entry.via = Some(Via::Ssh);
    assert_eq!(entry.as_pruned(), None);
}

#[test]
fn a_syslog_line_is_that_of_rfc_5424() {
    let links = chain(samples());
    let sealed =
        |n: usize| Sealed { entry: serde_json::from_str(&links[n].0).unwrap(), hash: links[n].1 };
    let origin = Origin { host: "gw 1", process: 4711 };
    let line = syslog(&sealed(0), origin);
    let time = &links[0].0.split("\"at\":\"").nth(1).unwrap()[..27];
    let hash = links[0].1;
    assert_eq!(
        line,
        format!(
            "<109>1 {time} gw_1 homing 4711 user-added [homing@32473 id=\"1\" operator=\"ops\" \
             via=\"socket\" result=\"ok\" f.role=\"viewer\" hash=\"{hash}\"]"
        )
    );
    assert!(syslog(&sealed(1), origin).contains(r#" messageId="urn:uuid:1 \"quoted\" \\ /" "#));
    let refused = syslog(&sealed(2), origin);
    assert!(refused.starts_with("<108>1 "), "{refused}");
    assert!(refused.ends_with("] \u{feff}zwölf\\u{7f} Boxkämpfer 🥊"), "{refused}");
}

#[test]
fn secrets_are_blanked_in_every_form() {
    let cases = [
        ("show version", "show version"),
        (
            "set system services outbound-ssh client c secret hunter2",
            "set system services outbound-ssh client c secret (secret)",
        ),
        (
            "set system login user x authentication encrypted-password \"$6$ab$cd\"",
            "set system login user x authentication encrypted-password (secret)",
        ),
        ("secret \"a b\"; port 7", "secret (secret); port 7"),
        ("pre-shared-key ascii-text \"x y\"", "pre-shared-key ascii-text (secret)"),
        ("{\"password\": \"hunter2\", \"x\": 1}", "{\"password\": (secret), \"x\": 1}"),
        ("<password>hunter2</password><x/>", "<password>(secret)</password><x/>"),
        ("<j:secret a=\"b\"><![CDATA[x<y]]></j:secret>", "<j:secret a=\"b\">(secret)</j:secret>"),
        ("<secret/><name>x</name>", "<secret/><name>x</name>"),
        ("<secret>hunter2</secret> tail", "<secret>(secret)</secret> tail"),
        ("<x password='hunter2'/>", "<x password=(secret)/>"),
        ("PASSWORD=hunter2 ls", "PASSWORD=(secret) ls"),
        ("sh -c 'passwd hunter2 x'", "sh -c 'passwd (secret) x'"),
        ("md5 1 key $9$abc;", "md5 1 key (secret);"),
        ("a -----BEGIN RSA PRIVATE KEY-----\nxx\n-----END RSA PRIVATE KEY----- b", "a (secret) b"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nxx", "(secret)"),
        ("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"),
        ("set x password a:b=c,d>e f", "set x password (secret) f"),
        ("username x password 7 0822455D0A16", "username x password (secret) (secret)"),
        ("copy ftp://me:hunter2@host/a b", "copy ftp://me:(secret)@host/a b"),
        ("copy ftp://host:21/a b@c", "copy ftp://host:21/a b@c"),
        ("key AAAAB3NzaC1yc2EAAAADAQABAAABgQC7Zx1a2b3c4d5e== b", "key (secret)== b"),
        (
            "key SHA256:AAAAB3NzaC1yc2EAAAADAQABAAABgQC7Zx1a2b3c4d5",
            "key SHA256:AAAAB3NzaC1yc2EAAAADAQABAAABgQC7Zx1a2b3c4d5",
        ),
        ("show route community 65000:1", "show route community 65000:1"),
        ("set snmp community hunter2 clients x", "set snmp community (secret) clients x"),
        (
            "ntp authentication-key 1 type md5 value x",
            "ntp authentication-key (secret) type md5 value (secret)",
        ),
        (
            "<pre-shared-key><ascii-text>x</ascii-text></pre-shared-key><name>y</name>",
            "<pre-shared-key><ascii-text>(secret)</ascii-text></pre-shared-key><name>y</name>",
        ),
        (
            "<secret><type>md5</type><value>x</value></secret> y",
            "<secret><type>(secret)</type><value>(secret)</value></secret> y",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(blank(text), expected);
    }
    let sentence = "a login as \"ops\" by password was refused";
    assert_eq!(blank_sentence(sentence), sentence);
    assert_eq!(blank_sentence("said '$9$abc d' <x>$6$e</x>"), "said '(secret) d' <x>(secret)</x>");
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z<>/\"';=${}\\-\\\\ \\n]{0,40}"]
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let fields = prop::collection::btree_map(any_text(), any_text(), 0..4);
    (
        any_text(),
        any_text(),
        prop::option::of(any_text()),
        any::<Option<u64>>(),
        fields,
        0i64..1_000_000_000,
    )
        .prop_map(|(action, operator, source, bytes_in, fields, micros)| Entry {
            source: source.clone(),
            message_id: source,
            bytes_in,
            fields,
            ..Entry::new(&action, &operator, at(micros))
        })
}

proptest! {
    #[test]
    fn an_entry_is_read_back_as_it_was_hashed(mut entry in any_entry()) {
        entry.fit();
        let canonical = entry.canonical();
        let read: Entry = serde_json::from_str(&canonical).unwrap();
        prop_assert_eq!(read.canonical(), canonical);
        prop_assert_eq!(read, entry);
    }

    #[test]
    fn what_fits_stays_as_it_is_and_is_small(mut entry in any_entry(), long in "[a-zä\u{202e}\u{0}]{0,3000}") {
        entry.message = long.clone();
        entry.fields.insert(long.clone(), long);
        entry.fit();
        let once = entry.clone();
        entry.fit();
        prop_assert_eq!(&once, &entry);
        prop_assert!(entry.canonical().len() < 60_000);
        prop_assert!(!entry.canonical().contains(char::is_control));
    }

    #[test]
    fn any_change_of_any_chain_is_seen(
        entries in prop::collection::vec(any_entry(), 2..12), at: prop::sample::Index, how in 0..4,
    ) {
        let links = chain(entries);
        let noted = head_of(&links);
        let place = at.index(links.len());
        let mut changed = links.clone();
        match how {
            0 => { changed.remove(place); }
            1 => changed.swap(place, (place + 1) % links.len()),
            2 => changed[place].0 = changed[place].0.replacen("\"at\":\"2", "\"at\":\"3", 1),
            _ => changed[place].1 = changed[place].1.next(""),
        }
        prop_assert_ne!(&links, &changed);
        let report = verify_by(Verifier::new().expecting(noted), &changed);
        prop_assert!(!report.intact);
        prop_assert!(report.broken.unwrap().id() <= place as u64 + 1);
        prop_assert!(verify_by(Verifier::new().expecting(noted), &links).intact);
    }

    #[test]
    fn an_export_line_is_read_as_it_was_written(mut entry in any_entry(), seed: [u8; 32]) {
        entry.fit();
        let canonical = entry.canonical();
        let previous = ChainHash::from_bytes(seed);
        let line = ExportLine { canonical: &canonical, hash: previous.next(&canonical), previous };
        let text = format!("{line}\n");
        prop_assert_eq!(ExportLine::parse(&text), Ok(line));
    }

    #[test]
    fn no_text_breaks_the_reading_of_lines_hashes_and_heads(text in any_text()) {
        let _ = ExportLine::parse(&text);
        let _ = text.parse::<Head>();
        let mut verifier = Verifier::new();
        verifier.handle_link(&text, ChainHash::START);
        let _ = verifier.handle_end();
    }

    #[test]
    fn a_syslog_line_is_one_line_with_balanced_quotes(mut entry in any_entry()) {
        entry.fit();
        let (sealed, _) = Head::START.seal(entry);
        let line = syslog(&sealed, Origin { host: "gw", process: 1 });
        prop_assert!(!line.contains(char::is_control));
        let quotes = line.replace("\\\\", "").replace("\\\"", "").matches('"').count();
        prop_assert_eq!(quotes % 2, 0);
    }

    #[test]
    fn blanking_is_done_once_and_leaves_no_marked_secret(text in any_text(), secret in "[a-zA-Z0-9./]{6,20}") {
        let once = blank(&format!("{text} $9${secret} password \u{2}{secret};"));
        prop_assert!(!once.contains(&format!("$9${secret}")), "{}", once);
        let plain = blank(&format!("set x password {secret}"));
        prop_assert!(!plain.contains(&format!(" {secret}")), "{}", plain);
    }
}
