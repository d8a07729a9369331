//! `alt=media`: content, whole or a range of it, where the file and the user allow it.

use super::exchange::Exchange;
use super::params::Params;
use crate::http::reply::Reply;
use crate::problem::Answer;
use crate::refusals;
use crate::world::item::Item;

/// Answers with a file's content.
pub(crate) fn get_content(exchange: &Exchange<'_>, id: &str, known: &[&str]) -> Answer {
    exchange.caller.require_content()?;
    let params = Params::read(exchange.request, known)?;
    let item = exchange.find(id, params.flag("supportsAllDrives", false)?)?;
    let blob = item.blob().ok_or_else(refusals::not_downloadable)?;
    send_content(exchange, item, &blob.bytes, &params)
}

/// Sends bytes of a file, of its present revision or an earlier one.
pub(crate) fn send_content(exchange: &Exchange<'_>, item: &Item, bytes: &[u8], params: &Params) -> Answer {
    if !item.traits.can_download {
        return Err(Box::new(refusals::cannot_download()));
    }
    // To acknowledge is for the owner alone.
    let may_acknowledge = item.owner == Some(exchange.caller.viewer.principal);
    if item.traits.is_abusive && !(params.flag("acknowledgeAbuse", false)? && may_acknowledge) {
        return Err(Box::new(refusals::abusive()));
    }
    let reply = match exchange.request.header("range").and_then(|range| read_range(range, bytes.len())) {
        None => Reply::bytes(200, bytes.to_vec()),
        Some(Range::Part(first, last)) => Reply::bytes(206, bytes[first..=last].to_vec())
            .header("content-range", format!("bytes {first}-{last}/{}", bytes.len())),
        Some(Range::Outside) => {
            let reply = Reply::html(416, "<html><title>Requested range not satisfiable</title></html>");
            return Ok(reply.header("content-range", format!("bytes */{}", bytes.len())));
        }
    };
    Ok(reply.header("content-type", item.mime()).header("accept-ranges", "bytes"))
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    /// From the first to the last byte, both of which exist.
    Part(usize, usize),
    Outside,
}

/// Reads `bytes=a-b`, `bytes=a-` or `bytes=-n`. All else is no range, and ignored.
fn read_range(header: &str, length: usize) -> Option<Range> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (first.parse().ok(), last.parse().ok()) {
        (Some(first), Some(last)) => (first, last),
        (Some(first), None) if last.is_empty() => (first, usize::MAX),
        (None, Some(count)) if first.is_empty() => (length.saturating_sub(count), usize::MAX),
        _ => return None,
    };
    if first > last {
        return None;
    }
    Some(if first < length { Range::Part(first, last.min(length - 1)) } else { Range::Outside })
}

#[cfg(test)]
mod tests {
    use super::{Range, read_range};

    #[test]
    fn ranges_end_with_the_content() {
        assert_eq!(read_range("bytes=0-3", 10), Some(Range::Part(0, 3)));
        assert_eq!(read_range("bytes=8-99", 10), Some(Range::Part(8, 9)));
        assert_eq!(read_range("bytes=4-", 10), Some(Range::Part(4, 9)));
        assert_eq!(read_range("bytes=-3", 10), Some(Range::Part(7, 9)));
        assert_eq!(read_range("bytes=10-", 10), Some(Range::Outside));
        assert_eq!(read_range("bytes=0-", 0), Some(Range::Outside));
        assert_eq!(read_range("bytes=0-1,4-5", 10), None);
        assert_eq!(read_range("lines=0-1", 10), None);
    }
}
