//! A request to one of the APIs with all that its method needs to answer it.

use crate::faults::twists::Twists;
use crate::http::request::Request;
use crate::problem::Answer;
use crate::refusals;
use crate::world::access::Viewer;
use crate::world::item::Item;
use crate::world::page_tokens::Place;
use crate::world::state::World;

const DRIVE: &str = "https://www.googleapis.com/auth/drive";
const DRIVE_READONLY: &str = "https://www.googleapis.com/auth/drive.readonly";
const METADATA: [&str; 2] = [
    "https://www.googleapis.com/auth/drive.metadata.readonly",
    "https://www.googleapis.com/auth/drive.metadata",
];
const SHEETS: [&str; 2] =
    ["https://www.googleapis.com/auth/spreadsheets.readonly", "https://www.googleapis.com/auth/spreadsheets"];

/// The scopes that tokens are given for.
pub(crate) const SCOPES: [&str; 6] = [DRIVE, DRIVE_READONLY, METADATA[0], METADATA[1], SHEETS[0], SHEETS[1]];

/// Who asks, and what for it was allowed to.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) viewer: Viewer,
    pub(crate) scopes: Vec<String>,
}

impl Caller {
    /// Content, exports, drives.
    pub(crate) fn require_content(&self) -> Answer<()> {
        self.require(&[DRIVE, DRIVE_READONLY])
    }

    /// Names and times.
    pub(crate) fn require_metadata(&self) -> Answer<()> {
        self.require(&[DRIVE, DRIVE_READONLY, METADATA[0], METADATA[1]])
    }

    /// Cells.
    pub(crate) fn require_sheets(&self) -> Answer<()> {
        self.require(&[DRIVE, DRIVE_READONLY, SHEETS[0], SHEETS[1]])
    }

    fn require(&self, sufficient: &[&str]) -> Answer<()> {
        if self.scopes.iter().any(|scope| sufficient.contains(&scope.as_str())) {
            Ok(())
        } else {
            Err(Box::new(refusals::insufficient_scope()))
        }
    }
}

/// A request under way.
pub(crate) struct Exchange<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) caller: &'a Caller,
    pub(crate) request: &'a Request,
    pub(crate) twists: &'a Twists,
}

impl Exchange<'_> {
    /// The item with an id, or `root`, where the caller sees it. What is in a shared drive is not found without
    /// `supportsAllDrives`.
    pub(crate) fn find(&self, id: &str, supports_all_drives: bool) -> Answer<&Item> {
        let viewer = &self.caller.viewer;
        let id = if id == "root" { &self.world.roots[&viewer.principal] } else { id };
        let item = self.world.items.get(id).filter(|item| self.world.is_visible(viewer, &item.id));
        let item = item.filter(|item| item.drive.is_none() || supports_all_drives);
        Ok(item.ok_or_else(|| refusals::not_found(id))?)
    }

    /// The token of a place in a listing or a log; equal places have equal ones.
    pub(crate) fn page_token(&mut self, place: Place) -> String {
        if let Some(token) = self.world.page_tokens.token_of(&place) {
            return token;
        }
        // A plus sign, a slash and an equals sign: who does not encode them has another token.
        let token = self.world.ids.word("~!!~AI9FV7", 20) + "+/" + &self.world.ids.word("", 22) + "==";
        self.world.page_tokens.insert(token.clone(), place);
        token
    }
}
