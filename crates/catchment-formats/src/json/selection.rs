//! Which values of a document are its records.

use super::path::Path;
use super::step::Step;

/// Which places of a document hold records: a tree of steps.
#[derive(Debug, Default)]
pub struct Selection {
    is_wanted: bool,
    below: Vec<(Step, Self)>,
    /// It was made by looking at the document: what is not there is not wanted.
    is_query: bool,
}

impl Selection {
    /// What a path selects in a document; the document is looked at only for paths that need it.
    ///
    /// # Errors
    /// The document does not parse.
    pub fn new(path: &Path, document: Option<&str>) -> serde_json::Result<Self> {
        let mut selection = Self::default();
        match (path.steps(), document) {
            (Some(steps), _) => selection.add(steps),
            (None, Some(document)) => {
                path.locate(document)?.iter().for_each(|steps| selection.add(steps));
                selection.is_query = true;
            }
            (None, None) => {}
        }
        Ok(selection)
    }

    fn add(&mut self, steps: &[Step]) {
        let Some((step, rest)) = steps.split_first() else {
            self.is_wanted = true;
            return;
        };
        let known = self.below.iter().position(|(there, _)| there == step);
        let index = known.unwrap_or_else(|| {
            self.below.push((step.clone(), Self::default()));
            self.below.len() - 1
        });
        self.below[index].1.add(rest);
    }

    /// Whether the value itself is a record.
    pub(super) fn is_record(&self) -> bool {
        self.is_wanted
    }

    /// Whether a value that is there is what the path leads to. An empty list is, though it has none of its elements.
    pub(super) fn is_met(&self) -> bool {
        let is_list = self.below.iter().any(|(step, below)| *step == Step::Wildcard && below.is_wanted);
        self.is_wanted || is_list || self.is_query
    }

    /// What is selected in a member of an object.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        self.below(|step| matches!(step, Step::Name(known) if **known == *name))
    }

    /// What is selected in an element of a list.
    pub(super) fn element(&self, index: usize) -> Option<&Self> {
        self.below(|step| matches!(step, Step::Index(known) if *known == index))
    }

    fn below(&self, leads_there: impl Fn(&Step) -> bool) -> Option<&Self> {
        let mut steps = self.below.iter();
        steps.find(|(step, _)| *step == Step::Wildcard || leads_there(step)).map(|(_, below)| below)
    }
}
