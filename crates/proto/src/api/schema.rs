//! What the API's words look like: names, keys and secrets that are strings on the wire.

use std::borrow::Cow;

use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Password;
use crate::access::{Selector, TokenId};
use crate::audit::ChainHash;
use crate::host_key::{Fingerprint, HostKey};
use crate::identity::{DeviceId, DeviceName, UserName};

fn text(about: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about)).examples([example])
}

macro_rules! words {
    ($($type:ty, $name:literal, $schema:expr;)*) => {$(
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let schema: Object = $schema.build();
                RefOr::T(Schema::Object(schema))
            }
        }
        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    )*};
}

words! {
    DeviceName, "DeviceName", text("What the gateway calls a device.", "mx1.fra")
        .pattern(Some("^[A-Za-z0-9][A-Za-z0-9._-]*$"))
        .min_length(Some(1))
        .max_length(Some(63));
    DeviceId, "DeviceId", text("What a device says it is, in its initiation sequence.", "mx1.fra")
        .min_length(Some(1))
        .max_length(Some(255));
    UserName, "UserName", text("What the gateway calls an operator.", "ops")
        .pattern(Some("^[a-z][a-z0-9._-]*$"))
        .min_length(Some(1))
        .max_length(Some(32));
    HostKey, "HostKey", text("An SSH public key.", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI…");
    Fingerprint, "Fingerprint", text("The fingerprint of an SSH public key.", "SHA256:9fKq…")
        .pattern(Some("^SHA256:[A-Za-z0-9+/]{43}$"));
    TokenId, "TokenId", text("The first characters of a token: its name.", "hmt_k3v9x2ab");
    ChainHash, "ChainHash", text("The SHA-256 of an entry and of all before it.", "…");
    Password, "Password", text("A password. It is never shown.", "…")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)));
    Selector, "Selector", text("Which devices: `*`, or conditions on labels and `name`.", "site=fra,role=edge")
        .max_length(Some(Selector::MAX_BYTES));
}
