//! Redirects, followed hop by hop by the client itself, so that each hop is judged like the first.

use catchment_core::{Error, ErrorKind, Result, mask_url_query};
use reqwest::header::LOCATION;
use reqwest::{Method, Response, StatusCode, Url};

use super::request::Request;

/// Hops of one request at most.
pub(super) const MAX_REDIRECTS: usize = 10;

/// Where a response redirects to; `None` where it does not.
pub(super) fn redirect_target(response: &Response) -> Result<Option<Url>> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = response.headers().get(LOCATION).filter(|_| is_redirect) else { return Ok(None) };
    let target = location.to_str().ok().and_then(|location| response.url().join(location).ok());
    let message = || {
        format!("{} redirects to something that is not a valid URL", mask_url_query(response.url().as_str()))
    };
    target.map(Some).ok_or_else(|| Error::new(ErrorKind::Api, "bad_redirect", message()))
}

/// Points a request at the target of a redirect. All but 307 and 308 turn it into a GET without a body.
pub(super) fn follow_redirect(request: &mut Request, status: StatusCode, target: Url) {
    if !matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
        (request.method, request.body) = (Method::GET, None);
    }
    request.url = target;
}

pub(super) fn too_many_redirects(url: &Url) -> Error {
    let message = format!(
        "{} redirects more than {MAX_REDIRECTS} times; check the URL, and whether it needs the option `auth`",
        mask_url_query(url.as_str())
    );
    Error::new(ErrorKind::Api, "too_many_redirects", message)
}
