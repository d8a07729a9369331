//! What a statement of a step does to what is there already.

/// What a statement of a step does, as far as it matters to what is there already.
pub(super) enum SchemaChange {
    /// Makes a table, with these lines of its definition.
    Table(&'static str, Vec<&'static str>),
    /// Adds something to a table that may be somebody else's.
    Addition { table: &'static str, what: Addition },
    /// Moves rows of ours; it can be repeated.
    Rows,
}

pub(super) enum Addition {
    Column(&'static str),
    Index {
        name: &'static str,
        is_unique: bool,
    },
    Trigger(&'static str),
    /// `ON UPDATE CURRENT_TIMESTAMP` of a column.
    OnUpdate(&'static str),
}

impl SchemaChange {
    pub(super) fn of(statement: &'static str) -> Self {
        let word = |place: usize| statement.split_whitespace().nth(place).unwrap_or_default();
        let after = |word: &str| {
            let mut words = statement.split_whitespace().skip_while(|found| *found != word);
            words.nth(1).unwrap_or_default()
        };
        if let Some((name, body)) =
            statement.strip_prefix("CREATE TABLE IF NOT EXISTS ").and_then(|rest| rest.split_once(" (\n"))
        {
            let body = body.rsplit_once("\n)").map_or(body, |(body, _)| body);
            let lines = body.lines().map(|line| line.trim().trim_end_matches(',')).collect();
            return Self::Table(name, lines);
        }
        let addition = match (word(0), word(1), word(3)) {
            ("ALTER", "TABLE", "ADD") => Addition::Column(word(5)),
            ("ALTER", "TABLE", "MODIFY") => Addition::OnUpdate(word(5)),
            ("CREATE", "TRIGGER", _) => Addition::Trigger(after("EXISTS")),
            ("CREATE", "INDEX" | "UNIQUE", _) => {
                let name = if statement.contains(" EXISTS ") { after("EXISTS") } else { after("INDEX") };
                Addition::Index { name, is_unique: word(1) == "UNIQUE" }
            }
            _ => return Self::Rows,
        };
        let table = if word(0) == "ALTER" { word(2) } else { after("ON") };
        Self::Addition { table, what: addition }
    }
}
