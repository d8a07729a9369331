//! The layout of a source, compiled; and what of it is discovered from the first answer, where no option says it.

use std::sync::Arc;

use catchment_core::{Columns, Error, ErrorKind, Finding, Result, invalid_option, mask_url_query};
use catchment_formats::json::fields::Fields;
use catchment_formats::json::lists::find_list;
use catchment_formats::json::path::Path;
use catchment_formats::json::records::Item;
use catchment_formats::json::selection::Selection;
use reqwest::Url;

use crate::api::detect::detect;
use crate::api::findings::{self, SET_PAGINATION};
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

    /// Discovers how one page follows another, and says what was found out. Of an answer without records that says nothing
    /// there is nothing to tell.
    ///
    /// # Errors
    /// `unknown_pagination`, where there are more pages by what the answer or the options say, and nothing says how to
    /// request them.
    pub(super) fn discover_pagination(
        &mut self,
        layout: &mut ApiLayout,
        answer: &AnswerSummary,
    ) -> Result<Option<Finding>> {
        let given = layout.pagination.clone().unwrap_or_default();
        let is_limited = given.limit_param.is_some() || given.limit_body_path.is_some();
        let detected = match detect(&answer.headers, &answer.envelope, answer.count) {
            Ok(Some(PaginationOptions { kind: Some(PaginationType::None), .. }) | None) | Err(_)
                if is_limited =>
            {
                // A limit that is named says that there are pages; then they have numbers, as they mostly do.
                self.set_pagination(layout, PaginationOptions::of(PaginationType::Page).or(given))?;
                return Ok(Some(findings::assumed_pagination()));
            }
            detected => detected?,
        };
        let is_said = detected.is_some();
        let found = detected.unwrap_or_else(|| PaginationOptions::of(PaginationType::None)).or(given.clone());
        let facts = answer.facts(answer.count, answer.count, None);
        let finding = if is_said || Pagination::new(&found)?.is_only_page(&facts) {
            Some(findings::pagination(&found))
        } else if answer.count == 0 || answer.end.is_some() {
            None
        } else if given.demand_pages() {
            return Err(unknown_pagination());
        } else {
            Some(findings::no_pagination())
        };
        self.set_pagination(layout, found)?;
        Ok(finding)
    }

    /// Takes how pages follow.
    pub(super) fn set_pagination(&mut self, layout: &mut ApiLayout, found: PaginationOptions) -> Result<()> {
        self.pagination = Some(Pagination::new(&found)?);
        layout.pagination = Some(found);
        Ok(())
    }
}

/// The options say that there are several pages, and neither they nor the first answer say how to request them.
fn unknown_pagination() -> Error {
    let message = format!(
        "the first answer says nothing of further pages, and the option `pagination` asks for them without saying how \
         they are requested; run `catchment inspect` to try the usual parameters, or {SET_PAGINATION}"
    );
    Error::config("unknown_pagination", message.clone()).with_detail("/options/pagination", message)
}

fn cannot_be(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::System, "selection", error.to_string()).with_source(error)
}
