//! `traipse cancel SWEEP`: end a sweep before its time.

use traipse_proto::client;
use traipse_proto::v1::CancelRequest;

use crate::connection::{ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::status::show;
use crate::runtime;

/// Which sweep, of whom.
#[derive(Debug, clap::Args)]
#[command(after_help = "Runs that are done stay done, and can be collected. Runs under way stop at their next step.")]
pub(crate) struct Args {
    /// The sweep: its id, the beginning of its id, or its name (the newest of that name).
    sweep: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the counts as JSON.
    #[arg(long)]
    json: bool,
}

/// Cancels it and prints its counts.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let connection = args.connection.resolve()?;
    runtime::start()?.block_on(async {
        let mut clients = connection.clients().await?;
        let request = client::unary(CancelRequest { sweep: args.sweep });
        let answer = clients.sweep.cancel(request).await.map_err(refused)?.into_inner();
        let status = answer.status.unwrap_or_default();
        show(screen, &status, args.json)?;
        Ok(End::Done)
    })
}
