//! The kinds of files that Google's editors keep, and what each can be exported as.

/// A file of an editor other than Sheets. It has no binary content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NativeKind {
    /// A text document.
    Doc,
    /// A presentation.
    Slides,
    /// A drawing.
    Drawing,
    /// A form; it can be exported as a zip alone.
    Form,
    /// A site; its text can be exported.
    Site,
    /// A script.
    Script,
}

pub(crate) const FOLDER: &str = "application/vnd.google-apps.folder";
pub(crate) const SHORTCUT: &str = "application/vnd.google-apps.shortcut";
pub(crate) const SPREADSHEET: &str = "application/vnd.google-apps.spreadsheet";
pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A format that an editor's file is exported in, with its short name in export links.
pub(crate) type ExportFormat = (&'static str, &'static str);

pub(crate) const SHEET_EXPORTS: &[ExportFormat] =
    &[("text/csv", "csv"), ("text/tab-separated-values", "tsv"), (XLSX, "xlsx"), ("application/pdf", "pdf")];

impl NativeKind {
    pub(crate) const fn mime(self) -> &'static str {
        match self {
            Self::Doc => "application/vnd.google-apps.document",
            Self::Slides => "application/vnd.google-apps.presentation",
            Self::Drawing => "application/vnd.google-apps.drawing",
            Self::Form => "application/vnd.google-apps.form",
            Self::Site => "application/vnd.google-apps.site",
            Self::Script => "application/vnd.google-apps.script",
        }
    }

    pub(crate) const fn exports(self) -> &'static [ExportFormat] {
        match self {
            Self::Doc => &[("text/plain", "txt"), ("text/html", "html"), ("application/pdf", "pdf")],
            Self::Slides => &[("text/plain", "txt"), ("application/pdf", "pdf")],
            Self::Drawing => &[("image/png", "png"), ("application/pdf", "pdf")],
            Self::Form => &[("application/zip", "zip")],
            Self::Site => &[("text/plain", "txt")],
            Self::Script => &[("application/vnd.google-apps.script+json", "json")],
        }
    }

    /// The editor's part of an export link's path.
    pub(crate) const fn editor(self) -> &'static str {
        match self {
            Self::Doc => "document",
            Self::Slides => "presentation",
            Self::Drawing => "drawings",
            Self::Form => "forms",
            Self::Site => "sites",
            Self::Script => "script",
        }
    }
}
