//! Webhooks over a gateway that runs: how far they have come, and what is told of them.

use std::time::Duration;

use homing_proto::api::AddWebhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::store::{AuditQuery, WebhookChange, WebhookProgress};
use crate::webhooks::Passed;

impl Running {
    /// A webhook that wants what never happens.
    async fn hook(&self, url: &str) -> String {
        let wanted = serde_json::json!({ "url": url, "codes": ["never"] });
        let wanted: AddWebhook = serde_json::from_value(wanted).unwrap();
        self.control.add_webhook(wanted, &root()).await.unwrap().details.id
    }
}

#[tokio::test]
async fn what_a_webhook_does_not_want_is_read_once() {
    let running = Running::start().await;
    let shared = &running.control.shared;
    let hook = shared.store.webhook(&running.hook("http://127.0.0.1:9/").await).unwrap();
    let all = running.control.events(&EventQuery::default(), &root()).await.unwrap();
    let newest = all.last().unwrap().id;
    assert!(newest > hook.progress.after);
    let mut passed = Passed::default();
    assert_eq!(passed.page(shared, &hook).await.unwrap(), []);
    assert_eq!(passed.after(&hook), newest);
    running.gateway.stop().await;
}

#[tokio::test]
async fn a_trial_leaves_the_cursor_where_it_is() {
    let running = Running::start().await;
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let id = running.hook(&format!("http://{}/", receiver.local_addr().unwrap())).await;
    let (store, hook) = (running.control.shared.store.clone(), id.clone());
    let taken = async move {
        let (mut stream, _) = receiver.accept().await.unwrap();
        let progress = WebhookProgress { after: 1_000_000, failures: 1, ..Default::default() };
        let change = WebhookChange::Progress(hook, progress);
        store.write(vec![Change::Webhook(change)]).await.unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        let _ = tokio::time::timeout(Duration::from_secs(60), stream.read(&mut request)).await;
    };
    let root = root();
    let (shown, ()) = tokio::join!(running.control.test_webhook(&id, &root), taken);
    let shown = shown.unwrap();
    assert_eq!((shown.after, shown.failures), (1_000_000, 0));
    assert!(shown.delivered_at.is_some());
    running.gateway.stop().await;
}

#[tokio::test]
async fn the_path_of_a_webhook_is_told_to_nobody_but_those_who_list_it() {
    let running = Running::start().await;
    let (control, root) = (&running.control, root());
    let id = running.hook("https://hooks.example:1/T0/xyzzy").await;
    control.remove_webhook(&id, &root).await.unwrap();
    control.shared.store.flush().await.unwrap();
    let events = control.events(&EventQuery::default(), &root).await.unwrap();
    let trail = control.audit(AuditQuery::default(), &root).await.unwrap();
    let told = format!("{events:?} {trail:?}");
    assert!(told.contains("to https://hooks.example:1") && !told.contains("xyzzy"), "{told}");
    running.gateway.stop().await;
}
