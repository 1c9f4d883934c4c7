//! `traipse status [SWEEP]`: the sweeps and the workers of a coordinator, or one sweep.

use serde_json::json;
use traipse_proto::client::{self, Clients};
use traipse_proto::v1::{GetRequest, ListRequest, WorkersRequest};

use crate::connection::{ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::status::{StatusView, list, show};
use crate::output::units::counted;
use crate::output::workers::{self, WorkerView};
use crate::runtime;

/// Which sweep, of whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sweep: its id, the beginning of its id, or its name (the newest of that name). All, if not given.
    sweep: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the counts.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let connection = args.connection.resolve()?;
    runtime::start()?.block_on(async {
        let clients = connection.clients().await?;
        match args.sweep {
            Some(sweep) => show_one(clients, sweep, args.json, screen).await,
            None => show_all(clients, args.json, screen).await,
        }
    })
}

async fn show_one(mut clients: Clients, sweep: String, json: bool, screen: &Screen) -> Result<End, Error> {
    let answer = clients.sweep.get(client::unary(GetRequest { sweep })).await.map_err(refused)?.into_inner();
    let status = answer.status.unwrap_or_default();
    show(screen, &status, json)?;
    Ok(End::Done)
}

async fn show_all(mut clients: Clients, json: bool, screen: &Screen) -> Result<End, Error> {
    let answer = clients.sweep.list(client::unary(ListRequest {})).await.map_err(refused)?.into_inner();
    let here = clients.sweep.workers(client::unary(WorkersRequest {})).await.map_err(refused)?.into_inner().workers;
    if json {
        let sweeps: Vec<StatusView<'_>> = answer.sweeps.iter().map(StatusView::from).collect();
        let here: Vec<WorkerView<'_>> = here.iter().map(WorkerView::from).collect();
        let (n_workers, n_slots) = (answer.n_workers, answer.n_slots);
        screen.json(&json!({ "sweeps": sweeps, "n_workers": n_workers, "n_slots": n_slots, "workers": here }))?;
        return Ok(End::Done);
    }
    if answer.sweeps.is_empty() {
        screen.print("no sweeps yet: `traipse submit SPEC` gives one to this coordinator")?;
    } else {
        screen.print(list(&answer.sweeps))?;
    }
    let (n_workers, n_slots) = (u64::from(answer.n_workers), u64::from(answer.n_slots));
    screen.print(format!("{} with {}", counted(n_workers, "worker"), counted(n_slots, "slot")))?;
    if !here.is_empty() {
        screen.print(workers::list(&here))?;
    }
    Ok(End::Done)
}
