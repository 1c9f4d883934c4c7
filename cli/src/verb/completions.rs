//! `traipse completions SHELL`: what a shell needs to complete arguments.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Cli;
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;

/// Which shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "For example, in ~/.bashrc:  source <(traipse completions bash)")]
pub(crate) struct Args {
    /// The shell.
    shell: Shell,
}

/// Prints the completions.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "traipse", &mut script);
    screen.print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(End::Done)
}
