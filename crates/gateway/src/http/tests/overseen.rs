//! The stand-in's audit trail: two entries, and one that happens while it is followed.

use std::path::PathBuf;

use homing_proto::access::{Operator, Selector};
use homing_proto::audit::{Entry, Head, Report, Sealed, Verifier};

use super::*;
use crate::http::Oversee;
use crate::store::{AuditQuery, Exported};

type Answer<T> = Result<T, ControlError>;

fn chain() -> (Vec<Sealed>, Vec<Exported>) {
    let mut head = Head::START;
    let (mut entries, mut links) = (Vec::new(), Vec::new());
    for action in ["login", "rpc"] {
        let at = "2026-11-23T14:57:58Z".parse().unwrap();
        let (sealed, canonical) = head.seal(Entry::new(action, "ops", at));
        let (id, hash) = (sealed.entry.id, sealed.hash);
        links.push(Exported { id, canonical, hash, previous: head.hash });
        head = Head { id, hash };
        entries.push(sealed);
    }
    (entries, links)
}

impl Oversee for Fake {
    async fn audit(&self, query: AuditQuery, _: &Operator) -> Answer<Vec<Sealed>> {
        let after = query.after.unwrap_or(0);
        let is_meant = |one: &Sealed| {
            one.entry.id > after
                && (query.actions.is_empty() || query.actions.contains(&one.entry.action))
        };
        Ok(chain().0.into_iter().filter(is_meant).collect())
    }

    fn follow_audit(&self, _: &Operator) -> Answer<broadcast::Receiver<Sealed>> {
        // The sender is gone: the stream ends after what is stored.
        Ok(broadcast::channel(1).1)
    }

    fn audit_head(&self, _: &Operator) -> Answer<Head> {
        Ok(Head { id: 2, hash: chain().0[1].hash })
    }

    async fn verify_audit(&self, noted: Option<Head>, _: &Operator) -> Answer<Report> {
        let mut verifier = noted.into_iter().fold(Verifier::new(), Verifier::expecting);
        chain().1.iter().for_each(|link| verifier.handle_link(&link.canonical, link.hash));
        Ok(verifier.handle_end())
    }

    async fn export_audit(
        &self,
        after: u64,
        _: u32,
        _: bool,
        _: &Operator,
    ) -> Answer<Vec<Exported>> {
        Ok(chain().1.into_iter().filter(|link| link.id > after).collect())
    }

    fn recordings(&self, _: &Operator) -> Answer<Vec<api::Recording>> {
        Ok(Vec::new())
    }

    fn recording(&self, id: &str, _: &Operator) -> Answer<(api::Recording, PathBuf)> {
        Err(ControlError::UnknownRecording(id.to_owned()))
    }

    async fn metrics(&self, _: &Operator) -> Answer<String> {
        Ok("# EOF\n".to_owned())
    }

    async fn device_metrics(&self, selector: &Selector, _: &Operator) -> Answer<String> {
        Ok(format!("# {selector}\n# EOF\n"))
    }
}

/// Status and body. HTTP/1.0 has no chunks to take apart.
async fn get(path: &str) -> (u16, String) {
    let answer = Api::start().ask(&format!("GET {path} HTTP/1.0"), "").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn entries_are_lines_and_only_those_asked_for() {
    let (_, body) = get("/api/v1/audit?action=rpc&after=0").await;
    let lines: Vec<serde_json::Value> =
        body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["id"], &lines[0]["operator"]), (&2.into(), &"ops".into()));
    assert_eq!(lines[0]["hash"].as_str().unwrap().len(), 64);
    let (_, body) = get("/api/v1/audit?follow=true&after=1").await;
    assert_eq!(body.lines().filter(|line| !line.is_empty()).count(), 1);
}

#[tokio::test]
async fn an_export_is_lines_that_verify_and_lines_of_syslog() {
    let (_, body) = get("/api/v1/audit/export").await;
    let mut verifier = Verifier::new();
    for line in body.lines() {
        let line = homing_proto::audit::ExportLine::parse(line).unwrap();
        verifier.handle_link(line.canonical, line.hash);
    }
    let report = verifier.handle_end();
    assert_eq!((report.intact, report.entries), (true, 2));
    let (_, body) = get("/api/v1/audit/export?format=syslog&after=1").await;
    assert!(body.starts_with("<109>1 2026-11-23T14:57:58.000000Z "), "{body}");
    assert_eq!(body.lines().count(), 1);
    assert_eq!(get("/api/v1/audit/export?format=xml").await.0, 400);
}

#[tokio::test]
async fn a_noted_head_is_compared() {
    let head = Head { id: 2, hash: chain().0[1].hash };
    let (status, body) = get(&format!("/api/v1/audit/verify?head={head}")).await;
    assert!(status == 200 && body.contains("\"noted\":true"), "{body}");
    let (_, body) = get(&format!("/api/v1/audit/verify?head=3:{}", head.hash)).await;
    assert!(body.contains("\"why\":\"removed\""), "{body}");
    assert_eq!(get("/api/v1/audit/verify?head=x").await.0, 400);
}

#[tokio::test]
async fn metrics_are_text_and_devices_only_of_a_selector() {
    assert_eq!(get("/metrics").await, (200, "# EOF\n".to_owned()));
    assert_eq!(get("/metrics/devices?selector=site%3Dfra").await.1, "# site=fra\n# EOF\n");
    assert_eq!(get("/metrics/devices").await.0, 400);
    assert_eq!(get("/metrics/devices?selector=,").await.0, 400);
    assert_eq!(get("/api/v1/recordings/../x").await.0, 404);
}
