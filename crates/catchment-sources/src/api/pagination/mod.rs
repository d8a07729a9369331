//! Pagination: how one page follows another: where the next one is, when there is none, and what was promised.

mod facts;
mod locator;
mod next;
mod pages;
mod param_location;
mod promises;
mod strategy;
mod token;

pub(super) use facts::ResponseFacts;
pub(super) use locator::PageLocator;
pub(super) use pages::{DEFAULT_LIMIT, Pagination};
pub(super) use param_location::{RequestDraft, param_texts, set_param};
pub(super) use strategy::pagination_type;
