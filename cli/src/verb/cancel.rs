//! `traipse cancel SWEEP`: end a sweep before its time.

use traipse_proto::client;
use traipse_proto::v1::CancelRequest;

use super::one_sweep::OneSweep;
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;

/// Which sweep, of whom.
#[derive(Debug, clap::Args)]
#[command(after_help = "Runs that are done stay done, and can be collected. Runs under way stop at their next step.")]
pub(crate) struct Args {
    #[command(flatten)]
    of: OneSweep,
}

/// Cancels it and prints its counts.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    args.of.change(screen, async |mut clients, sweep| {
        Ok(clients.sweep.cancel(client::unary(CancelRequest { sweep })).await?.into_inner().status)
    })
}
