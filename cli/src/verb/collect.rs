//! `traipse collect SWEEP`: fetch a sweep's tables, also while it runs.

use std::path::PathBuf;

use traipse_proto::client;
use traipse_proto::v1::GetRequest;

use crate::connection::{Connection, ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::fetch::fetch;
use crate::output::{Screen, collected, status};
use crate::{out_folder, runtime};

/// Which sweep, of whom, and where its tables go.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "While the sweep runs, the tables hold what is done, and manifest.json says that they are partial."
)]
pub(crate) struct Args {
    /// The sweep: its id, the beginning of its id, or its name (the newest of that name).
    sweep: String,
    /// Where its tables go; else traipse-out/NAME.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print JSON: the counts and the files.
    #[arg(long)]
    json: bool,
}

/// The same, ready to go.
struct Settings {
    sweep: String,
    out: Option<PathBuf>,
    connection: Connection,
    json: bool,
}

impl Args {
    fn resolve(self) -> Result<Settings, Error> {
        let connection = self.connection.resolve()?;
        Ok(Settings { sweep: self.sweep, out: self.out, connection, json: self.json })
    }
}

/// Collects it.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let settings = args.resolve()?;
    runtime::start()?.block_on(collect(settings, screen))
}

async fn collect(settings: Settings, screen: &Screen) -> Result<End, Error> {
    let mut client = settings.connection.clients().await?.sweep;
    let request = client::unary(GetRequest { sweep: settings.sweep });
    let found = client.get(request).await.map_err(refused)?.into_inner().status.unwrap_or_default();
    let out = settings.out.unwrap_or_else(|| out_folder::default(&found.name));
    let sweep = found.sweep.parse().map_err(|error| Error::environment(anyhow::Error::new(error)))?;
    out_folder::open_for(&out, sweep, &found.name)?;
    let fetched = fetch(&mut client, &found.sweep, &out).await?;
    let (counts, plan) = (fetched.status.clone(), fetched.plan.clone());
    let tables = fetched.merge(&out, screen).await?;
    if settings.json {
        collected::json(screen, &counts, &tables, &out)?;
    } else {
        collected::text(screen, &counts, &tables, &plan, &out)?;
    }
    Ok(if counts.state().is_over() { status::end(&counts) } else { End::Done })
}
