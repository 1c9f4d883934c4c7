//! The arguments as they are typed.

use clap::{ArgAction, Parser, Subcommand};

use crate::exit;
use crate::output::Volume;
use crate::verb;

/// Launch sweeps of neural-network trainings and measure the path that each takes through weight space.
#[derive(Debug, Parser)]
#[command(name = "traipse", version, after_help = exit::HELP, disable_help_subcommand = true, max_term_width = 110)]
pub(crate) struct Cli {
    /// Say less: no progress, errors alone.
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Everywhere")]
    quiet: bool,
    /// Say more on stderr; twice for more still.
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Everywhere")]
    verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What `traipse` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run a sweep on this machine: a coordinator and workers of its own, tables at the end.
    Local(verb::local::Args),
    /// Run the coordinator, which hands out jobs and keeps results.
    Coordinator(verb::coordinator::Args),
    /// Run a worker, which trains and measures.
    Worker(verb::worker::Args),
    /// Give a sweep to a coordinator; prints its id.
    Submit(verb::submit::Args),
    /// Show the sweeps of a coordinator, or one of them.
    Status(verb::status::Args),
    /// Follow a sweep until it ends.
    Watch(verb::watch::Args),
    /// End a sweep before its time.
    Cancel(verb::cancel::Args),
    /// Grant a sweep no new runs until it is resumed.
    Pause(verb::pause::Args),
    /// Let a paused sweep go on.
    Resume(verb::resume::Args),
    /// Run anew what failed of a sweep, or cells that are named.
    Retry(verb::retry::Args),
    /// Say why a run waits, where it ran, how it failed, when it is tried again.
    Explain(verb::explain::Args),
    /// Check that a sweep's results are all there, once, and unchanged.
    Verify(verb::verify::Args),
    /// Ask a worker to leave: it finishes what runs, and hands back the rest.
    Drain(verb::drain::Args),
    /// Let a larger sweep file take a sweep over: only the difference is run.
    Extend(verb::extend::Args),
    /// Fetch a sweep's tables, also while it runs.
    Collect(verb::collect::Args),
    /// Judge the claims about weight space from a sweep's tables; with figures, as one HTML file.
    Report(verb::report::Args),
    /// Draw one figure from a sweep's tables, as SVG and PNG with its data as CSV.
    Plot(verb::plot::Args),
    /// Show what a sweep file means and costs, without running it.
    Preview(verb::preview::Args),
    /// Show the data sets, or fetch one.
    Data(verb::data::Args),
    /// Write one run so that anybody can retrain it outside Traipse and compare.
    Export(verb::export::Args),
    /// Print the JSON Schema of sweep files, for editors.
    Schema(verb::schema::Args),
    /// Print a shell's completions.
    Completions(verb::completions::Args),
}

impl Cli {
    /// How much is said beside the results.
    pub(crate) fn volume(&self) -> Volume {
        match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (false, 0) => Volume::Normal,
            (false, 1) => Volume::Verbose,
            (false, 2) => Volume::Debug,
            (false, _) => Volume::Trace,
        }
    }
}
