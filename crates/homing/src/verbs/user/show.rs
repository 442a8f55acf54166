//! `homing user ls` and `show`.

use homing_proto::api::{User, UserGrant, UserKey};

use super::super::grant::words;
use super::Context;
use crate::client::Target;
use crate::failure::Failure;
use crate::output::escape::escape;
use crate::output::table::{Cell, Column, Style, Table};
use crate::output::time;

const COLUMNS: &[Column] =
    &[("USER", 0), ("MAY", 0), ("KEYS", 0), ("TOKENS", 0), ("LAST LOGIN", 0)];

/// Lists users.
pub(crate) async fn list(context: &Context) -> Result<(), Failure> {
    let users: Vec<User> = context.client.list(&Target::new(&["users"])).await?;
    context.output.list(&users, || table(&users), "no user yet: homing user add NAME --role viewer")
}

/// Shows one user.
pub(crate) async fn run(name: &str, context: &Context) -> Result<(), Failure> {
    let user: User = context.client.get(&Target::new(&["users", name])).await?;
    context.output.object(&user, |style| text(&user, style))
}

fn table(users: &[User]) -> Table {
    let mut table = Table::new(COLUMNS);
    for user in users {
        let grants = user.grants.iter().filter(|grant| grant.in_force).map(granted);
        table.row(vec![
            user.name.as_str().into(),
            Cell::optional(Some(grants.collect::<Vec<_>>().join("; "))),
            user.keys.len().to_string().into(),
            user.tokens.to_string().into(),
            Cell::optional_age(user.keys.iter().filter_map(|key| key.last_used).max()),
        ]);
    }
    table
}

fn granted(grant: &UserGrant) -> String {
    words(grant.role, &grant.selector, grant.expires_at)
}

/// The page about a user.
fn text(user: &User, style: &Style) -> String {
    let mut out = format!("{}\n", user.name);
    let mut line = |title: &str, text: String| {
        out.push_str(&format!(" {title:<9} {}\n", escape(&text)));
    };
    for grant in &user.grants {
        let over = if grant.in_force { "" } else { " (over)" };
        let by = format!("by {}", grant.granted_by);
        line(&format!("grant {}", grant.number), format!("{}{over}, {by}", granted(grant)));
    }
    if user.grants.is_empty() {
        line("grant", format!("none: homing user grant {} viewer", user.name));
    }
    for key in &user.keys {
        line("key", shown_key(key, style));
    }
    if let Some(until) = user.one_time_password_until {
        line("password", format!("one-time, unused, until {until}"));
    }
    line("tokens", user.tokens.to_string());
    out
}

fn shown_key(key: &UserKey, style: &Style) -> String {
    let used = match key.last_used {
        None => "never used".to_owned(),
        Some(at) if style.terminal => format!("used {} ago", time::age(at, style.now)),
        Some(at) => format!("used {at}"),
    };
    let comment = if key.comment.is_empty() { "-" } else { &key.comment };
    format!("{} {} {comment}, {used}", key.fingerprint, key.key.algorithm())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::timeline::tests::style;

    fn user() -> User {
        serde_json::from_value(serde_json::json!({
            "name": "ops",
            "keys": [{
                "fingerprint": "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
                "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJj/Z8u2HuKBbNTTVtKqBGGjQGpXyHwTz9Wx2NTpWVgC",
                "comment": "jane\u{1b}[2J", "added_at": "1970-01-01T00:00:00Z", "last_used": null
            }],
            "grants": [
                {"number": 1, "role": "viewer", "selector": "", "expires_at": null,
                 "in_force": true, "granted_by": "root", "granted_at": "1970-01-01T00:00:00Z"},
                {"number": 3, "role": "admin", "selector": "site=fra",
                 "expires_at": "1970-01-01T00:00:09Z", "in_force": false,
                 "granted_by": "root", "granted_at": "1970-01-01T00:00:00Z"}
            ],
            "one_time_password_until": null, "tokens": 2, "created_at": "1970-01-01T00:00:00Z"
        }))
        .unwrap()
    }

    #[test]
    fn a_page_numbers_the_grants() {
        assert_eq!(
            text(&user(), &style(true)),
            "ops\n\
             \x20grant 1   viewer, by root\n\
             \x20grant 3   admin on site=fra until 1970-01-01T00:00:09Z (over), by root\n\
             \x20key       SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU ssh-ed25519 jane\\x1b[2J, never used\n\
             \x20tokens    2\n"
        );
    }

    #[test]
    fn a_list_shows_what_is_in_force() {
        let text = table(&[user()]).render(&style(false));
        assert!(text.ends_with("ops\tviewer\t1\t2\t-\n"), "{text}");
    }
}
