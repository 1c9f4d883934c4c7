//! `traipse resume SWEEP`: a paused sweep goes on.

use traipse_proto::client;
use traipse_proto::v1::ResumeRequest;

use super::one_sweep::OneSweep;
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;

/// Which sweep, of whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    of: OneSweep,
}

/// Resumes it and prints its counts.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    args.of.change(screen, async |mut clients, sweep| {
        Ok(clients.sweep.resume(client::unary(ResumeRequest { sweep })).await?.into_inner().status)
    })
}
