//! What a user may do here, from the `class` that the configuration gives.
//!
//! Source: Junos, *login classes*.

use homing_proto::junos::Configuration;

/// What a user may do in NETCONF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Nothing but to leave.
    Unauthorized,
    /// To read, without secrets.
    ReadOnly,
    /// Everything.
    SuperUser,
}

impl Class {
    /// The class of a user who has proven who it is.
    ///
    /// A user that the configuration doesn't name was let in by the system's own SSH server: root may
    /// do everything, anyone else may read.
    pub fn of(user: &str, configuration: &Configuration) -> Self {
        let Ok(login) = configuration.login() else {
            return Self::Unauthorized;
        };
        if user == homing_proto::junos::ROOT {
            return Self::SuperUser;
        }
        let Some(class) = login.user(user).map(|user| user.class.as_str()) else {
            return Self::ReadOnly;
        };
        let has = |word: &str| {
            let class = login.class(class);
            class.is_some_and(|class| class.permissions.iter().any(|own| own == word))
        };
        match class {
            "super-user" | "superuser" => Self::SuperUser,
            "operator" | "read-only" => Self::ReadOnly,
            _ if has("all") => Self::SuperUser,
            _ if has("view") || has("view-configuration") => Self::ReadOnly,
            _ => Self::Unauthorized,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_comes_from_the_configuration() {
        let text = "system { login {
            class all-of-it { permissions all; }
            class look { permissions [ view network ]; }
            class none { permissions clear; }
            user a { class super-user; } user b { class read-only; } user c { class all-of-it; }
            user d { class look; } user e { class none; } user f { class unauthorized; }
        } }";
        let configuration = Configuration::parse("x", text).unwrap();
        let class = |user| Class::of(user, &configuration);
        assert_eq!(class("root"), Class::SuperUser);
        assert_eq!(class("stranger"), Class::ReadOnly);
        assert_eq!((class("a"), class("b")), (Class::SuperUser, Class::ReadOnly));
        assert_eq!((class("c"), class("d")), (Class::SuperUser, Class::ReadOnly));
        assert_eq!((class("e"), class("f")), (Class::Unauthorized, Class::Unauthorized));
    }
}
