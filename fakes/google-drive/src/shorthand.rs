//! The world's methods on the handle, so that a test reads `drive.trash(&id)`. See [`World`] for what each does.

use jiff::Timestamp;

use crate::drive::FakeDrive;
use crate::principal::Principal;
use crate::world::cell::Cell;
use crate::world::item::FileTraits;
use crate::world::native::NativeKind;
use crate::world::page_tokens::TokenDeath;
use crate::world::settings::Settings;
use crate::world::spreadsheet::Tab;
use crate::world::state::World;
use crate::world::walk::FileView;

macro_rules! shorthands {
    ($($name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {
        impl FakeDrive {
            $(
                #[doc = concat!("[`World::", stringify!($name), "`]")]
                pub fn $name(&self, $($argument: $kind),*) $(-> $result)? {
                    self.with_world(|world| world.$name($($argument),*))
                }
            )*
        }
    };
}

shorthands! {
    root(principal: Principal) -> String;
    root_folder(name: &str) -> String;
    add_folder(parent: &str, name: &str) -> String;
    add_file(parent: &str, name: &str, mime: &str, bytes: &[u8]) -> String;
    add_file_with(parent: &str, name: &str, mime: &str, bytes: &[u8], describe: impl FnOnce(&mut FileTraits)) -> String;
    add_native(parent: &str, name: &str, kind: NativeKind) -> String;
    add_sheet(parent: &str, name: &str, tabs: Vec<Tab>) -> String;
    add_shortcut(parent: &str, name: &str, target: &str) -> String;
    add_shared_drive(name: &str, members: &[Principal]) -> String;
    set_member(drive: &str, principal: Principal, is_member: bool);
    rename_drive(drive: &str, name: &str);
    set_cells(id: &str, title: &str, rows: Vec<Vec<Cell>>);
    change_tabs(id: &str, change: impl FnOnce(&mut Vec<Tab>));
    set_locale(id: &str, locale: &str, time_zone: &str);
    set_content(id: &str, bytes: &[u8]);
    touch(id: &str, modified: Timestamp);
    rename(id: &str, name: &str);
    move_to(id: &str, parent: &str);
    trash(id: &str);
    untrash(id: &str);
    delete(id: &str);
    share(id: &str, principal: Principal);
    unshare(id: &str, principal: Principal);
    look_at(id: &str);
    change_traits(id: &str, change: impl FnOnce(&mut FileTraits));
    hold_changes();
    release_changes();
    kill_listing_tokens(death: TokenDeath);
    kill_change_tokens(death: TokenDeath);
    end_access_tokens();
    revoke_refresh_tokens();
    issue_code(code_challenge: &str, redirect_uri: &str) -> String;
    now() -> Timestamp;
    advance(seconds: i64);
    set_now(now: Timestamp);
    walk(root: &str, principal: Principal, follows_shortcuts: bool) -> Vec<FileView>;
    file(id: &str) -> Option<FileView>;
}

impl FakeDrive {
    /// Changes how the fake is set up: `drive.configure(|settings| settings.export_limit = 100)`.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        self.with_world(|world: &mut World| change(&mut world.settings));
    }
}
