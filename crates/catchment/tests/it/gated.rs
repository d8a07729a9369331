//! A source of a library user whose pages come when the test says so.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use catchment_core::{
    Adapter, Cursor, Error, Host, Page, Position, Progress, Reading, Records, Result, Source, Value,
};
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
    /// Fail.
    Fail(Error),
    /// Panic.
    Panic,
    /// End.
    End,
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

    fn new(identifier: &str, _: NoOptions, _: &Host) -> Result<Self> {
        let script = SCRIPTS.lock().unwrap().get(identifier).cloned();
        script.map(|script| Self { script }).ok_or_else(|| Error::config("no_script", identifier))
    }
}

#[async_trait]
impl Source for Gated {
    async fn test_connection(&self) -> Result<()> {
        Ok(())
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        let read = reading.after.map_or(0, |cursor| cursor.records_read);
        stream::unfold(Some(read), move |read| async move {
            let read = read? + 1;
            match self.script.lock().await.recv().await? {
                Step::End => None,
                Step::Panic => panic!("as the test asked for"),
                Step::Fail(error) => Some((Err(error), None)),
                Step::Page(title) => {
                    let mut records = Records::default();
                    let position = Position::Item { page: read, path: "$".into() };
                    let id = read.to_string();
                    records.push(position, title, [Value::Text(&id), Value::Text(title)]);
                    let page = Page {
                        columns: ["id".into(), "title".into()].into(),
                        records,
                        rejects: vec![],
                        cursor: Cursor::new(read, &()).unwrap(),
                        progress: Progress::default(),
                    };
                    Some((Ok(page), Some(read)))
                }
            }
        })
        .boxed()
    }
}
