//! A source of a library user whose pages come when the test says so.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use catchment_core::{Adapter, Cursor, Error, Host, Page, Position, Reading, Records, Result, Source, Value};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Script = Arc<AsyncMutex<UnboundedReceiver<Step>>>;

/// What the source does next.
pub enum Step {
    /// Deliver a page with one record of this title, whose identity is its number.
    Page(&'static str),
    /// Deliver a page of records whose titles are their numbers.
    Rows(std::ops::Range<u64>),
    /// The same, and leave something for the next run.
    Leaving(std::ops::Range<u64>),
    /// Vouch for these records to be as the run before delivered them.
    Vouch(std::ops::Range<u64>),
    /// Deliver a page whose columns are not those of the others.
    OtherColumns,
    /// Fail.
    Fail(Error),
    /// Panic.
    Panic,
    /// End.
    End,
}

/// Sources that misbehave before they are read.
static TRAPS: LazyLock<Mutex<HashMap<String, Trap>>> = LazyLock::new(Mutex::default);

/// What a source does instead of being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trap {
    Panics,
    Hangs,
}

/// From now on the source of this name is a trap.
pub fn set_trap(name: &str, trap: Option<Trap>) {
    let mut traps = TRAPS.lock().unwrap();
    match trap {
        Some(trap) => traps.insert(name.to_owned(), trap),
        None => traps.remove(name),
    };
}

fn trap(name: &str) -> Option<Trap> {
    TRAPS.lock().unwrap().get(name).copied()
}

static SCRIPTS: LazyLock<Mutex<HashMap<String, Script>>> = LazyLock::new(Mutex::default);

/// The test's end of the source of this name.
pub fn script(name: &str) -> UnboundedSender<Step> {
    let (sender, receiver) = unbounded_channel();
    SCRIPTS.lock().unwrap().insert(name.to_owned(), Arc::new(AsyncMutex::new(receiver)));
    sender
}

pub struct Gated {
    script: Script,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

impl Adapter for Gated {
    const TYPE: &'static str = "gated";
    type Options = NoOptions;

    fn check_access(identifier: &str, _: &Host) -> Result<()> {
        while trap(identifier) == Some(Trap::Hangs) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Ok(())
    }

    fn new(identifier: &str, _: NoOptions, _: &Host) -> Result<Self> {
        assert_ne!(trap(identifier), Some(Trap::Panics), "as the test asked for");
        let script = SCRIPTS.lock().unwrap().get(identifier).cloned();
        script.map(|script| Self { script }).ok_or_else(|| Error::config("no_script", identifier))
    }
}

#[async_trait]
impl Source for Gated {
    async fn test_connection(&self) -> Result<()> {
        Ok(())
    }

    fn names_by(&self) -> &'static [&'static str] {
        &["id"]
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        let read = reading.after.map_or(0, |cursor| cursor.records_read);
        stream::unfold(Some(read), move |read| async move {
            let read = read?;
            let step = self.script.lock().await.recv().await?;
            let leaves = matches!(step, Step::Leaving(_) | Step::Vouch(_));
            let vouches = matches!(step, Step::Vouch(_));
            let (columns, rows): ([&str; 2], Vec<(u64, String)>) = match step {
                Step::End => return None,
                Step::Panic => panic!("as the test asked for"),
                Step::Fail(error) => return Some((Err(error), None)),
                Step::Page(title) => (["id", "title"], vec![(read + 1, title.to_owned())]),
                Step::Rows(ids) | Step::Leaving(ids) | Step::Vouch(ids) => {
                    (["id", "title"], ids.map(|id| (id, id.to_string())).collect())
                }
                Step::OtherColumns => (["title", "id"], vec![(read + 1, "other".to_owned())]),
            };
            let read = read + rows.len() as u64;
            let mut records = Records::default();
            for (id, title) in rows {
                let position = Position::Item { page: 1, path: "$".into() };
                records.push(position, &title, [Value::Text(&id.to_string()), Value::Text(&title)]);
            }
            let (unchanged, records) =
                if vouches { (records, Records::default()) } else { (Records::default(), records) };
            let mut cursor = Cursor::new(read, &()).unwrap();
            cursor.carryover = leaves.then(|| "left".into());
            let page = Page {
                columns: columns.map(Into::into).into(),
                records,
                unchanged,
                cursor,
                ..Page::default()
            };
            Some((Ok(page), Some(read)))
        })
        .boxed()
    }
}
