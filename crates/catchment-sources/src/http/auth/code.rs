//! Authorization codes: what a browser comes back with from a login, exchanged for a refresh token (RFC 6749, 4.1.3, with
//! RFC 7636).

use catchment_core::{Error, ErrorKind, Host, Result, Secret};

use super::endpoint::{OauthClient, TokenEndpoint};
use super::options::ClientAuthentication;
use crate::http::connections::Connections;
use crate::http::dialect::Dialect;
use crate::http::limits::HttpLimits;
use crate::http::secret::check_secret;

/// Longest answer of a token endpoint; the endpoint itself bounds it more.
const MAX_BYTES: u64 = 1 << 20;

/// A code, and what it was asked for with.
pub(crate) struct CodeGrant<'a> {
    pub(crate) code: &'a str,
    pub(crate) verifier: &'a str,
    pub(crate) redirect: &'a str,
}

/// Exchanges a code for a refresh token.
///
/// # Errors
/// `authentication`, `token_refused`, `no_refresh_token`; as of any request.
pub(crate) async fn exchange_code(
    token_url: &str,
    (id, secret): (&str, &Secret),
    grant: CodeGrant<'_>,
    dialect: Dialect,
    host: &Host,
) -> Result<String> {
    check_secret("clientSecret", secret, host)?;
    let limits = HttpLimits { timeouts: crate::http::limits::Timeouts::default(), page_bytes: MAX_BYTES };
    let connections = Connections::new(host, limits, dialect);
    let endpoint = TokenEndpoint::new(token_url, None, [].into())?;
    let client = OauthClient {
        id: id.to_owned(),
        secret: Some(secret.clone()),
        authentication: ClientAuthentication::Body,
    };
    let form = vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", grant.code.to_owned()),
        ("code_verifier", grant.verifier.to_owned()),
        ("redirect_uri", grant.redirect.to_owned()),
    ];
    [grant.code, grant.verifier].iter().for_each(|secret| connections.redactor.mask(secret));
    let refresh_token = endpoint.ask(&connections, Some(&client), form).await?.refresh_token;
    refresh_token.ok_or_else(|| {
        let message = "the server handed out no refresh token; take the access away from the app in the account's settings, and log in \
                       again";
        Error::new(ErrorKind::Authentication, "no_refresh_token", message)
    })
}
