//! What the verbs that change one sweep share: which one, of whom, and its counts at the end.

use tonic::Status;
use traipse_proto::client::Clients;
use traipse_proto::v1::SweepStatus;

use crate::connection::{ConnectionArgs, refused};
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::status::show;
use crate::runtime;

/// Which sweep, of whom.
#[derive(Debug, clap::Args)]
pub(crate) struct OneSweep {
    /// The sweep: its id, the beginning of its id, or its name (the newest of that name).
    sweep: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the counts as JSON.
    #[arg(long)]
    json: bool,
}

impl OneSweep {
    /// Asks for a change of it, and prints the counts that are answered.
    pub(crate) fn change(
        self,
        screen: &Screen,
        ask: impl AsyncFnOnce(Clients, String) -> Result<Option<SweepStatus>, Status>,
    ) -> Result<End, Error> {
        let connection = self.connection.resolve()?;
        runtime::start()?.block_on(async {
            let status = ask(connection.clients().await?, self.sweep).await.map_err(refused)?;
            show(screen, &status.unwrap_or_default(), self.json)?;
            Ok(End::Done)
        })
    }
}
