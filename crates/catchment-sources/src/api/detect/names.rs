//! Names that APIs give to what they say of their pages; in each table, the first that fits counts.

/// Objects of an answer that speak of pages; the first is the answer itself.
pub(super) const OBJECTS: [&str; 17] = [
    "",
    "meta",
    "pagination",
    "paging",
    "page",
    "links",
    "_links",
    "page_info",
    "pageInfo",
    "paginationInfo",
    "meta.pagination",
    "meta.page",
    "_meta",
    "info",
    "response_metadata",
    "metadata",
    "data",
];
/// Members that hold the address of the next page.
pub(super) const NEXT_URLS: [&str; 16] = [
    "next",
    "next_url",
    "nextUrl",
    "next_page_url",
    "nextPageUrl",
    "next_page",
    "nextPage",
    "['@odata.nextLink']",
    "nextLink",
    "next_link",
    "next_href",
    "nextHref",
    "next.href",
    "odata.nextLink",
    "next.link",
    "nextRecordsUrl",
];
/// Members that hold the token of the next page, and the parameter that it is most often sent as.
pub(super) const CURSORS: [(&str, &str); 18] = [
    ("next_cursor", "cursor"),
    ("nextCursor", "cursor"),
    ("next_page_token", "page_token"),
    ("nextPageToken", "pageToken"),
    ("next_token", "next_token"),
    ("nextToken", "nextToken"),
    ("continuation_token", "continuation_token"),
    ("continuationToken", "continuationToken"),
    ("pagination_token", "pagination_token"),
    ("cursors.after", "after"),
    ("next_page", "page"),
    ("nextPage", "page"),
    ("cursor.next", "cursor"),
    ("next", "next"),
    ("continue", ""),
    ("cursor", "cursor"),
    ("next.after", "after"),
    ("offset", "offset"),
];
/// Members that say that more follows.
pub(super) const HAS_MORE: [&str; 8] =
    ["has_more", "hasMore", "has_next", "hasNext", "hasNextPage", "has_next_page", "more", "moreAvailable"];
/// The number of the page, and the parameter that it is most often sent as.
pub(super) const PAGES: [(&str, &str); 8] = [
    ("page", "page"),
    ("current_page", "page"),
    ("currentPage", "page"),
    ("page_number", "page_number"),
    ("pageNumber", "pageNumber"),
    ("number", "page"),
    ("current", "page"),
    ("pageIndex", "pageIndex"),
];
/// The number of all pages.
pub(super) const TOTAL_PAGES: [&str; 10] = [
    "total_pages",
    "totalPages",
    "page_count",
    "pageCount",
    "last_page",
    "lastPage",
    "pages",
    "num_pages",
    "numPages",
    "pages_count",
];
/// How many records a page has.
pub(super) const PAGE_SIZES: [&str; 6] = ["per_page", "perPage", "page_size", "pageSize", "size", "limit"];
/// Where the page begins, and how many records it was asked to have.
pub(super) const OFFSETS: [(&str, &str); 6] = [
    ("offset", "limit"),
    ("skip", "limit"),
    ("startAt", "maxResults"),
    ("start", "limit"),
    ("start", "rows"),
    ("from", "size"),
];
/// The number of all records.
pub(super) const TOTALS: [&str; 11] = [
    "total",
    "total_count",
    "totalCount",
    "total_items",
    "totalItems",
    "totalResults",
    "total_results",
    "total_records",
    "totalRecords",
    "totalElements",
    "count",
];
/// Headers that hold the number of all records.
pub(super) const TOTAL_HEADERS: [&str; 4] =
    ["x-total-count", "x-total", "x-pagination-total-count", "x-wp-total"];
/// Parameters that pages are asked for by, in small letters and without signs: those that number pages, and those that count
/// records.
pub(super) const PAGE_PARAMS: [&str; 9] =
    ["page", "p", "pg", "paged", "pageno", "pagenum", "pagenumber", "pageindex", "currentpage"];
pub(super) const OFFSET_PARAMS: [&str; 7] =
    ["offset", "skip", "start", "startat", "startindex", "from", "pageoffset"];
