//! The name that an operator logs in with at the SSH front door: who, and which device.
//!
//! ```text
//!   login  = [ operator ( ":" | "%" ) ] target
//!   target = device name | selector | pattern of device names
//!
//!   ops:edge-7    ops%edge-7    edge-7    ops:site=fra,role=edge    ops:edge-*
//! ```
//!
//! `%` is for programs that cut a login name at the colon. Without an operator, the key says who it is. A selector or pattern must
//! mean one device.

use std::fmt;

use super::{InvalidSelector, Selector, Tags, UserName};
use crate::excerpt::Excerpt;
use crate::fault::Fault;
use crate::identity::{DeviceName, InvalidName};

/// A login name, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginName {
    /// Who; none: whose key it is.
    pub operator: Option<UserName>,
    /// Which device.
    pub target: Target,
}

/// Which device a login is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The device of this name.
    Device(DeviceName),
    /// The one device that fits.
    Selector(Selector),
}

/// Why text is no login name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLoginName {
    /// It is far too long.
    #[error("a login name has at most {} bytes", LoginName::MAX_BYTES)]
    TooLong,
    /// Only an operator, and no device.
    #[error("no device is named: log in as OPERATOR:DEVICE, as in ops:edge-7")]
    NoDevice,
    /// The device's name can't be one.
    #[error("{0}: log in as OPERATOR:DEVICE, as in ops:edge-7")]
    Device(#[from] InvalidName),
    /// The selector can't be one.
    #[error(transparent)]
    Selector(#[from] InvalidSelector),
}

impl InvalidLoginName {
    /// A stable word for logs, metrics and the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong | Self::NoDevice => "invalid-login-name",
            Self::Device(error) => error.code(),
            Self::Selector(error) => error.code(),
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

impl LoginName {
    /// The longest text.
    pub const MAX_BYTES: usize = 1024;

    /// Reads a login name.
    ///
    /// # Errors
    /// Text that breaks the grammar at the top of this module.
    pub fn parse(text: &str) -> Result<Self, InvalidLoginName> {
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidLoginName::TooLong);
        }
        let (operator, target) = split(text);
        if target.is_empty() {
            return Err(InvalidLoginName::NoDevice);
        }
        Ok(Self { operator, target: Target::parse(target)? })
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.operator {
            Some(operator) => write!(f, "{operator}:{}", self.target),
            None => self.target.fmt(f),
        }
    }
}

/// At the first separator after what can be an operator; a label's value may have separators of its own.
fn split(text: &str) -> (Option<UserName>, &str) {
    if let Some((operator, target)) = text.split_once([':', '%'])
        && let Ok(operator) = UserName::new(operator)
    {
        return (Some(operator), target);
    }
    (None, text)
}

impl Target {
    /// Reads what follows the operator.
    ///
    /// # Errors
    /// It is neither a device's name nor a selector.
    pub fn parse(text: &str) -> Result<Self, InvalidLoginName> {
        if text.contains('=') {
            return Ok(Self::Selector(Selector::parse(text)?));
        }
        if text.contains(['*', '?']) {
            return Ok(Self::Selector(Selector::parse(&format!("name={text}"))?));
        }
        Ok(Self::Device(DeviceName::new(text)?))
    }

    /// The one device that is meant, out of those that the operator may see.
    ///
    /// # Errors
    /// None is meant, or several are.
    pub fn resolve<'a>(
        &self,
        devices: impl IntoIterator<Item = (&'a DeviceName, &'a Tags)>,
    ) -> Result<DeviceName, Unresolved> {
        let meant = |name: &DeviceName, tags: &Tags| match self {
            Self::Device(wanted) => wanted == name,
            Self::Selector(selector) => selector.matches(name, tags),
        };
        let fits = devices.into_iter().filter(|(name, tags)| meant(name, tags));
        let mut names: Vec<_> = fits.map(|(name, _)| name.clone()).collect();
        names.sort();
        match (names.pop(), names.len()) {
            (Some(only), 0) => Ok(only),
            (Some(last), _) => {
                names.push(last);
                Err(Unresolved::Several { target: Excerpt::new(self.to_string()), names })
            }
            (None, _) => Err(Unresolved::Nothing { target: Excerpt::new(self.to_string()) }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(name) => name.fmt(f),
            Self::Selector(selector) => selector.fmt(f),
        }
    }
}

/// Why a target is not one device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// No device fits, or none that the operator may see.
    #[error("no device is called {target}; look with: homing device ls")]
    Nothing {
        /// What was asked for.
        target: Excerpt,
    },
    /// Several fit.
    #[error("{target} means {} devices, name one: {}", .names.len(), list(.names))]
    Several {
        /// What was asked for.
        target: Excerpt,
        /// All that fit, in order.
        names: Vec<DeviceName>,
    },
}

impl Unresolved {
    /// A stable word for logs, metrics and the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nothing { .. } => "unknown-device",
            Self::Several { .. } => "ambiguous-device",
        }
    }

    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// The names, as far as a person reads on.
fn list(names: &[DeviceName]) -> String {
    const MOST: usize = 20;
    let mut text = names.iter().take(MOST).map(DeviceName::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text.push_str(&format!(" and {} more", names.len() - MOST));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn device(name: &str) -> DeviceName {
        DeviceName::new(name).unwrap()
    }

    #[test]
    fn every_way_to_write_it_is_read() {
        let ops = Some(UserName::new("ops").unwrap());
        let edge = Target::Device(device("edge-7"));
        for (text, operator, target) in [
            ("ops:edge-7", ops.clone(), edge.clone()),
            ("ops%edge-7", ops.clone(), edge.clone()),
            ("edge-7", None, edge),
            (
                "ops:site=fra,role=edge",
                ops.clone(),
                Target::Selector(Selector::parse("site=fra,role=edge").unwrap()),
            ),
            ("ops:edge-*", ops, Target::Selector(Selector::parse("name=edge-*").unwrap())),
            ("mac=aa:bb", None, Target::Selector(Selector::parse("mac=aa:bb").unwrap())),
        ] {
            assert_eq!(LoginName::parse(text).unwrap(), LoginName { operator, target }, "{text}");
        }
    }

    #[test]
    fn what_names_no_device_is_refused_with_an_example() {
        assert_eq!(LoginName::parse("ops:"), Err(InvalidLoginName::NoDevice));
        assert_eq!(LoginName::parse(""), Err(InvalidLoginName::NoDevice));
        let error = LoginName::parse("ops:-x").unwrap_err().to_string();
        assert!(error.contains("ops:edge-7"), "{error}");
        assert_eq!(LoginName::parse(&"a".repeat(2000)), Err(InvalidLoginName::TooLong));
        assert!(LoginName::parse("ops:=x").is_err());
    }

    #[test]
    fn a_selector_that_means_several_is_refused_with_the_list() {
        let fra: Tags = [("site".to_owned(), "fra".to_owned())].into();
        let (a, b, none) = (device("edge-2"), device("edge-1"), Tags::new());
        let fleet = [(&a, &fra), (&b, &fra)];
        let target = Target::parse("site=fra").unwrap();
        let error = target.resolve(fleet).unwrap_err();
        assert_eq!(error.to_string(), "site=fra means 2 devices, name one: edge-1, edge-2");
        assert_eq!(target.resolve([(&a, &fra), (&b, &none)]), Ok(a.clone()));
        let error = Target::parse("edge-9").unwrap().resolve(fleet).unwrap_err();
        assert_eq!(error.to_string(), "no device is called edge-9; look with: homing device ls");
        assert_eq!(error.code(), "unknown-device");
        assert_eq!(Target::parse("edge-2").unwrap().resolve(fleet), Ok(a));
    }

    #[test]
    fn a_list_of_many_is_cut() {
        let (names, tags): (Vec<_>, _) =
            ((0..30).map(|n| device(&format!("d{n:02}"))).collect(), Tags::new());
        let fleet = names.iter().map(|name| (name, &tags));
        let error = Target::parse("*").unwrap().resolve(fleet).unwrap_err().to_string();
        assert!(error.contains("d19 and 10 more"), "{error}");
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_so_that_it_reads_the_same(text in "\\PC{0,40}") {
            if let Ok(login) = LoginName::parse(&text) {
                prop_assert_eq!(LoginName::parse(&login.to_string()), Ok(login));
            }
        }

        #[test]
        fn operator_and_device_come_apart_at_either_separator(
            operator in "[a-z][a-z0-9._-]{0,10}", name in "[a-zA-Z0-9][a-zA-Z0-9._-]{0,20}",
        ) {
            for separator in [':', '%'] {
                let login = LoginName::parse(&format!("{operator}{separator}{name}")).unwrap();
                prop_assert_eq!(login.operator, Some(UserName::new(operator.as_str()).unwrap()));
                prop_assert_eq!(login.target, Target::Device(device(&name)));
            }
        }
    }
}
