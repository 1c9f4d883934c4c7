//! One file a verb.

pub(crate) mod cancel;
pub(crate) mod collect;
pub(crate) mod completions;
pub(crate) mod coordinator;
pub(crate) mod data;
pub(crate) mod drain;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod extend;
pub(crate) mod local;
mod one_sweep;
pub(crate) mod pause;
pub(crate) mod plot;
pub(crate) mod preview;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod retry;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod submit;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod worker;

use crate::args::Verb;
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;

/// Runs a verb.
///
/// # Errors
/// Wrong use, a bad sweep file, or the environment.
pub(crate) fn run(verb: Verb, screen: &Screen) -> Result<End, Error> {
    match verb {
        Verb::Local(args) => local::run(args, screen),
        Verb::Coordinator(args) => coordinator::run(args, screen),
        Verb::Worker(args) => worker::run(args, screen),
        Verb::Submit(args) => submit::run(args, screen),
        Verb::Status(args) => status::run(args, screen),
        Verb::Watch(args) => watch::run(args, screen),
        Verb::Drain(args) => drain::run(args, screen),
        Verb::Cancel(args) => cancel::run(args, screen),
        Verb::Pause(args) => pause::run(args, screen),
        Verb::Resume(args) => resume::run(args, screen),
        Verb::Retry(args) => retry::run(args, screen),
        Verb::Explain(args) => explain::run(args, screen),
        Verb::Verify(args) => verify::run(args, screen),
        Verb::Collect(args) => collect::run(args, screen),
        Verb::Extend(args) => extend::run(args, screen),
        Verb::Report(args) => report::run(args, screen),
        Verb::Plot(args) => plot::run(args, screen),
        Verb::Preview(args) => preview::run(args, screen),
        Verb::Export(args) => export::run(args, screen),
        Verb::Data(args) => data::run(args, screen),
        Verb::Schema(args) => schema::run(args, screen),
        Verb::Completions(args) => completions::run(args, screen),
    }
}
