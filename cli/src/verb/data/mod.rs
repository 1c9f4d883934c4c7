//! `traipse data`: which data sets there are, and fetching the published ones.

mod fetch;
mod list;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use traipse_sweep::settings::DataName;

use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;

/// What about data sets.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What can be done.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Show every data set: its sizes, where it comes from, and whether it is here.
    List(list::Args),
    /// Download a published data set, check it, and put it where a sweep file finds it.
    Fetch(fetch::Args),
}

/// Does it.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    match args.verb {
        Verb::List(args) => list::run(&args, screen),
        Verb::Fetch(args) => fetch::run(&args, screen),
    }
}

/// The name of a data set, as it stands in a sweep file.
fn name() -> impl clap::builder::TypedValueParser<Value = DataName> {
    PossibleValuesParser::new(DataName::ALL.map(DataName::as_str))
        .try_map(|word| DataName::ALL.into_iter().find(|name| name.as_str() == word).ok_or("no such data set"))
}
