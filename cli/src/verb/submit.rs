//! `traipse submit SPEC`: give a sweep to a coordinator.

use std::path::PathBuf;

use serde_json::json;
use traipse_proto::client;
use traipse_proto::v1::SubmitRequest;
use traipse_sweep::SweepId;

use crate::connection::{Connection, ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::units::counted;
use crate::spec_file::{self, SpecFile};
use crate::{check, new_id, runtime};

/// What to submit, and to whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sweep file (.toml, .yaml or .json), or - for stdin.
    spec: PathBuf,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print {"sweep": "…"}.
    #[arg(long)]
    json: bool,
}

/// The same, ready to go.
struct Settings {
    file: SpecFile,
    connection: Connection,
    sweep: SweepId,
    json: bool,
}

impl Args {
    fn resolve(self) -> Result<Settings, Error> {
        let file = spec_file::read(&self.spec)?;
        let connection = self.connection.resolve()?;
        Ok(Settings { file, connection, sweep: new_id::sweep()?, json: self.json })
    }
}

/// Submits it and prints its id.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let settings = args.resolve()?;
    check::where_readable(&settings.file, screen)?;
    runtime::start()?.block_on(submit(&settings, screen))
}

async fn submit(settings: &Settings, screen: &Screen) -> Result<End, Error> {
    let mut clients = settings.connection.clients().await?;
    let request = SubmitRequest { sweep: settings.sweep.to_string(), spec: settings.file.spec().canonical_json() };
    let answer = clients.sweep.submit(client::unary(request)).await.map_err(refused)?.into_inner();
    if settings.json {
        screen.json(&json!({ "sweep": answer.sweep }))?;
    } else {
        screen.print(&answer.sweep)?;
    }
    let flags = settings.connection.flags();
    screen.note(format!(
        "{} of {} submitted; follow with:  traipse watch {}{flags}",
        counted(answer.n_runs, "run"),
        settings.file.name(),
        answer.sweep
    ));
    Ok(End::Done)
}
