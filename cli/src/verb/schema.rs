//! `traipse schema`: the JSON Schema of sweep files.

use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;

/// No flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Prints the schema.
pub(crate) fn run(_args: Args, screen: &Screen) -> Result<End, Error> {
    screen.json(&traipse_sweep::spec::json_schema())?;
    Ok(End::Done)
}
