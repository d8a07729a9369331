//! The `catchment` binary.

mod cli;
mod config;
mod http;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
