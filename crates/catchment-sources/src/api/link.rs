//! A parser of `Link` headers (RFC 8288, with the algorithm of its appendix B): several links in one header or several,
//! any order, quoted or not, relations side by side.

use reqwest::header::{HeaderMap, LINK};

/// The target of the first link of a relation.
pub(super) fn link_to(headers: &HeaderMap, relation: &str) -> Option<String> {
    let values = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(links).find_map(|(target, relations)| {
        relations.split_whitespace().any(|name| name.eq_ignore_ascii_case(relation)).then_some(target)
    })
}

/// Targets, each with its relations.
pub(super) fn links(mut rest: &str) -> Vec<(String, String)> {
    let mut links = Vec::new();
    while let Some((_, tail)) = rest.split_once('<') {
        let Some((target, tail)) = tail.split_once('>') else { break };
        let (relations, tail) = relations(tail);
        links.push((target.trim().to_owned(), relations));
        rest = tail;
    }
    links
}

/// The first `rel` among the parameters of a link, and what stands after them.
fn relations(mut rest: &str) -> (String, &str) {
    let mut found = None;
    loop {
        rest = rest.trim_start();
        let Some(tail) = rest.strip_prefix(';') else {
            return (found.unwrap_or_default(), rest.trim_start_matches(','));
        };
        let tail = tail.trim_start();
        let end = tail.find(['=', ';', ',']).unwrap_or(tail.len());
        let (name, tail) = (tail[..end].trim_end(), &tail[end..]);
        let (value, tail) = match tail.strip_prefix('=') {
            Some(tail) => value(tail.trim_start()),
            None => (String::new(), tail),
        };
        if name.eq_ignore_ascii_case("rel") {
            found.get_or_insert(value);
        }
        rest = tail;
    }
}

/// The value of a parameter, and what stands after it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return (text[..end].trim_end().to_owned(), &text[end..]);
    };
    let (mut value, mut chars) = (String::new(), quoted.char_indices());
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => value.extend(chars.next().map(|(_, char)| char)),
            '"' => return (value, &quoted[at + 1..]),
            char => value.push(char),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(values: &[&'static str]) -> Option<String> {
        let headers = values.iter().map(|value| (LINK, value.parse().unwrap())).collect();
        link_to(&headers, "next")
    }

    #[test]
    fn the_next_link_is_found_wherever_it_stands() {
        for values in [
            &["<https://a.example/x?page=2>; rel=\"next\", <https://a.example/x?page=9>; rel=\"last\""][..],
            &["<https://a.example/x?page=9>; rel=last,<https://a.example/x?page=2>;rel=next"],
            &["<https://a.example/x?page=9>; rel=\"last\"", "<https://a.example/x?page=2>; rel=\"next\""],
            &["<https://a.example/x?page=2>; title=\"a, <b>; rel=prev\"; rel=\"prefetch NEXT\""],
            &["<https://a.example/x?page=2>; foo; rel = next ; rel=prev"],
        ] {
            assert_eq!(next(values).as_deref(), Some("https://a.example/x?page=2"), "{values:?}");
        }
        assert_eq!(next(&["</x?ids=1,2>; rel=next"]).as_deref(), Some("/x?ids=1,2"));
        for values in [&["<https://a.example>; rel=\"prev\""][..], &["<broken; rel=next"], &[""], &[]] {
            assert_eq!(next(values), None, "{values:?}");
        }
    }
}
