//! What a configuration may at most be.
//!
//! Each limit has its own error code; the tests stand with the parser that applies it.

/// Bytes of the whole text.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Braces, elements or JSON values inside one another.
pub const MAX_DEPTH: usize = 64;
/// Bytes of one word, string or comment.
pub const MAX_TOKEN: usize = 64 * 1024;
/// Words of one statement.
pub const MAX_WORDS: usize = 1024;
/// Words of all statements.
pub const MAX_ALL_WORDS: usize = 2_000_000;
/// Statements in all.
pub const MAX_STATEMENTS: usize = 250_000;
/// Diagnostics kept; more are only counted.
pub const MAX_DIAGNOSTICS: usize = 20;
