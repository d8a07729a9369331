//! Catchment with one source more: `folder-listing sync ./videos --type folder --content-type video`.

mod folder;

use std::process::ExitCode;

fn main() -> ExitCode {
    catchment_cli::main_with(catchment_cli::builtin().with::<folder::Folder>())
}
