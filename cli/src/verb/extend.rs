//! `traipse extend SWEEP SPEC`: let a larger sweep file take a sweep over.

use std::path::PathBuf;

use serde_json::json;
use traipse_proto::client;
use traipse_proto::v1::{ExtendRequest, GetRequest, SweepState};

use crate::connection::{Connection, ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::larger::{self, Difference};
use crate::output::Screen;
use crate::spec_file::{self, SpecFile};
use crate::{check, new_id, runtime};

/// Which sweep, and what it shall be.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The file is the whole sweep: all that it has, and more seeds, values of axes, products, comparisons or \
    epochs. What is there already is kept; only the difference is run."
)]
pub(crate) struct Args {
    /// Its id, a unique beginning of it, or its name.
    sweep: String,
    /// The larger sweep file (.toml, .yaml or .json), or - for stdin.
    spec: PathBuf,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print JSON: the id, and how many runs are reused, trained again and new.
    #[arg(long)]
    json: bool,
}

/// The same, ready to go.
struct Settings {
    sweep: String,
    file: SpecFile,
    connection: Connection,
    request: String,
    json: bool,
}

/// Extends it and says what that means.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let settings = Settings {
        file: spec_file::read(&args.spec)?,
        sweep: args.sweep,
        connection: args.connection.resolve()?,
        request: new_id::sweep()?.to_string(),
        json: args.json,
    };
    check::where_readable(&settings.file, screen)?;
    runtime::start()?.block_on(extend(&settings, screen))
}

async fn extend(settings: &Settings, screen: &Screen) -> Result<End, Error> {
    let mut clients = settings.connection.clients().await?;
    let request = GetRequest { sweep: settings.sweep.clone() };
    let found = clients.sweep.get(client::unary(request)).await.map_err(refused)?.into_inner();
    let status = found.status.unwrap_or_default();
    let spec = settings.file.spec().canonical_json();
    let difference = match found.spec == spec {
        true => None,
        false => {
            let plan = larger::extend(&larger::plan_of(&found.earlier, &found.spec)?, &settings.file)?;
            Some(Difference::of(&plan, status.state() == SweepState::Completed))
        }
    };
    let request = ExtendRequest { sweep: status.sweep.clone(), request: settings.request.clone(), spec };
    clients.sweep.extend(client::unary(request)).await.map_err(refused)?;
    if settings.json {
        screen.json(&json!({ "sweep": status.sweep, "difference": difference }))?;
    } else {
        let text = difference.map_or_else(|| "it is so already".to_owned(), |difference| difference.text());
        screen.print(format!("{}  {text}", status.sweep))?;
    }
    let flags = settings.connection.flags();
    screen.note(format!("follow with:  traipse watch {}{flags}", status.sweep));
    Ok(End::Done)
}
