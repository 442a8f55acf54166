//! What a class allows besides NETCONF, which decides for itself.
//!
//! Source: Junos, *login classes*.

use homing_proto::junos::Login;

/// Whether users of `class` may have a shell, run commands and move files.
pub(super) fn has_shell(class: &str, login: &Login) -> bool {
    match class {
        "super-user" | "superuser" => true,
        "operator" | "read-only" | "unauthorized" => false,
        own => login.class(own).is_some_and(|class| {
            class.permissions.iter().any(|permission| permission == "all" || permission == "shell")
        }),
    }
}

#[cfg(test)]
mod tests {
    use homing_proto::junos::Configuration;

    use super::*;

    #[test]
    fn a_shell_is_for_super_users_and_classes_that_have_it() {
        let text = "system { login {
            class all-of-it { permissions all; }
            class with-shell { permissions [ view shell ]; }
            class without { permissions [ view configure ]; }
        } }";
        let login = Configuration::parse("x", text).unwrap().login().unwrap();
        for class in ["super-user", "superuser", "all-of-it", "with-shell"] {
            assert!(has_shell(class, &login), "{class}");
        }
        for class in ["operator", "read-only", "unauthorized", "without", "unknown"] {
            assert!(!has_shell(class, &login), "{class}");
        }
    }
}
