//! Random sequences of what happens to a table and its source, against a model that was written from the specification: changes
//! of the source, edits by hand, runs, previews, approvals, kills and resumes, settlements and replays.

mod changes;
mod parts;
mod world;

use std::pin::pin;
use std::task::Poll;

use catchment::{
    App, ConflictFilter, ConflictState, RejectSelection, RejectState, Replay, RunStatus, Settlement,
    SyncRequest, SyncRun, TargetDeclaration,
};
use futures::future::poll_fn;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::support::{ME, Test, request};
use parts::{COLUMNS, Outcome, PRICE, Policy, Record, Row, Settling, State, WhenGone};
use world::World;

const IDS: u32 = 34;

struct Trial {
    test: Test,
    app: App,
    world: World,
    rng: StdRng,
    /// The last preview, and what it found.
    preview: Option<(i64, Outcome)>,
    /// The last run, with the rejects of it that are open.
    rejecting: Option<(i64, Vec<Record>)>,
    told: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    try_sequences(async || Test::sqlite().await, 20, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb() {
    try_sequences(async || Test::mariadb().await, 6, 60).await;
}

/// So many sequences of so many steps; `CATCHMENT_MODEL_SEED` repeats those of a seed, `CATCHMENT_MODEL_SEQUENCES` asks for others.
async fn try_sequences(make: impl AsyncFn() -> Test, sequences: u64, steps: u32) {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = asked("CATCHMENT_MODEL_SEED").unwrap_or_else(rand::random::<u64>);
    for sequence in 0..asked("CATCHMENT_MODEL_SEQUENCES").unwrap_or(sequences) {
        eprintln!("CATCHMENT_MODEL_SEED={seed}, sequence {sequence}");
        let mut trial = Trial::begin(make().await, StdRng::seed_from_u64(seed.wrapping_add(sequence))).await;
        for _ in 0..steps {
            trial.step().await;
        }
    }
}

impl Trial {
    async fn begin(test: Test, mut rng: StdRng) -> Self {
        test.make(
            "CREATE TABLE items (id INT NOT NULL PRIMARY KEY, name VARCHAR(20), price INT, note VARCHAR(20), state VARCHAR(8) NOT \
             NULL DEFAULT 'here')",
            "CREATE TABLE items (id INTEGER PRIMARY KEY, name VARCHAR(20), price INT, note VARCHAR(20), state VARCHAR(8) NOT NULL \
             DEFAULT 'here')",
        )
        .await;
        let items: TargetDeclaration =
            toml::from_str("name = 'items'\ngone = { column = 'state', value = 'left', back = 'here' }")
                .unwrap();
        let settings = catchment::Settings { targets: vec![items], ..test.settings() };
        let app = App::open(&settings, catchment_sources::builtin()).await.unwrap();
        let texts = [Policy::Source, Policy::Target, Policy::FillEmpty, Policy::KeepEdits, Policy::Ask];
        let numbers =
            [Policy::Source, Policy::Max, Policy::Min, Policy::KeepEdits, Policy::Ask, Policy::Target];
        let text = |rng: &mut StdRng| texts[rng.random_range(0..texts.len())];
        let policies = [text(&mut rng), numbers[rng.random_range(0..numbers.len())], text(&mut rng)];
        let when_gone = [WhenGone::Keep, WhenGone::Mark, WhenGone::Delete][rng.random_range(0..3)];
        let world = World::new(policies, when_gone);
        let told = format!("{policies:?} {when_gone:?}\n");
        let mut trial = Self { test, app, world, rng, preview: None, rejecting: None, told };
        trial.change_source();
        trial
    }

    fn request(&self) -> SyncRequest {
        let mut text = "id,name,price,note\n".to_owned();
        for Record { id, values: [name, price, note] } in &self.world.source {
            text.push_str(&format!("{id},{name},{price},{note}\n"));
        }
        let word = |policy: Policy| match policy {
            Policy::Source => "source",
            Policy::Target => "target",
            Policy::FillEmpty => "fill_empty",
            Policy::Max => "max",
            Policy::Min => "min",
            Policy::KeepEdits => "keep_edits",
            Policy::Ask => "ask",
        };
        let [name, price, note] = self.world.policies.map(word);
        let when_gone = format!("{:?}", self.world.when_gone).to_lowercase();
        let conflicts = json!({ "name": name, "price": price, "note": note });
        let options = json!({ "targetTable": "items", "whenGone": when_gone, "conflicts": conflicts });
        request(&self.test.file("source.csv", text), options)
    }

    async fn step(&mut self) {
        match self.rng.random_range(0..12) {
            0..3 => self.change_source(),
            3..5 => self.edit().await,
            5..8 => self.run().await,
            8 => self.make_preview().await,
            9 => self.approve().await,
            10 => self.settle().await,
            _ => self.replay().await,
        }
        self.compare().await;
    }

    /// Executes a run to its end; sometimes it is killed on the way, and resumed.
    async fn execute(&mut self, id: i64) -> SyncRun {
        if self.rng.random_ratio(1, 3) {
            let polls = self.rng.random_range(1..60);
            if polled(self.app.service().execute_sync(&ME, id), polls).await.is_none() {
                self.told.push_str(&format!("killed at {polls}\n"));
                let past = self.test.days_ago(1);
                self.test
                    .execute(&format!(
                        "UPDATE sync_runs SET lease_until = {past} WHERE status = 'in_progress'"
                    ))
                    .await;
            }
        }
        self.app.service().execute_sync(&ME, id).await.unwrap();
        self.app.service().run(&ME, id).await.unwrap()
    }

    async fn run(&mut self) {
        let expected = self.world.run();
        self.told.push_str("a run\n");
        let request = self.request();
        let id = self.app.service().schedule_sync(&ME, request).await.unwrap();
        let run = self.execute(id).await;
        self.agree(&run, &expected);
        let rejects = self.world.source.iter().filter(|record| record.is_bad()).cloned().collect();
        self.rejecting = Some((id, rejects));
    }

    async fn make_preview(&mut self) {
        let expected = Outcome { conflicts: 0, ..self.world.clone().run() };
        self.told.push_str("a preview\n");
        let request = self.request();
        let id = self.app.service().preview(&ME, request).await.unwrap();
        let run = self.execute(id).await;
        self.agree(&run, &expected);
        self.preview = Some((id, expected));
    }

    async fn approve(&mut self) {
        let Some((preview, shown)) = self.preview.take() else { return };
        self.request();
        let mut after = self.world.clone();
        let expected = after.run();
        let is_stale = (&expected.changes, expected.counts) != (&shown.changes, shown.counts);
        self.told.push_str(&format!("an approval, stale: {is_stale}\n"));
        let id = self.app.service().approve(&ME, preview).await.unwrap();
        let run = self.execute(id).await;
        if is_stale {
            let code = run.error.as_ref().and_then(|error| error.code.clone());
            assert_eq!(code.as_deref(), Some("stale_preview"), "{}", self.told);
            return;
        }
        self.world = after;
        self.agree(&run, &expected);
    }

    async fn settle(&mut self) {
        let filter = ConflictFilter::default();
        let open =
            self.app.service().conflicts(&ME, &filter, Some(ConflictState::Open), 0, 100).await.unwrap();
        if open.is_empty() {
            return;
        }
        let conflict = &open[self.rng.random_range(0..open.len())];
        let column = COLUMNS.iter().position(|column| *column == conflict.column).unwrap();
        let place = (u32::try_from(conflict.key["id"].as_u64().unwrap()).unwrap(), column);
        let typed = self.value(column);
        let value = Some(typed.clone()).filter(|text| !text.is_empty());
        let (by, settlement) = match self.rng.random_range(0..3) {
            0 => (Settling::Table, Settlement::Table),
            1 => (Settling::Source, Settlement::Source),
            _ => (Settling::Typed(value), Settlement::Value(json!(typed))),
        };
        self.told.push_str(&format!("settled: {place:?} {by:?}\n"));
        let filter = ConflictFilter { ids: vec![conflict.id], ..filter };
        let settled = self.app.service().settle_conflicts(&ME, &filter, &settlement).await.unwrap();
        assert_eq!(settled.settled == 1, self.world.settle(place, &by), "{settled:?}\n{}", self.told);
    }

    /// Replays the rejects of the last run with another price.
    async fn replay(&mut self) {
        let Some((run, records)) = self.rejecting.take().filter(|(_, records)| !records.is_empty()) else {
            return;
        };
        let price = self.value(PRICE);
        let mended: Vec<_> = records
            .into_iter()
            .map(|mut record| {
                record.values[PRICE].clone_from(&price);
                record
            })
            .collect();
        self.told.push_str(&format!("a replay with {price}\n"));
        let expected = self.world.replay(&mended);
        let set = [("price".to_owned(), json!(price))].into_iter().collect();
        let id = self.app.service().replay(&ME, run, Replay { set, ..Replay::default() }).await.unwrap();
        let replay = self.execute(id).await;
        self.agree(&replay, &expected);
        // What repeats another one is left open.
        let left = self.app.service().rejects(&ME, run, RejectState::Open, 0, 100).await.unwrap();
        assert_eq!(left.len() as u64, expected.counts[3] - expected.rows_kept, "{}", self.told);
        let all = RejectSelection::default();
        self.app.service().ignore_rejects(&ME, run, &all, "over").await.unwrap();
    }

    fn agree(&self, run: &SyncRun, expected: &Outcome) {
        let (counts, metadata) = (run.metadata.counts, &run.metadata);
        let found = Outcome {
            counts: [counts.inserted, counts.updated, counts.unchanged, counts.skipped, counts.failed],
            fields_kept: metadata.fields_kept,
            conflicts: metadata.conflicts,
            gone: metadata.gone,
            is_held: metadata.gone_held.is_some(),
            ..expected.clone()
        };
        assert_eq!(
            (run.status, found),
            (RunStatus::Completed, expected.clone()),
            "{:?}\n{}",
            run.error,
            self.told
        );
    }

    /// The table and the conflicts are as the model has them.
    async fn compare(&self) {
        let rows = self.test.query("SELECT id, name, price, note, state FROM items ORDER BY id").await;
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
        let expected = self.world.table.iter().map(|(id, Row { values: [name, price, note], is_here })| {
            let state = if *is_here { "here" } else { "left" };
            format!("{id}|{}|{}|{}|{state}", shown(name), shown(price), shown(note))
        });
        assert_eq!(rows, expected.collect::<Vec<_>>(), "{}", self.told);
        let open =
            "SELECT row_key, column_name, table_value, source_value FROM sync_conflicts WHERE state = 'open'";
        let mut found = self.test.query(open).await;
        let open = self.world.conflicts.iter().filter(|(_, conflict)| conflict.state == State::Open);
        let mut expected: Vec<_> = open
            .map(|((id, column), conflict)| {
                let [table, source] = [&conflict.table, &conflict.source].map(shown);
                format!("{{\"id\":{id}}}|{}|{table}|{source}", COLUMNS[*column])
            })
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{}", self.told);
    }
}

/// Polls a future so many times, and drops it then: as a process that is killed.
async fn polled<F: Future>(future: F, mut polls: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}
