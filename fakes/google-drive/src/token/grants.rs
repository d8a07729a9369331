//! The token endpoint: a JWT, a refresh token or a login's code in, an access token out.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::jwt::read_assertion;
use crate::api::exchange::SCOPES;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::principal::Principal;
use crate::problem::{Answer, Problem};
use crate::world::credentials::{AccessToken, CLIENT_ID, CLIENT_SECRET};
use crate::world::state::World;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// What a user's consent is for, as the consent screen of the fake asks for nothing else.
const CONSENTED_SCOPE: &str = "https://www.googleapis.com/auth/drive.readonly";

/// Answers with an access token.
pub(crate) fn grant_token(world: &mut World, request: &Request) -> Answer {
    if request.method != "POST" {
        return Err(Box::new(Problem::html(405, "The request method GET is inappropriate for this URL.")));
    }
    let is_form = |kind: &str| kind.starts_with("application/x-www-form-urlencoded");
    if !request.header("content-type").is_some_and(is_form) {
        return Err(Box::new(Problem::new(400, "invalid_request", "The body is no form.")));
    }
    let form = Form { fields: request.form().into_iter().collect() };
    match form.text("grant_type") {
        JWT_BEARER => {
            let claims = read_assertion(form.text("assertion"), &world.addresses.token, &world.settings)?;
            let access = issue(world, claims.principal, &claims.scope)?;
            Ok(Reply::json(200, &access))
        }
        "refresh_token" => refresh(world, &form),
        "authorization_code" => exchange_code(world, &form),
        other => {
            Err(Box::new(Problem::new(400, "unsupported_grant_type", format!("Invalid grant_type: {other}"))))
        }
    }
}

struct Form {
    fields: BTreeMap<String, String>,
}

impl Form {
    fn text(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    fn check_client(&self) -> Answer<()> {
        if self.text("client_id") != CLIENT_ID {
            return Err(Box::new(Problem::new(401, "invalid_client", "The OAuth client was not found.")));
        }
        if self.text("client_secret") != CLIENT_SECRET {
            return Err(Box::new(Problem::new(401, "invalid_client", "Unauthorized")));
        }
        Ok(())
    }
}

fn refresh(world: &mut World, form: &Form) -> Answer {
    form.check_client()?;
    if !world.credentials.is_refresh_good(form.text("refresh_token")) {
        return Err(Box::new(Problem::new(400, "invalid_grant", "Token has been expired or revoked.")));
    }
    // Google hands out no new refresh token as a rule.
    let mut access = issue(world, Principal::User, CONSENTED_SCOPE)?;
    access["scope"] = json!(CONSENTED_SCOPE);
    Ok(Reply::json(200, &access))
}

/// The end of a login in the browser, with PKCE (RFC 7636).
fn exchange_code(world: &mut World, form: &Form) -> Answer {
    form.check_client()?;
    let invalid = |message: &str| Problem::new(400, "invalid_grant", message);
    let login = world.credentials.take_code(form.text("code"));
    let login = login.ok_or_else(|| invalid("Malformed auth code."))?;
    if login.redirect_uri != form.text("redirect_uri") {
        return Err(Box::new(Problem::new(400, "redirect_uri_mismatch", "Bad Request")));
    }
    let verifier = form.text("code_verifier");
    if verifier.is_empty() {
        return Err(Box::new(invalid("Missing code verifier.")));
    }
    let is_long_enough = (43..=128).contains(&verifier.len());
    if !is_long_enough || URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) != login.challenge {
        return Err(Box::new(invalid("Invalid code verifier.")));
    }
    let refresh_token = world.ids.word("1//0", 60);
    world.credentials.add_refresh(refresh_token.clone());
    let mut access = issue(world, Principal::User, CONSENTED_SCOPE)?;
    access["scope"] = json!(CONSENTED_SCOPE);
    access["refresh_token"] = json!(refresh_token);
    Ok(Reply::json(200, &access))
}

fn issue(world: &mut World, principal: Principal, scope: &str) -> Answer<Value> {
    world.credentials.asked_scopes.push(scope.to_owned());
    let scopes: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() || scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str())) {
        let message = "Invalid OAuth scope or ID token audience provided.";
        return Err(Box::new(Problem::new(400, "invalid_scope", message)));
    }
    let seconds = world.settings.token_seconds;
    let requests_left = world.settings.token_requests;
    let expires = world.now() + SignedDuration::from_secs(seconds);
    let token = world.ids.word("ya29.c.", 80);
    world.credentials.grant(token.clone(), AccessToken { principal, scopes, requests_left, expires });
    Ok(json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"}))
}
