//! The words of a search query. Anything that Google's grammar does not have is an error.

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// `'It\'s'`, without its quotes and backslashes.
    Text(String),
    /// A field, a keyword.
    Word(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`
    Operator(&'static str),
    Open,
    Close,
}

/// The query is not of the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MalformedQuery;

/// The longer ones first.
const OPERATORS: [&str; 6] = ["!=", "<=", ">=", "=", "<", ">"];

/// Splits a query into words.
pub(crate) fn split(query: &str) -> Result<Vec<Token>, MalformedQuery> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '\'' => read_text(&rest[1..])?,
            '(' => (Token::Open, &rest[1..]),
            ')' => (Token::Close, &rest[1..]),
            _ if first.is_ascii_alphabetic() => read_word(rest),
            _ => {
                let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator));
                let operator = operator.ok_or(MalformedQuery)?;
                (Token::Operator(operator), &rest[operator.len()..])
            }
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn read_word(text: &str) -> (Token, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(text.len());
    (Token::Word(text[..end].to_owned()), &text[end..])
}

/// From behind the opening quote. Only quotes and backslashes may be escaped.
fn read_text(text: &str) -> Result<(Token, &str), MalformedQuery> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((index, letter)) = letters.next() {
        match letter {
            '\'' => return Ok((Token::Text(value), &text[index + 1..])),
            '\\' => match letters.next() {
                Some((_, escaped @ ('\'' | '\\'))) => value.push(escaped),
                _ => return Err(MalformedQuery),
            },
            _ => value.push(letter),
        }
    }
    Err(MalformedQuery)
}
