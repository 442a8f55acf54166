//! The demo's operator: a user with a key of its own, so that the front door opens without further ado.

use std::path::{Path, PathBuf};

use homing_gateway::control::Control;
use homing_proto::access::{Operator, Role, Selector, UserName};
use homing_proto::api::{AddKey, AddUser};
use homing_transport::keys::{KeyKind, PrivateKey};

use super::failed;
use crate::failure::Failure;

/// Its name, at the door and in the record.
const NAME: &str = "demo";

/// Who does what the demo does by itself.
pub(super) fn local() -> Operator {
    Operator::local(NAME)
}

/// Makes the user and its key; the file of the private half.
pub(super) async fn admit(control: &Control, folder: &Path) -> Result<PathBuf, Failure> {
    let file = folder.join("operator_ed25519");
    let key = PrivateKey::load_or_create(&file, KeyKind::Ed25519);
    let key = key.map_err(|error| failed("no-key", &error))?.public_text(NAME);
    let name = UserName::new(NAME).map_err(|error| failed("no-user", &error))?;
    let role = Some(Role::Configurator);
    let user = AddUser { name, role, selector: Selector::default(), expires_at: None };
    let accounts = control.accounts();
    let refused = |error: homing_gateway::control::ControlError| failed(error.code(), &error);
    accounts.add_user(user, &local()).await.map_err(refused)?;
    accounts.add_key(NAME, AddKey { key }, &local()).await.map_err(refused)?;
    Ok(file)
}
