//! Pagination: how one page follows another: where the next one is, when there is none, and what was promised.

mod facts;
mod kind;
mod next;
mod pages;
mod place;
mod promises;
mod target;
mod token;

pub(super) use facts::ResponseFacts;
pub(super) use kind::pagination_type;
pub(super) use pages::{DEFAULT_LIMIT, Pagination};
pub(super) use place::PageLocator;
pub(super) use target::{RequestDraft, param_texts, set_param};
