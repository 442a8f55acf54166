//! `<close-session>` and `<kill-session>` (RFC 6241, sections 7.8 and 7.9), `<create-subscription>`
//! (RFC 5277).

use homing_proto::datastore::{SessionId, Timestamp};
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::{ErrorTag, ErrorType, RpcError};
use homing_proto::netconf::notification::Subscription;

use super::{Answer, Context, Reply};

pub(super) fn close(_: &Element, _: &Context) -> Answer {
    Ok(Reply::Bye)
}

pub(super) fn subscribe(operation: &Element, context: &Context) -> Answer {
    if context.is_subscribed {
        let message = "this session has a subscription already";
        return Err(RpcError::new(ErrorType::Protocol, ErrorTag::InUse, message));
    }
    Subscription::of(operation, Timestamp::now()).map(Reply::Subscribe)
}

pub(super) async fn kill(operation: &Element, context: &Context) -> Answer {
    let text = operation
        .child_text("session-id")
        .ok_or_else(|| RpcError::missing_element("session-id"))?;
    let invalid = |message: String| {
        Err(RpcError::new(ErrorType::Protocol, ErrorTag::InvalidValue, message)
            .with_info("bad-element", "session-id"))
    };
    let Ok(id) = text.parse() else {
        return invalid("expected a number as session-id".to_owned());
    };
    if id == context.session_id {
        return invalid("a session can't kill itself; use close-session".to_owned());
    }
    if !context.sessions.kill(id) {
        return invalid(format!("there is no session {id}"));
    }
    // What it holds is free when this is answered, whatever the session is at.
    context.store.close(SessionId(id)).await;
    Ok(Reply::Ok)
}
