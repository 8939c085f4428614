//! `ingled` that acknowledges what is not yet on the disk: what a test of durability must find out.

use std::process::ExitCode;

use ingled::store::{Durability, Pragmas};

fn main() -> ExitCode {
    ingled::cli::main(Pragmas { durability: Durability::None, ..Pragmas::default() })
}
