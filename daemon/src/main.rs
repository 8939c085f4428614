use std::process::ExitCode;

fn main() -> ExitCode {
    ingled::cli::main(ingled::store::Pragmas::default())
}
