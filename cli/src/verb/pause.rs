//! `traipse pause SWEEP`: no new runs until it is resumed.

use traipse_proto::client;
use traipse_proto::v1::PauseRequest;

use super::one_sweep::OneSweep;
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;

/// Which sweep, of whom.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Runs under way finish, and so does what waits in a worker: at most a fifth of a second of work a slot."
)]
pub(crate) struct Args {
    #[command(flatten)]
    of: OneSweep,
}

/// Pauses it and prints its counts.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    args.of.change(screen, async |mut clients, sweep| {
        Ok(clients.sweep.pause(client::unary(PauseRequest { sweep })).await?.into_inner().status)
    })
}
