//! What may be done to a device from its page. Each is asked of [`crate::control::Control`], which knows the rights.

use axum::extract::{Path, State};
use axum::response::Response;
use homing_proto::api::Change;
use serde::Deserialize;

use crate::web::pages::login::to;
use crate::web::visitor::Posted;
use crate::web::{Console, Trouble};

/// The form of a button.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Asked {
    act: Act,
    /// The channel to close.
    channel: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Act {
    Disconnect,
    CloseChannel,
    Block,
    Unblock,
    Forget,
}

/// Does it, and leads back.
pub(in crate::web) async fn act(
    State(console): State<Console>,
    Path(name): Path<String>,
    posted: Posted<Asked>,
) -> Result<Response, Trouble> {
    let (control, operator) = (&console.control, &posted.visitor.operator);
    let blocked = |blocked| Change { blocked: Some(blocked), ..Change::default() };
    match posted.form.act {
        Act::Disconnect => control.disconnect(&name, operator).await?,
        Act::CloseChannel => {
            let missing = || Trouble::Invalid("which channel?".to_owned());
            let channel = posted.form.channel.ok_or_else(missing)?;
            control.close_channel(&name, channel, operator).await?;
        }
        Act::Block => drop(control.change(&name, blocked(true), operator).await?),
        Act::Unblock => drop(control.change(&name, blocked(false), operator).await?),
        Act::Forget => {
            control.forget(&name, operator).await?;
            return Ok(to("/devices"));
        }
    }
    Ok(to(&device(&name)))
}

/// The page of a device.
pub(in crate::web) fn device(name: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    let name: String = name.bytes().map(encode).collect();
    format!("/devices/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_makes_a_path_of_one_part() {
        assert_eq!(device("mx1.fra"), "/devices/mx1.fra");
        assert_eq!(device("a/b?c d\r\n<"), "/devices/a%2Fb%3Fc%20d%0D%0A%3C");
    }
}
