//! What the pages show of devices, and to whom.

use super::*;

/// A device that nobody enrolled, whose device-id wants to be markup.
async fn stranger(browser: &Browser, device_id: &str) {
    use homing_proto::host_key::HostKey;
    let store = browser.gateway.control().shared_store().clone();
    let now = homing_proto::api::Timestamp::now();
    let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    store.note_pending(crate::store::PendingRecord {
        key: HostKey::parse(text).unwrap(),
        device_id: Some(homing_proto::identity::DeviceId::new(device_id).unwrap()),
        device: None,
        listener: "4334".parse().unwrap(),
        source: "192.0.2.7:4711".to_owned(),
        reason: "unknown-device".to_owned(),
        first_seen: now,
        last_seen: now,
        attempts: 1,
    });
    store.flush().await.unwrap();
}

#[tokio::test]
async fn what_a_device_says_is_never_markup() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Admin, "*").await;
    let hostile = "<script>alert(1)</script>\"'&";
    stranger(&browser, hostile).await;
    let store = browser.gateway.control().shared_store().clone();
    let event = crate::timeline::event("login-refused", hostile);
    let device_id = homing_proto::identity::DeviceId::new(hostile).ok();
    store.record(homing_proto::api::Event { device_id, advice: Some(hostile.into()), ..event });
    store.flush().await.unwrap();
    for path in
        ["/", "/devices", "/devices?q=%3Cscript%3E", "/events", "/events?device=%3Cscript%3E"]
    {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        assert!(!answer.text.contains("<script>"), "{path}: {}", answer.text);
    }
    let devices = browser.get("/devices").await.text;
    assert!(devices.contains("&#60;script&#62;alert(1)"), "{devices}");
}

async fn enrol(browser: &Browser, count: usize) {
    let store = browser.gateway.control().shared_store().clone();
    for number in 0..count {
        let name = homing_proto::identity::DeviceName::new(format!("d{number:04}")).unwrap();
        let mut device = crate::store::NewDevice::named(name);
        device.tags.insert("site".into(), if number % 2 == 0 { "fra" } else { "lon" }.into());
        store.insert(device).await.unwrap();
    }
}

fn names(text: &str) -> Vec<String> {
    let links = text.split("<a href=\"/devices/d").skip(1);
    links.map(|rest| format!("d{}", rest.split('"').next().unwrap())).collect()
}

#[tokio::test]
async fn the_list_is_searched_sorted_and_read_page_by_page() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Viewer, "*").await;
    enrol(&browser, 250).await;
    for sort in ["", "&sort=-name", "&sort=since", "&sort=-state"] {
        let mut seen = Vec::new();
        let mut path = format!("/devices?q=site%3Afra{sort}");
        loop {
            let page = browser.get(&path).await.text;
            assert!(page.contains(" of 125</p>"), "{page}");
            seen.extend(names(&page));
            let Some(next) =
                page.split("\" rel=\"next\"").next().filter(|_| page.contains("rel=\"next\""))
            else {
                break;
            };
            path = next.rsplit("href=\"").next().unwrap().replace("&#38;", "&");
        }
        assert_eq!(seen.len(), 125, "{sort}");
        let mut sorted = seen.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), 125, "{sort}");
        match sort {
            "" | "&sort=since" => assert_eq!(seen, sorted),
            _ => assert_eq!(seen.first().map(String::as_str), Some("d0248"), "{sort}"),
        }
    }
    let wrong = browser.get("/devices?q=state%3Aupp").await;
    assert!(wrong.text.contains("role=\"alert\""), "{}", wrong.text);
    let csv = browser.get("/devices.csv?q=site%3Alon").await;
    assert_eq!(csv.text.lines().count(), 126);
    assert!(csv.text.contains("\r\nd0001,new,"), "{}", csv.text);
}

#[tokio::test]
async fn somebody_sees_only_what_was_granted() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Viewer, "site=fra").await;
    enrol(&browser, 4).await;
    stranger(&browser, "somebody").await;
    let page = browser.get("/devices").await.text;
    assert_eq!(names(&page), ["d0000", "d0002"]);
    assert!(!page.contains("somebody"));
    let overview = browser.get("/").await.text;
    assert!(
        overview.contains("<b>2</b> new") && overview.contains("<b>0</b> pending"),
        "{overview}"
    );
}

#[tokio::test]
async fn a_view_is_kept_for_whoever_saved_it() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Viewer, "*").await;
    let csrf = browser.csrf();
    let form = [("csrf", csrf.as_str()), ("name", "Frankfurt & <b>"), ("query", "q=site%3Afra")];
    let saved = browser.post("/devices/views", &form).await;
    assert_eq!(saved.place(), "/devices?q=site%3Afra");
    let page = browser.get("/devices").await.text;
    assert!(page.contains("Frankfurt &#38; &#60;b&#62;</a>"), "{page}");
    browser.log_in("other", Role::Viewer, "*").await;
    assert!(!browser.get("/devices").await.text.contains("Frankfurt"));
}

#[tokio::test]
async fn a_viewers_crafted_forms_are_refused_and_told_to_the_trail() {
    let mut browser = Browser::start().await;
    browser.log_in("ops", Role::Viewer, "*").await;
    enrol(&browser, 1).await;
    let csrf = browser.csrf();
    for (path, form) in [
        ("/devices/d0000", vec![("act", "block")]),
        ("/enroll", vec![("name", "d9")]),
        ("/access", vec![("act", "add-user"), ("user", "eve"), ("role", "admin")]),
    ] {
        let form: Vec<_> = form.into_iter().chain([("csrf", csrf.as_str())]).collect();
        let answer = browser.post(path, &form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}: {}", answer.text);
    }
    let trail = browser.trail().await;
    assert_eq!(told(&trail, "access-denied", "refused:access-denied"), 3, "{trail:?}");
}
