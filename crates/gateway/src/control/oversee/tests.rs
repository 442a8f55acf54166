//! Who is told of in the trail, who may read it, and what metrics name.

use homing_proto::access::{Role, Via};
use homing_proto::api::Change;
use homing_proto::audit::Entry;

use super::super::tests::{Running, one, root};
use super::*;

async fn told(control: &Control, action: &str) -> Vec<Entry> {
    control.shared.store.flush().await.unwrap();
    let query = AuditQuery { actions: vec![action.to_owned()], ..AuditQuery::default() };
    let found = control.audit(query, &root()).await.unwrap();
    found.into_iter().map(|sealed| sealed.entry).collect()
}

#[tokio::test]
async fn a_change_is_in_the_trail_with_who_made_it() {
    let running = Running::start().await;
    let control = &running.control;
    let enrolled = told(control, "enrolled").await;
    let names: Vec<_> =
        enrolled.iter().map(|entry| entry.device.as_ref().unwrap().as_str()).collect();
    assert_eq!(names, ["fra-1", "lon-1"]);
    assert_eq!((enrolled[0].operator.as_str(), enrolled[0].via), ("root", Some(Via::Socket)));
    let change: Change = serde_json::from_str(r#"{"blocked":true}"#).unwrap();
    control.change("fra-1", change, &one(Role::Admin, "site=fra")).await.unwrap();
    assert_eq!(told(control, "device-blocked").await[0].operator, "jane");
    control.forget("lon-1", &root()).await.unwrap();
    assert_eq!(told(control, "device-forgotten").await.len(), 1);
    control.forget("edge-9", &root()).await.unwrap();
    assert_eq!(told(control, "pending-forgotten").await.len(), 1);
    assert!(control.verify_audit(None, &root()).await.unwrap().intact);
}

#[tokio::test]
async fn who_tries_what_it_may_not_is_in_the_trail_and_who_only_looks_is_not() {
    let running = Running::start().await;
    let control = &running.control;
    let viewer = one(Role::Viewer, "*");
    control.forget("fra-1", &viewer).await.unwrap_err();
    let denied = told(control, "access-denied").await;
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0].result, "refused:access-denied");
    assert_eq!(denied[0].device.as_ref().unwrap().as_str(), "fra-1");
    assert!(denied[0].message.contains("jane may view fra-1"), "{}", denied[0].message);
    control.device("fra-1", &one(Role::Viewer, "site=lon")).await.unwrap_err();
    assert_eq!(told(control, "access-denied").await.len(), 1);
}

#[tokio::test]
async fn a_viewer_of_everything_is_an_auditor_and_one_of_a_part_is_none() {
    let running = Running::start().await;
    let control = &running.control;
    let (auditor, part) = (one(Role::Viewer, "*"), one(Role::Admin, "site=fra"));
    control.audit(AuditQuery::default(), &auditor).await.unwrap();
    control.verify_audit(None, &auditor).await.unwrap();
    assert!(control.metrics(&auditor).await.unwrap().ends_with("# EOF\n"));
    assert_eq!(control.recordings(&auditor).unwrap_err().code(), "access-denied");
    assert_eq!(control.recordings(&root()), Ok(Vec::new()));
    for refused in [
        control.audit(AuditQuery::default(), &part).await.unwrap_err(),
        control.export_audit(0, 1, true, &part).await.unwrap_err(),
        control.verify_audit(None, &part).await.unwrap_err(),
        control.follow_audit(&part).unwrap_err(),
        control.metrics(&part).await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), "access-denied");
    }
}

#[tokio::test]
async fn no_label_names_a_device_unless_it_is_asked_for() {
    let running = Running::start().await;
    let control = &running.control;
    let text = control.metrics(&root()).await.unwrap();
    assert!(!text.contains("fra-1"), "{text}");
    for sample in [
        "homing_devices{state=\"new\"} 2\n",
        "homing_devices{state=\"pending\"} 1\n",
        "homing_rpc_total{result=\"indeterminate\"} 0\n",
        "homing_store_up 1\n",
        "homing_channels_open{kind=\"netconf\"} 0\n",
        "homing_accept_queue_length 0\n",
    ] {
        assert!(text.contains(sample), "{sample} {text}");
    }
    assert_eq!(text.matches("# EOF").count(), 1);
    let fra = Selector::parse("site=fra").unwrap();
    let text = control.device_metrics(&fra, &root()).await.unwrap();
    assert!(text.contains("homing_device_up{device=\"fra-1\"} 0\n"), "{text}");
    assert!(!text.contains("lon-1"), "{text}");
    let all = Selector::parse("*").unwrap();
    let part = control.device_metrics(&all, &one(Role::Viewer, "site=lon")).await.unwrap();
    assert!(part.contains("lon-1") && !part.contains("fra-1"), "{part}");
}
