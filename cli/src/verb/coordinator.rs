//! `traipse coordinator`: hand out jobs and keep results, until a signal comes.

use std::net::SocketAddr;
use std::path::PathBuf;

use traipse_coordinator::Coordinator;

use crate::connection::DEFAULT_ADDRESS;
use crate::error::Error;
use crate::exit::End;
use crate::output::{Screen, style};
use crate::{folders, runtime};

/// Where to listen, and where to keep what happens.
#[derive(Debug, clap::Args)]
#[command(after_help = "At first start it makes a token in DIR/token, readable by its owner alone; every other verb \
    takes it with --token-file, or from TRAIPSE_TOKEN. Ctrl-C or SIGTERM ends it; whatever it has answered is on disk, \
    and the next start goes on.")]
pub(crate) struct Args {
    /// The address to listen at; port 0 takes a free one. Only this machine's own (127.0.0.1, [::1]): calls are not encrypted.
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_ADDRESS)]
    listen: SocketAddr,
    /// The folder of its data; else the user's data folder ($XDG_DATA_HOME/traipse or ~/.local/share/traipse).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// The same, checked.
struct Settings {
    listen: SocketAddr,
    data: PathBuf,
}

impl Args {
    fn resolve(self) -> Result<Settings, Error> {
        if !self.listen.ip().is_loopback() {
            return Err(Error::wrong_use(format!("--listen {} would be reached from other machines", self.listen)).help(
                "this version does not encrypt calls, and the token would be readable on the way: listen on 127.0.0.1, \
                 and reach it from elsewhere through a tunnel (ssh -L 7878:127.0.0.1:7878 HOST)",
            ));
        }
        let no_home =
            || Error::wrong_use("no folder for the coordinator's data: HOME is not set").help("give one with --data");
        let data = self.data.or_else(folders::coordinator_data).ok_or_else(no_home)?;
        Ok(Settings { listen: self.listen, data })
    }
}

/// Runs until a signal comes.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let settings = args.resolve()?;
    runtime::start()?.block_on(coordinate(settings, screen))
}

async fn coordinate(settings: Settings, screen: &Screen) -> Result<End, Error> {
    let interrupt = runtime::interrupt(screen)?;
    let options = traipse_coordinator::Options::new(settings.listen, settings.data.clone());
    let coordinator =
        Coordinator::start(options).await.map_err(|error| Error::environment(anyhow::Error::new(error)))?;
    greet(&coordinator, &settings, screen)?;
    let stopped = tokio::select! {
        () = interrupt.cancelled() => None,
        () = coordinator.failed() => Some(runtime::coordinator_stopped(&coordinator)),
    };
    coordinator.shutdown().await;
    if let Some(error) = stopped {
        return Err(error.help("whatever was answered is kept: put it right and start again"));
    }
    screen.note("ended; the next start goes on from here");
    Ok(End::Done)
}

fn greet(coordinator: &Coordinator, settings: &Settings, screen: &Screen) -> Result<(), Error> {
    let url = coordinator.url();
    let token = settings.data.join("token");
    let flags =
        if settings.listen.to_string() == DEFAULT_ADDRESS { String::new() } else { format!(" --coordinator {url}") };
    let token = format!("--token-file {}", token.display());
    screen.print(format!(
        "listening at {}\n  {}  {}\nnext, in other terminals:\n  traipse worker{flags} {token}\n  traipse submit SPEC{flags} {token}",
        style::strong(&url),
        style::faint("data"),
        settings.data.display(),
    ))
}
