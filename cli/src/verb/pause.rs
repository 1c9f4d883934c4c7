//! `traipse pause SWEEP`: no new runs until it is resumed.

use traipse_proto::client;
use traipse_proto::v1::PauseRequest;

use crate::connection::{ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::status::show;
use crate::runtime;

/// Which sweep, of whom.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Runs under way finish, and so does what waits in a worker: at most a fifth of a second of work a slot."
)]
pub(crate) struct Args {
    /// The sweep: its id, the beginning of its id, or its name (the newest of that name).
    sweep: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the counts as JSON.
    #[arg(long)]
    json: bool,
}

/// Pauses it and prints its counts.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let connection = args.connection.resolve()?;
    runtime::start()?.block_on(async {
        let mut clients = connection.clients().await?;
        let request = client::unary(PauseRequest { sweep: args.sweep });
        let answer = clients.sweep.pause(request).await.map_err(refused)?.into_inner();
        show(screen, &answer.status.unwrap_or_default(), args.json)?;
        Ok(End::Done)
    })
}
