//! `traipse watch SWEEP`: follow a sweep until it ends.

use crate::connection::{Connection, ConnectionArgs};
use crate::error::Error;
use crate::exit::End;
use crate::follow::{Followed, follow};
use crate::output::status::{end, remedy, show};
use crate::output::{Screen, Volume};
use crate::runtime;

/// Which sweep, of whom.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Ends with 0 if every run succeeded or diverged, and with 1 if some failed, or if the sweep was \
    cancelled, stopped, or paused by its coordinator. Ctrl-C ends the watching alone: the sweep goes on."
)]
pub(crate) struct Args {
    /// The sweep: its id, the beginning of its id, or its name (the newest of that name).
    sweep: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the counts as JSON, at the end.
    #[arg(long)]
    json: bool,
}

/// Follows it.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let connection = args.connection.resolve()?;
    runtime::start()?.block_on(watch(&connection, args.sweep, args.json, screen))
}

async fn watch(connection: &Connection, sweep: String, json: bool, screen: &Screen) -> Result<End, Error> {
    let interrupt = runtime::interrupt(screen)?;
    let clients = connection.clients().await?;
    match follow(clients.sweep, sweep.clone(), &interrupt, screen).await? {
        Followed::Ended(status) => {
            if json || screen.volume() > Volume::Quiet {
                show(screen, &status, json)?;
            }
            if let Some(remedy) = remedy(&status).filter(|_| json) {
                screen.note(remedy);
            }
            screen.note(format!("its tables:  traipse collect {sweep}{}", connection.flags()));
            Ok(end(&status))
        }
        Followed::Interrupted => {
            screen.note(format!("the sweep goes on; stop it with:  traipse cancel {sweep}{}", connection.flags()));
            Ok(End::Interrupted)
        }
    }
}
