//! What takes long and is asked for by name: `cargo xtask bench`, `cargo xtask torture`. Apart from `xtask`, so that a test
//! run need not compile it.

mod bench;
mod torture;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let name = args.next();
    let args: Vec<_> = args.collect();
    let result = match name.as_deref() {
        Some("bench") => bench::bench(&args),
        Some("torture") => torture::torture(&args),
        _ => Err(anyhow::anyhow!("call it as `cargo xtask bench` or `cargo xtask torture`")),
    };
    xtask::tools::exit_code(result)
}
