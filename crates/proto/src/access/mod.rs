//! Who may do what on which device.
//!
//! ```text
//!   Operator ──has──▶ Grant: Role on Selector until a moment
//!      │                │        │
//!      │                │        └─ "site=fra,role=edge": the devices meant
//!      │                └─ viewer < operator < configurator < admin
//!      └── on(device, Right) ──▶ allowed, or Denied with the reason
//! ```
//!
//! An operator has every right that one of the grants in force gives; nothing takes rights away. A credential with a
//! scope of its own (a token) gives no more than that scope, and no more than its user has.

pub mod command;
mod grant;
mod login_name;
pub mod one_time;
mod operator;
pub mod policy;
mod role;
pub mod rpc;
mod selector;
pub mod throttle;
mod token;
pub mod visits;
mod words;

pub use grant::Grant;
pub use login_name::{InvalidLoginName, LoginName, Target, Unresolved};
pub use one_time::OneTimePassword;
pub use operator::{Denied, Operator, Via};
pub use policy::Policy;
pub use role::{InvalidRole, Right, Role};
pub(crate) use selector::fits;
pub use selector::{InvalidSelector, Selector};
pub use token::{CredentialDigest, InvalidToken, Token, TokenId};

pub use crate::identity::UserName;

/// The labels of a device, which selectors look at.
pub type Tags = std::collections::BTreeMap<String, String>;
