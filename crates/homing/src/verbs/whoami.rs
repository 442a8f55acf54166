//! `homing whoami`: who the gateway takes you for, and what you may.

use clap::Args;
use homing_proto::access::Grant;
use homing_proto::api::Whoami;

use super::Context;
use super::grant::words;
use crate::client::Target;
use crate::failure::Failure;
use crate::output::escape::escape;

/// Options of `homing whoami`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

/// Shows it.
pub(crate) async fn run(_: Arguments, context: &Context) -> Result<(), Failure> {
    let whoami: Whoami = context.client.get(&Target::new(&["whoami"])).await?;
    let now = context.output.style.now;
    context.output.object(&whoami, |_| text(&whoami, |grant| grant.is_in_force(now)))
}

fn text(whoami: &Whoami, in_force: impl Fn(&Grant) -> bool) -> String {
    let said = |grant: &Grant| words(grant.role, &grant.selector, grant.expires_at);
    let mut out = format!("{}\n", escape(&whoami.name));
    let mut line = |title: &str, text: &str| {
        out.push_str(&format!(" {title:<8} {}\n", escape(text)));
    };
    let from = whoami.source.as_deref().map(|source| format!(" from {source}"));
    let door = format!("{}{}, by {}", whoami.via, from.unwrap_or_default(), whoami.credential);
    line("came by", &door);
    for grant in whoami.grants.iter().filter(|grant| in_force(grant)) {
        line("may", &said(grant));
    }
    if !whoami.grants.iter().any(&in_force) {
        line("may", "nothing: an admin grants roles with homing user grant");
    }
    if let Some(scope) = &whoami.scope {
        line("at most", &said(scope));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_by_what_one_came_and_what_one_may() {
        let whoami: Whoami = serde_json::from_value(serde_json::json!({
            "name": "ops", "via": "api", "source": "192.0.2.7:1", "credential": "token hmt_k3v9x2ab",
            "grants": [{"role": "configurator", "selector": "site=fra"}, {"role": "admin"}],
            "scope": {"role": "viewer"}
        }))
        .unwrap();
        assert_eq!(
            text(&whoami, |grant| grant.role != homing_proto::access::Role::Admin),
            "ops\n came by  api from 192.0.2.7:1, by token hmt_k3v9x2ab\n may      configurator on site=fra\n at most  viewer\n"
        );
    }
}
