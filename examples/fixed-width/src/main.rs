//! Catchment with files of fixed columns, as mainframes and cash registers write them:
//! `fixed-width sync prices.txt --type fixed_width --options options.json`.

mod file;
mod lines;

use std::process::ExitCode;

fn main() -> ExitCode {
    catchment_cli::main_with(catchment_cli::builtin().with::<file::FixedWidth>())
}
