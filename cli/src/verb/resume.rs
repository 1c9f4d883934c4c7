//! `traipse resume SWEEP`: a paused sweep goes on.

use traipse_proto::client;
use traipse_proto::v1::ResumeRequest;

use crate::connection::{ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::status::show;
use crate::runtime;

/// Which sweep, of whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sweep: its id, the beginning of its id, or its name (the newest of that name).
    sweep: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the counts as JSON.
    #[arg(long)]
    json: bool,
}

/// Resumes it and prints its counts.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let connection = args.connection.resolve()?;
    runtime::start()?.block_on(async {
        let mut clients = connection.clients().await?;
        let request = client::unary(ResumeRequest { sweep: args.sweep });
        let answer = clients.sweep.resume(request).await.map_err(refused)?.into_inner();
        show(screen, &answer.status.unwrap_or_default(), args.json)?;
        Ok(End::Done)
    })
}
