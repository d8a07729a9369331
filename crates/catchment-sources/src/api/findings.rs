//! What a reading found out of an API, in words: where the records are, and how one page follows another.

use catchment_core::Finding;

use super::options::{PaginationOptions, PaginationType};
use super::pagination::pagination_type;

/// The topic of what says how pages follow.
pub(super) const PAGINATION: &str = "pagination";

/// How to settle what an answer does not say of pages.
pub(super) const SET_PAGINATION: &str =
    "set the option `pagination` (`{\"type\": \"none\"}` if there is one page)";

/// Where the list of records was found.
pub(super) fn records(path: &str) -> Finding {
    Finding::sure("records", format!("at {}", place(path)))
}

/// A place in an answer, as people write it.
pub(super) fn place(path: &str) -> String {
    match path {
        "$" => "the top of the answer".to_owned(),
        path => format!("`{}`", path.strip_prefix("$.").unwrap_or(path)),
    }
}

/// How pages follow, as it was found out.
pub(super) fn pagination(found: &PaginationOptions) -> Finding {
    Finding::sure(PAGINATION, describe(found))
}

/// The first answer was read as the only one, and nothing says that it is.
pub(super) fn no_pagination() -> Finding {
    let message = format!(
        "the first answer says nothing of further pages, so it was read as the only one; run `catchment inspect` to \
         try the usual parameters, or {SET_PAGINATION}"
    );
    Finding::unsure(PAGINATION, message)
}

/// Pages are numbered by nothing but experience.
pub(super) fn assumed_pagination() -> Finding {
    let message = format!(
        "the first answer does not say how further pages are requested, and the options name a limit; numbered pages by \
         `page` are assumed; run `catchment inspect` to try the usual parameters, or {SET_PAGINATION}"
    );
    Finding::unsure(PAGINATION, message)
}

/// How pages follow, for people.
pub(super) fn describe(pagination: &PaginationOptions) -> String {
    let name = |given: &Option<String>, default: &str| given.clone().unwrap_or_else(|| default.to_owned());
    match pagination_type(pagination) {
        PaginationType::Page => format!(
            "numbered pages by `{}`, from {}",
            name(&pagination.page_param, "page"),
            pagination.start_page.unwrap_or(1)
        ),
        PaginationType::Offset => format!(
            "pages by the offset `{}`, from {}",
            name(&pagination.offset_param, "offset"),
            pagination.start_offset.unwrap_or(0)
        ),
        PaginationType::Cursor => {
            format!("pages by the token at {}", place(&name(&pagination.cursor_path, "$")))
        }
        PaginationType::LinkHeader => "pages by the links of the header `Link`".to_owned(),
        PaginationType::NextUrl => {
            format!("pages by the links at {}", place(&name(&pagination.next_url_path, "$")))
        }
        PaginationType::None | PaginationType::Auto => {
            "one page: the first answer says that there are no others".to_owned()
        }
    }
}
