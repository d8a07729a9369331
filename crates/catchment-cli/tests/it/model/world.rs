//! What a table, its source and what runs know of both come to, written from the specification and from nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::{Change, Conflict, Outcome, Policy, Record, Row, Settling, State, Value, WhenGone};

/// A table, its source, and what runs know of both.
#[derive(Debug, Clone)]
pub struct World {
    pub policies: [Policy; 3],
    pub when_gone: WhenGone,
    pub table: BTreeMap<u32, Row>,
    pub source: Vec<Record>,
    /// What a run last wrote, where a policy asks.
    written: BTreeMap<(u32, usize), Value>,
    /// The rows that the source has had.
    claimed: BTreeSet<u32>,
    pub conflicts: BTreeMap<(u32, usize), Conflict>,
}

enum Verdict {
    Apply,
    Keep { is_asked: bool },
}

impl World {
    pub fn new(policies: [Policy; 3], when_gone: WhenGone) -> Self {
        Self {
            policies,
            when_gone,
            table: BTreeMap::new(),
            source: Vec::new(),
            written: BTreeMap::new(),
            claimed: BTreeSet::new(),
            conflicts: BTreeMap::new(),
        }
    }

    /// A complete pass over the source.
    pub fn run(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        let (seen, rejected) = self.apply(&self.source.clone(), &mut outcome);
        self.sweep(&seen, &rejected, &mut outcome);
        outcome
    }

    /// A replay of records, which sees no others.
    pub fn replay(&mut self, records: &[Record]) -> Outcome {
        let mut outcome = Outcome::default();
        let (seen, _) = self.apply(records, &mut outcome);
        self.claimed.extend(seen);
        outcome
    }

    fn apply(&mut self, records: &[Record], outcome: &mut Outcome) -> (BTreeSet<u32>, BTreeSet<u32>) {
        let (mut seen, mut rejected) = (BTreeSet::new(), BTreeSet::new());
        for record in records {
            if record.is_bad() {
                outcome.counts[4] += 1;
                rejected.insert(record.id);
            } else if seen.insert(record.id) {
                self.apply_one(record, outcome);
            } else {
                outcome.counts[3] += 1;
            }
        }
        (seen, rejected)
    }

    fn apply_one(&mut self, record: &Record, outcome: &mut Outcome) {
        let id = record.id;
        let new = record.values.clone().map(|text| Some(text).filter(|text| !text.is_empty()));
        let Some(row) = self.table.get(&id).cloned() else {
            outcome.counts[0] += 1;
            outcome.changes.insert(id, Change::Insert(new.clone()));
            self.table.insert(id, Row { values: new.clone(), is_here: true });
            for (column, here) in new.iter().enumerate() {
                self.settle_with(id, column, here);
            }
            return;
        };
        let (mut changed, mut kept) = (Vec::new(), 0);
        for (column, (there, here)) in row.values.iter().zip(&new).enumerate() {
            let verdict = if there == here { Verdict::Apply } else { self.judge(id, column, there, here) };
            match verdict {
                Verdict::Apply => {
                    if there != here {
                        changed.push((column, there.clone(), here.clone()));
                    }
                    self.settle_with(id, column, here);
                }
                Verdict::Keep { is_asked: true } => {
                    kept += 1;
                    outcome.conflicts += self.ask(id, column, there, here);
                }
                Verdict::Keep { is_asked: false } => {
                    kept += 1;
                    self.close(id, column, here);
                }
            }
        }
        outcome.fields_kept += kept;
        let is_back = self.when_gone == WhenGone::Mark && !row.is_here;
        let place = match (changed.is_empty() && !is_back, kept) {
            (true, 0) => 2,
            (true, _) => 3,
            (false, _) => 1,
        };
        outcome.counts[place] += 1;
        outcome.rows_kept += u64::from(place == 3);
        let row = self.table.entry(id).or_insert(row);
        row.is_here |= is_back;
        for (column, _, here) in &changed {
            row.values[*column].clone_from(here);
        }
        if place == 1 {
            outcome.changes.insert(id, Change::Update(changed, is_back));
        }
    }

    fn judge(&self, id: u32, column: usize, there: &Value, here: &Value) -> Verdict {
        let number = |value: &Value| value.as_ref().map(|text| text.parse::<i64>().unwrap());
        let keep_if =
            |is_kept: bool| if is_kept { Verdict::Keep { is_asked: false } } else { Verdict::Apply };
        match self.policies[column] {
            Policy::Source => Verdict::Apply,
            Policy::Target => keep_if(there.is_some()),
            Policy::FillEmpty => keep_if(there.as_ref().is_some_and(|text| !text.trim().is_empty())),
            Policy::Max => {
                keep_if(number(there).is_some_and(|there| number(here).is_none_or(|here| there > here)))
            }
            Policy::Min => {
                keep_if(number(there).is_some_and(|there| number(here).is_none_or(|here| there < here)))
            }
            policy @ (Policy::KeepEdits | Policy::Ask) => match self.written.get(&(id, column)) {
                Some(last) if last == there => Verdict::Apply,
                last => Verdict::Keep { is_asked: policy == Policy::Ask && last != Some(here) },
            },
        }
    }

    /// The table has what the source has.
    fn settle_with(&mut self, id: u32, column: usize, here: &Value) {
        self.note(id, column, here);
        self.close(id, column, here);
    }

    fn note(&mut self, id: u32, column: usize, value: &Value) {
        if matches!(self.policies[column], Policy::KeepEdits | Policy::Ask) {
            self.written.insert((id, column), value.clone());
        }
    }

    /// Files a conflict, unless it is settled and the source has not moved. One that was not open counts.
    fn ask(&mut self, id: u32, column: usize, there: &Value, here: &Value) -> u64 {
        let before = self.conflicts.get(&(id, column)).cloned();
        if before.as_ref().is_some_and(|known| known.state == State::Decided && known.source == *here) {
            return 0;
        }
        let filed = Conflict { state: State::Open, table: there.clone(), source: here.clone() };
        self.conflicts.insert((id, column), filed);
        u64::from(before.is_none_or(|known| known.state != State::Open))
    }

    /// There is nothing to decide any more.
    fn close(&mut self, id: u32, column: usize, here: &Value) {
        if let Some(known) = self.conflicts.get_mut(&(id, column))
            && (known.state == State::Open || known.state == State::Decided && known.source != *here)
        {
            known.state = State::Over;
        }
    }

    fn sweep(&mut self, seen: &BTreeSet<u32>, rejected: &BTreeSet<u32>, outcome: &mut Outcome) {
        let is_gone = |id: &u32| {
            let is_left =
                self.table.get(id).is_some_and(|row| row.is_here || self.when_gone != WhenGone::Mark);
            is_left && !seen.contains(id) && !rejected.contains(id)
        };
        let gone: Vec<u32> = self.claimed.iter().copied().filter(is_gone).collect();
        let count = gone.len() as u64;
        let all = count + outcome.counts[1] + outcome.counts[2] + outcome.rows_kept;
        outcome.is_held = self.when_gone != WhenGone::Keep && all > 20 && count * 5 > all;
        if self.when_gone == WhenGone::Keep || outcome.is_held || count == 0 {
            self.claimed.extend(seen);
            return;
        }
        outcome.gone = count;
        for id in gone {
            outcome.changes.insert(id, Change::Gone);
            if self.when_gone == WhenGone::Mark {
                self.table.get_mut(&id).unwrap().is_here = false;
                continue;
            }
            self.table.remove(&id);
            for column in 0..3 {
                self.written.remove(&(id, column));
                if let Some(known) =
                    self.conflicts.get_mut(&(id, column)).filter(|known| known.state == State::Open)
                {
                    known.state = State::Over;
                }
            }
        }
        self.claimed.retain(|id| rejected.contains(id));
        self.claimed.extend(seen);
    }

    /// Settles an open conflict: the table keeps its value, gets the source's, or another one. Whether it did.
    pub fn settle(&mut self, place: (u32, usize), by: &Settling) -> bool {
        let conflict = self.conflicts.get_mut(&place).unwrap();
        let value = match by {
            Settling::Table => {
                conflict.state = State::Decided;
                return true;
            }
            Settling::Source => conflict.source.clone(),
            Settling::Typed(value) => value.clone(),
        };
        let Some(row) = self.table.get_mut(&place.0) else {
            conflict.state = State::Over;
            return false;
        };
        if row.values[place.1] != conflict.table {
            conflict.table.clone_from(&row.values[place.1]);
            return false;
        }
        row.values[place.1].clone_from(&value);
        conflict.state = if *by == Settling::Source { State::Over } else { State::Decided };
        if *by == Settling::Source {
            self.note(place.0, place.1, &value);
        }
        true
    }
}
