//! The layout of a source, compiled; and what of it is discovered from the first answer, where no option says it.

use std::sync::Arc;

use catchment_core::{Columns, Error, ErrorKind, Result, invalid_option, mask_url_query};
use catchment_formats::json::fields::Fields;
use catchment_formats::json::lists::find_list;
use catchment_formats::json::path::Path;
use catchment_formats::json::records::Item;
use catchment_formats::json::selection::Selection;
use reqwest::Url;

use crate::api::detect::detect;
use crate::api::options::{PaginationOptions, PaginationType};
use crate::api::pagination::{
    DEFAULT_LIMIT, PageLocator, Pagination, RequestDraft, pagination_type, set_param,
};
use crate::api::state::ApiLayout;
use crate::api::summary::AnswerSummary;

/// Records that columns are discovered from.
const SAMPLE: usize = 100;

/// What is known of a layout, ready to be used.
#[derive(Default)]
pub(super) struct Plan {
    /// Where the records are; none for a path that needs the whole document, for which one is made for each.
    pub(super) selection: Option<Arc<Selection>>,
    pub(super) pagination: Option<Pagination>,
    pub(super) fields: Option<Fields>,
    pub(super) columns: Columns,
}

impl Plan {
    pub(super) fn new(layout: &ApiLayout) -> Result<Self> {
        let mut plan = Self::default();
        plan.compile(layout)?;
        Ok(plan)
    }

    /// Compiles what has become known.
    fn compile(&mut self, layout: &ApiLayout) -> Result<()> {
        let ApiLayout { data_path, pagination, columns } = layout;
        if let (None, Some(text)) = (&self.selection, data_path) {
            let path = Path::parse(text).map_err(|problem| invalid_option("dataPath", &problem))?;
            if path.steps().is_some() {
                self.selection = Some(Arc::new(Selection::new(&path, None).map_err(cannot_be)?));
            }
        }
        if let (None, Some(options)) = (&self.pagination, pagination)
            && pagination_type(options) != PaginationType::Auto
        {
            self.pagination = Some(Pagination::new(options)?);
        }
        if let (None, Some(columns)) = (&self.fields, columns) {
            let fields = Fields::new(columns)
                .map_err(|(name, problem)| invalid_option("fieldMapping", &format!("`{name}` {problem}")))?;
            self.columns = fields.names().into();
            self.fields = Some(fields);
        }
        Ok(())
    }

    /// The request for a page, from what all requests have in common.
    pub(super) fn address(
        &self,
        layout: &ApiLayout,
        place: &PageLocator,
        mut draft: RequestDraft,
        resolve: impl Fn(&str) -> Result<Url>,
    ) -> Result<RequestDraft> {
        match (&self.pagination, &layout.pagination) {
            (Some(pagination), _) => pagination.request(place, draft, resolve),
            // How pages follow is still to be found out; how many records one has may be said.
            (None, Some(PaginationOptions { limit, limit_param: Some(name), .. })) => {
                set_param(&mut draft.url, name, &limit.unwrap_or(DEFAULT_LIMIT).into());
                Ok(draft)
            }
            (None, _) => Ok(draft),
        }
    }

    /// Discovers where the records are, by all that the first answer holds.
    pub(super) fn discover_data_path(
        &mut self,
        layout: &mut ApiLayout,
        url: &Url,
        text: &str,
    ) -> Result<Path> {
        let path = match &layout.data_path {
            Some(given) => Path::parse(given).map_err(|problem| invalid_option("dataPath", &problem))?,
            None => find_list(text).map_err(|error| error.with("url", mask_url_query(url.as_str())))?,
        };
        layout.data_path = Some(path.to_string());
        self.compile(layout)?;
        Ok(path)
    }

    /// The columns are those that the mapping names, with the one of an incremental reading; else those that the first
    /// records have.
    pub(super) fn discover_columns(
        &mut self,
        layout: &mut ApiLayout,
        items: &[Item],
        wanted: &[Box<str>],
        cursor_field: Option<&str>,
    ) -> Result<()> {
        if self.fields.is_some() {
            return Ok(());
        }
        let mut columns = if wanted.is_empty() {
            Fields::suggest(items.iter().take(SAMPLE).map(|item| item.raw.get()))
        } else {
            wanted.to_vec()
        };
        if let Some(field) = cursor_field.filter(|field| columns.iter().all(|column| **column != **field)) {
            columns.push((*field).into());
        }
        layout.columns = Some(columns);
        self.compile(layout)
    }

    /// Discovers how one page follows another.
    pub(super) fn discover_pagination(
        &mut self,
        layout: &mut ApiLayout,
        answer: &AnswerSummary,
    ) -> Result<()> {
        let given = layout.pagination.clone().unwrap_or_default();
        let numbered =
            || PaginationOptions { kind: Some(PaginationType::Page), ..PaginationOptions::default() };
        let is_limited = given.limit_param.is_some() || given.limit_body_path.is_some();
        let found = match detect(&answer.headers, &answer.envelope, answer.count) {
            // A limit that is named says that there are pages; then they have numbers, as they mostly do.
            Ok(none) if none.kind == Some(PaginationType::None) && is_limited => numbered(),
            Err(_) if is_limited => numbered(),
            found => found?,
        };
        let found = found.or(given);
        self.pagination = Some(Pagination::new(&found)?);
        layout.pagination = Some(found);
        Ok(())
    }
}

fn cannot_be(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::System, "selection", error.to_string()).with_source(error)
}
