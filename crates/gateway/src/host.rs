//! The machine that the gateway runs on.

/// Its name; none if it has none that is text.
pub(crate) fn name() -> Option<String> {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok())
}
