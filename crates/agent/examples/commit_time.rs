//! How long the commit of a large configuration takes, and `show | compare` on it.
//!
//! ```text
//! cargo run --release -p homing-agent --example commit_time
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use homing_agent::{Agent, ConfigSource, Options, SshServer};
use homing_proto::datastore::{Action, Author, Client, Commit, Edit, Mode, SessionId, compare};
use homing_proto::junos::Form;

const SESSION: SessionId = SessionId(1);
/// Bytes of the configuration at least.
const SIZE: usize = 5 * 1000 * 1000;
const ROUNDS: usize = 9;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("agent.conf");
    std::fs::write(&file, "system { host-name box1; }\n").unwrap();
    let mut options = Options::new(ConfigSource::File(file), dir.path().join("state"));
    options.ssh_server = SshServer::Embedded;
    let agent = Agent::start(options).await.unwrap();
    let handle = agent.handle();
    tokio::select! {
        () = agent.run(std::future::pending()) => {}
        () = measure(&handle) => {}
    }
}

async fn measure(agent: &homing_agent::AgentHandle) {
    let store = agent.store();
    store.open(SESSION, Author::new("root", Client::Cli), Mode::Shared).await.unwrap();
    let text = large();
    println!("{} bytes, {} lines", text.len(), text.lines().count());
    let load = Edit::Load { action: Action::Override, form: Some(Form::Curly), text };
    let since = Instant::now();
    store.edit(SESSION, load).await.unwrap();
    println!("load override       {:>6} ms", since.elapsed().as_millis());
    let since = Instant::now();
    store.commit(SESSION, Commit::default()).await.unwrap();
    println!("first commit        {:>6} ms", since.elapsed().as_millis());
    let (mut edits, mut commits, mut compares, mut checks) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let line = format!("set interfaces ge-0/0/{round} unit 7 description changed-{round}");
        edits.push(
            time(async || drop(store.edit(SESSION, Edit::Statement(line.clone())).await.unwrap()))
                .await,
        );
        compares.push(
            time(async || {
                let shown = compare(&*store.running().await, &*store.candidate(SESSION).await);
                assert!(shown.lines().count() < 10);
            })
            .await,
        );
        checks.push(time(async || drop(store.check(SESSION).await.unwrap())).await);
        commits.push(
            time(async || drop(store.commit(SESSION, Commit::default()).await.unwrap())).await,
        );
    }
    report("set of one line", edits);
    report("show | compare", compares);
    report("commit check", checks);
    report("commit", commits);
}

async fn time(work: impl AsyncFnOnce()) -> Duration {
    let since = Instant::now();
    work().await;
    since.elapsed()
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |index: usize| times.get(index).unwrap().as_millis();
    println!("{what:<19} {:>6} ms ({} to {})", at(ROUNDS / 2), at(0), at(ROUNDS - 1));
}

/// Interfaces, filters and prefix lists, as a large router has them.
fn large() -> String {
    let mut text = String::from("system {\n    host-name box1;\n}\ninterfaces {\n");
    for port in 0..600 {
        writeln!(text, "    ge-0/0/{port} {{\n        vlan-tagging;").unwrap();
        for unit in 0..32 {
            writeln!(
                text,
                "        unit {unit} {{\n            description \"customer {port} {unit}\";\n            vlan-id {unit};\n            \
                 family inet {{\n                address 10.{}.{}.{unit}/32;\n            }}\n        }}",
                port / 256,
                port % 256,
            )
            .unwrap();
        }
        text.push_str("    }\n");
    }
    text.push_str("}\npolicy-options {\n    prefix-list customers {\n");
    let mut number = 0_u32;
    while text.len() < SIZE {
        writeln!(
            text,
            "        172.{}.{}.{}/32;",
            16 + number / 65_536,
            number / 256 % 256,
            number % 256
        )
        .unwrap();
        number += 1;
    }
    text.push_str("    }\n}\n");
    text
}
