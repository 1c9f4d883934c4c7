//! `traipse drain WORKER`: ask a worker to leave.

use traipse_proto::client;
use traipse_proto::v1::DrainRequest;

use crate::connection::{ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::workers::{WorkerView, who};
use crate::runtime;

/// Which worker, of whom.
#[derive(Debug, clap::Args)]
#[command(after_help = "It takes no more runs, finishes those under way, hands back what waits, and ends with 0. \
    `traipse status` shows how far it is. Nothing of it counts against a run. A worker that is started again is welcome.")]
pub(crate) struct Args {
    /// The worker: its id, the beginning of its id, or its label `name`.
    worker: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the worker as JSON.
    #[arg(long)]
    json: bool,
}

/// Asks it.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let connection = args.connection.resolve()?;
    runtime::start()?.block_on(async {
        let mut clients = connection.clients().await?;
        let request = client::unary(DrainRequest { worker: args.worker });
        let answer = clients.sweep.drain(request).await.map_err(refused)?.into_inner();
        let worker = answer.worker.unwrap_or_default();
        if args.json {
            screen.json(&WorkerView::from(&worker))?;
        } else {
            screen.print(format!("{} leaves when what runs there is done", who(&worker)))?;
        }
        Ok(End::Done)
    })
}
