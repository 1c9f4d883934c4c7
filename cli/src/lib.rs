//! The command line of Traipse: arguments, one file a verb, and what people and scripts get to read.
//!
//! Nothing here decides a state transition: a verb asks the coordinator, the worker or the results crate, and prints.
//! Raw flags (`Args`) become settings (`Settings`) before a verb runs; exit codes are decided in [`exit`] alone.

mod args;
mod audit;
mod check;
mod connection;
mod data_sizes;
mod error;
mod exit;
mod export;
mod fetch;
mod folders;
mod follow;
mod kept;
mod larger;
mod logging;
mod new_id;
mod out_folder;
mod output;
mod probe_costs;
mod runtime;
mod sizes;
mod spec_file;
mod tables_folder;
mod verb;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;
use crate::output::Screen;

/// Reads the process's arguments, runs the verb and tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout and misuse to stderr; whether anybody still reads it changes nothing.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::WRONG_USE } else { exit::DONE });
        }
    };
    let screen = Screen::new(cli.volume());
    logging::start(&screen);
    let end = verb::run(cli.verb, &screen);
    if let Err(error) = &end {
        error.show(&screen);
    }
    ExitCode::from(exit::code(&end))
}
