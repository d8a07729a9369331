//! Search queries (`q`): split, parsed, and asked of an item.

pub(crate) mod condition;
mod lexer;
pub(crate) mod parser;
