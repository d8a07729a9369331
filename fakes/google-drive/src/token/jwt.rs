//! The signed claims of a service account, judged as Google does.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rsa::KeyPair;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use crate::principal::Principal;
use crate::problem::{Answer, Problem};
use crate::world::settings::Settings;

/// The private key of the service account, made for this fake alone.
pub(crate) const PRIVATE_KEY: &str = include_str!("../test_key.pem");
pub(crate) const PRIVATE_KEY_ID: &str = "4f1c0de5afe0000000000000000000000000beef";

/// What `aud` may be beside the token endpoint's own address.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";

const LONGEST_SECONDS: i64 = 3600;
/// How far in the future a JWT may have been made.
const SKEW_SECONDS: i64 = 300;

/// Whom a token is asked for, and for what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) principal: Principal,
    /// Words, with spaces between.
    pub(crate) scope: String,
}

/// Judges an assertion.
pub(crate) fn read_assertion(assertion: &str, token_url: &str, settings: &Settings) -> Answer<Claims> {
    let (header, claims) = verify(assertion)?;
    let account = Principal::ServiceAccount;
    if claims["iss"] != account.email() {
        return Err(Box::new(invalid_grant("Invalid grant: account not found")));
    }
    if header["alg"] != "RS256" || header["kid"] != PRIVATE_KEY_ID {
        return Err(Box::new(invalid_grant("Invalid JWT Signature.")));
    }
    if claims["aud"] != AUDIENCE && claims["aud"] != token_url {
        let message = format!("Invalid JWT: Failed audience check. The right audience is {AUDIENCE}");
        return Err(Box::new(invalid_grant(&message)));
    }
    check_times(&claims, settings.jwt_clock_offset_seconds)?;
    if settings.is_service_account_disabled {
        return Err(Box::new(Problem::new(401, "invalid_client", "The OAuth client was disabled.")));
    }
    let scope = claims["scope"].as_str().unwrap_or_default().to_owned();
    let principal = match claims.get("sub").and_then(Value::as_str) {
        None => account,
        Some(subject) if subject == account.email() => account,
        Some(subject) => find_subject(subject, settings.is_delegation_allowed)?,
    };
    Ok(Claims { principal, scope })
}

fn find_subject(subject: &str, is_delegation_allowed: bool) -> Answer<Principal> {
    let principal = Principal::of_email(subject);
    let principal = principal.ok_or_else(|| invalid_grant("Invalid email or User ID"))?;
    if !is_delegation_allowed {
        let message = "Client is unauthorized to retrieve access tokens using this method, or client not authorized \
                       for any of the scopes requested.";
        return Err(Box::new(Problem::new(401, "unauthorized_client", message)));
    }
    Ok(principal)
}

/// The header and the claims, where they are signed by the account's key.
fn verify(assertion: &str) -> Answer<(Value, Value)> {
    let malformed = || invalid_grant("Invalid JWT: Failed to parse the assertion.");
    let (signed, signature) = assertion.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let parse = |part: &str| serde_json::from_slice(&decode(part)?).ok();
    let (header, claims) = parse(header).zip(parse(claims)).ok_or_else(malformed)?;
    let signature = decode(signature).ok_or_else(malformed)?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key());
    // Whose key it is, is not looked at before: another account's JWT is told by `iss`.
    let is_ours = |claims: &Value| claims["iss"] == Principal::ServiceAccount.email();
    if is_ours(&claims) && key.verify(signed.as_bytes(), &signature).is_err() {
        return Err(Box::new(invalid_grant("Invalid JWT Signature.")));
    }
    Ok((header, claims))
}

/// By the clock of the system, as the client's is that too.
fn check_times(claims: &Value, offset_seconds: i64) -> Answer<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now).unwrap() + offset_seconds;
    let is_good = |issued: i64, expires: i64| {
        issued <= now + SKEW_SECONDS
            && expires > now
            && expires > issued
            && expires - issued <= LONGEST_SECONDS
    };
    let times = claims["iat"].as_i64().zip(claims["exp"].as_i64());
    if times.is_some_and(|(issued, expires)| is_good(issued, expires)) {
        return Ok(());
    }
    Err(Box::new(invalid_grant(
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and \
         exp values in the JWT claim.",
    )))
}

fn invalid_grant(message: &str) -> Problem {
    Problem::new(400, "invalid_grant", message)
}

fn public_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| {
        let body: String = PRIVATE_KEY.lines().filter(|line| !line.starts_with("-----")).collect();
        let pair = KeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap();
        pair.public().as_ref().to_vec()
    })
}
