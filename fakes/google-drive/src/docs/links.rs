//! Export links at docs.google.com, which need the token and redirect to a host that must not get it.

use std::collections::BTreeMap;

use crate::api::exchange::Caller;
use crate::exports::export::{exported, mime_of_format};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::problem::{Answer, Problem};
use crate::world::state::World;

/// Answers an export link: a sign-in page with 200 where the caller is not known, else a redirect that is good once.
pub(crate) fn follow_link(world: &mut World, caller: Option<&Caller>, request: &Request, id: &str) -> Answer {
    let Some(caller) = caller else {
        return Ok(Reply::html(200, SIGN_IN));
    };
    caller.require_content()?;
    let pairs: BTreeMap<String, String> = request.pairs().into_iter().collect();
    let item = world.items.get(id).filter(|_| world.is_visible(&caller.viewer, id));
    let item =
        item.ok_or_else(|| Problem::html(404, "Sorry, the file you have requested does not exist."))?;
    if !item.traits.can_download {
        return Err(Box::new(Problem::html(403, "You need permission.")));
    }
    let bad = || Problem::html(400, "Sorry, unable to open the file at present.");
    let format = pairs.get("exportFormat").or_else(|| pairs.get("format")).ok_or_else(bad)?;
    let gid = pairs.get("gid").map(|gid| gid.parse().map_err(|_| Box::new(bad()))).transpose()?;
    let mime = mime_of_format(item, format).ok_or_else(bad)?;
    let bytes = exported(item, mime, gid).ok_or_else(bad)?;
    let ticket = world.ids.word("", 40);
    world.downloads.insert(ticket.clone(), (mime.to_owned(), bytes));
    let address = format!("{}/export/{ticket}", world.addresses.content);
    Ok(Reply::html(302, "<html><title>Moved Temporarily</title></html>").header("location", address))
}

/// Sends what a redirect led to. Who shows a credential here is refused.
pub(crate) fn send_download(world: &mut World, request: &Request, ticket: &str) -> Answer {
    if request.header("authorization").is_some() {
        return Err(Box::new(Problem::html(401, "This host takes no credentials.")));
    }
    let gone = || Problem::html(403, "The link has expired.");
    let (mime, bytes) = world.downloads.remove(ticket).ok_or_else(gone)?;
    let mut reply = Reply::bytes(200, bytes).header("content-type", mime);
    reply.is_chunked = true;
    Ok(reply)
}

const SIGN_IN: &str = "<!doctype html><html lang=\"en-US\"><head><base \
                       href=\"https://accounts.google.com/v3/signin/\"><title>Sign in - Google \
                       Accounts</title></head><body>Sign in to continue to Google Drive</body></html>";
