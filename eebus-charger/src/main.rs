//! The charger's program: all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    eebus_charger::cli::main()
}
