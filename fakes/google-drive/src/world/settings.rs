//! How the fake is set up: what an administrator, a console or Google itself decides.

/// What can be changed at any time, also by hooks.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The largest export in bytes: 10 MB.
    pub export_limit: usize,
    /// Whether the Drive API is enabled in the project; else 403 `accessNotConfigured`.
    pub is_drive_api_enabled: bool,
    /// Whether the Sheets API is enabled in the project; else 403 `SERVICE_DISABLED`.
    pub is_sheets_api_enabled: bool,
    /// Whether the domain forbids Drive apps; then 403 `domainPolicy` at each call of the Drive API.
    pub is_forbidden_by_domain: bool,
    /// Whether the service account may act for the user (`sub`).
    pub is_delegation_allowed: bool,
    /// Whether the service account is disabled; then 401 `invalid_client`.
    pub is_service_account_disabled: bool,
    /// What Google's clock is ahead of the system's, when a JWT is judged.
    pub jwt_clock_offset_seconds: i64,
    /// How many requests a new access token lives, whatever `expires_in` says.
    pub token_requests: Option<u32>,
    /// How long a new access token lives, by the fake's clock; `expires_in` says so.
    pub token_seconds: i64,
    /// Removals are not announced by the change logs.
    pub loses_removals: bool,
    /// JSON is sent with gzip to who accepts it.
    pub compresses_json: bool,
    /// No page of files or changes has more entries than this.
    pub page_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            export_limit: 10 * 1024 * 1024,
            is_drive_api_enabled: true,
            is_sheets_api_enabled: true,
            is_forbidden_by_domain: false,
            is_delegation_allowed: false,
            is_service_account_disabled: false,
            jwt_clock_offset_seconds: 0,
            token_requests: None,
            token_seconds: 3599,
            loses_removals: false,
            compresses_json: false,
            page_limit: 1000,
        }
    }
}

/// The addresses of the fake's origins, each on a port of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses {
    pub(crate) drive: String,
    pub(crate) sheets: String,
    pub(crate) token: String,
    pub(crate) docs: String,
    pub(crate) content: String,
}
