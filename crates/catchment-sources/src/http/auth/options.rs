//! The option `auth`: how a source is authenticated with.

use std::collections::BTreeMap;

use catchment_core::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

/// Authentication of requests to the source. Secrets are `"text"`, `{"env": "NAME"}` or `{"file": "path"}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum AuthOptions {
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer {
        /// The token.
        token: Secret,
    },
    /// `Authorization: Basic …` (RFC 7617).
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A key in a header or in the query.
    ApiKey {
        /// The name of the header or of the parameter. Default `X-API-Key`.
        name: Option<String>,
        /// The key.
        #[serde(alias = "apiKey", alias = "value")]
        key: Secret,
        /// Where the key is sent. Default `header`.
        #[serde(default, rename = "in", alias = "location")]
        place: KeyLocation,
    },
    /// A token of OAuth 2.0 for a client (RFC 6749, 4.4).
    Oauth2ClientCredentials {
        /// Where tokens are fetched.
        #[serde(alias = "accessTokenUrl")]
        token_url: String,
        /// The client.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
        /// OAuth scopes: a list, or a text with spaces between.
        scopes: Option<Scopes>,
        /// More parameters of the request for a token, such as `audience`.
        #[serde(default)]
        token_params: BTreeMap<String, String>,
        /// Client authentication method at the token endpoint. Default `basic`.
        #[serde(default)]
        client_authentication: ClientAuthentication,
    },
    /// Tokens of OAuth 2.0 for a refresh token (RFC 6749, 6). Where the server hands out a new refresh token with each,
    /// it is kept, encrypted, in the database.
    Oauth2RefreshToken {
        /// Where tokens are fetched.
        #[serde(alias = "accessTokenUrl")]
        token_url: String,
        /// The client.
        client_id: String,
        /// Its secret, where it has one.
        client_secret: Option<Secret>,
        /// The refresh token to begin with.
        refresh_token: Secret,
        /// OAuth scopes: a list, or a text with spaces between.
        scopes: Option<Scopes>,
        /// More parameters of the request for a token.
        #[serde(default)]
        token_params: BTreeMap<String, String>,
        /// Client authentication method at the token endpoint. Default `basic`.
        #[serde(default)]
        client_authentication: ClientAuthentication,
    },
    /// Tokens of OAuth 2.0 for a service account of Google, by assertions that its key signs (RFC 7523).
    ServiceAccount {
        /// The text of its key file, in JSON.
        key: Secret,
        /// OAuth scopes: a list, or a text with spaces between.
        scopes: Scopes,
        /// The user that it acts for, where its domain lets it (domain-wide delegation).
        subject: Option<String>,
    },
}

/// Where a key is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyLocation {
    /// In a header.
    #[default]
    Header,
    /// In the query, as a parameter.
    Query,
}

/// How a client proves itself to the token endpoint (RFC 6749, 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// By HTTP Basic.
    #[default]
    Basic,
    /// By `client_id` and `client_secret` in the body.
    Body,
}

/// OAuth scopes (RFC 6749, 3.3).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scopes {
    /// With spaces between.
    Text(String),
    /// One by one.
    List(Vec<String>),
}

impl Scopes {
    /// As one text, with spaces between.
    pub(super) fn joined(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(list) => list.join(" "),
        }
    }
}
