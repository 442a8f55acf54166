//! The little XML the operator's command knows: making an operation, and reading text out of a reply.

pub(crate) mod operation;
pub(crate) mod reply_text;
pub(crate) mod scan;
