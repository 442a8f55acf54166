//! The operator's command.
mod exit;
mod failure;
mod output;
mod xml;
fn main() {}
