//! The grammar of search queries. `and` and `or` bind alike, from left to right, as Google documents.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::condition::{Collection, Condition, Flag, TextField, TextOperator, TimeField};
use super::lexer::{MalformedQuery, Token, split};

type Parsed<T = Condition> = Result<T, MalformedQuery>;

struct Parser {
    tokens: std::vec::IntoIter<Token>,
    depth: usize,
}

/// More parentheses than anybody needs.
const MAX_DEPTH: usize = 50;

/// Reads a query.
pub(crate) fn parse(query: &str) -> Parsed {
    let mut parser = Parser { tokens: split(query)?.into_iter(), depth: 0 };
    let condition = parser.conditions()?;
    if parser.tokens.next().is_some() { Err(MalformedQuery) } else { Ok(condition) }
}

impl Parser {
    fn conditions(&mut self) -> Parsed {
        let mut condition = self.condition()?;
        while let Some(Token::Word(word)) = self.tokens.as_slice().first() {
            let join = match word.as_str() {
                "and" => Condition::And,
                "or" => Condition::Or,
                _ => return Err(MalformedQuery),
            };
            self.tokens.next();
            condition = join(Box::new(condition), Box::new(self.condition()?));
        }
        Ok(condition)
    }

    fn condition(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(MalformedQuery);
        }
        let condition = match self.tokens.next() {
            Some(Token::Open) => {
                let inner = self.conditions()?;
                if self.tokens.next() == Some(Token::Close) { Ok(inner) } else { Err(MalformedQuery) }
            }
            Some(Token::Word(word)) if word == "not" => Ok(Condition::Not(Box::new(self.condition()?))),
            Some(Token::Word(field)) => self.comparison(&field),
            Some(Token::Text(value)) => self.membership(value),
            _ => Err(MalformedQuery),
        };
        self.depth -= 1;
        condition
    }

    /// `'value' in collection`
    fn membership(&mut self, value: String) -> Parsed {
        let (keyword, collection) = (self.word()?, self.word()?);
        let collection = match collection.as_str() {
            "parents" => Collection::Parents,
            "owners" => Collection::Owners,
            "readers" => Collection::Readers,
            "writers" => Collection::Writers,
            _ => return Err(MalformedQuery),
        };
        if keyword == "in" { Ok(Condition::In(value, collection)) } else { Err(MalformedQuery) }
    }

    fn comparison(&mut self, field: &str) -> Parsed {
        match field {
            "name" => self.text(TextField::Name),
            "mimeType" => self.text(TextField::MimeType),
            "modifiedTime" => self.time(TimeField::Modified),
            "createdTime" => self.time(TimeField::Created),
            "trashed" => self.flag(Flag::Trashed),
            "starred" => self.flag(Flag::Starred),
            // The one field that may stand alone.
            "sharedWithMe" => match self.tokens.as_slice().first() {
                Some(Token::Operator(_)) => self.flag(Flag::SharedWithMe),
                _ => Ok(Condition::Flag(Flag::SharedWithMe, true)),
            },
            _ => Err(MalformedQuery),
        }
    }

    fn text(&mut self, field: TextField) -> Parsed {
        let operator = match self.tokens.next() {
            Some(Token::Operator("=")) => TextOperator::Equal,
            Some(Token::Operator("!=")) => TextOperator::Different,
            Some(Token::Word(word)) if word == "contains" => TextOperator::Contains,
            _ => return Err(MalformedQuery),
        };
        Ok(Condition::Text(field, operator, self.quoted()?))
    }

    fn time(&mut self, field: TimeField) -> Parsed {
        let Some(Token::Operator(operator)) = self.tokens.next() else { return Err(MalformedQuery) };
        Ok(Condition::Time(field, operator, parse_time(&self.quoted()?)?))
    }

    fn flag(&mut self, flag: Flag) -> Parsed {
        let Some(Token::Operator(operator @ ("=" | "!="))) = self.tokens.next() else {
            return Err(MalformedQuery);
        };
        let value = match self.word()?.as_str() {
            "true" => true,
            "false" => false,
            _ => return Err(MalformedQuery),
        };
        Ok(Condition::Flag(flag, value == (operator == "=")))
    }

    fn quoted(&mut self) -> Parsed<String> {
        if let Some(Token::Text(value)) = self.tokens.next() { Ok(value) } else { Err(MalformedQuery) }
    }

    fn word(&mut self) -> Parsed<String> {
        if let Some(Token::Word(word)) = self.tokens.next() { Ok(word) } else { Err(MalformedQuery) }
    }
}

/// RFC 3339; without an offset it is UTC.
fn parse_time(text: &str) -> Parsed<Timestamp> {
    if text.len() < "2026-11-24T12:00:00".len() || text.as_bytes()[10] != b'T' {
        return Err(MalformedQuery);
    }
    let in_utc = || -> Option<Timestamp> {
        let time: DateTime = text.parse().ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    text.parse().ok().or_else(in_utc).ok_or(MalformedQuery)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_google_documents_is_read() {
        for query in [
            "'abc' in parents and trashed = false",
            "(name = 'It\\'s' or name contains 'a\\\\b') and not mimeType = 'text/csv'",
            "modifiedTime > '2026-11-24T12:00:00' and modifiedTime <= '2026-11-24T12:00:00-03:00'",
            "sharedWithMe",
            "sharedWithMe = true and trashed != true",
            "'ada@example.org' in owners",
        ] {
            assert!(parse(query).is_ok(), "{query}");
        }
    }

    #[test]
    fn what_is_none_of_its_grammar_is_refused() {
        for query in [
            "",
            "name = 'It's'",
            "name = \"a\"",
            "name == 'a'",
            "name = 'a",
            "name = 'a\\n'",
            "trashed = 'false'",
            "trashed",
            "trashed = no",
            "trashed > false",
            "title = 'a'",
            "'abc' in parent",
            "'abc' parents",
            "modifiedTime > 'yesterday'",
            "modifiedTime > '2026-11-24'",
            "modifiedTime contains '2026-11-24T12:00:00Z'",
            "(name = 'a'",
            "name = 'a')",
            "name = 'a' name = 'b'",
            "name = 'a' && name = 'b'",
            "name contains a",
            "AND",
            "not",
            "mimeType < 'a'",
            "name = 'a' AND name = 'b'",
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn and_binds_no_closer_than_or() {
        let left_to_right = parse("trashed = false or starred = true and name = 'a'").unwrap();
        assert_eq!(left_to_right, parse("(trashed = false or starred = true) and name = 'a'").unwrap());
    }
}
