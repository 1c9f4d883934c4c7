//! A folder in which a smaller sweep of the same name was begun: the file takes it over.

use std::path::Path;

use traipse_proto::client::{self, Clients};
use traipse_proto::v1::{ExtendRequest, GetRequest, SweepState, SweepStatus};

use crate::connection::refused;
use crate::error::Error;
use crate::larger::{self, Difference};
use crate::new_id;
use crate::output::Screen;
use crate::spec_file::SpecFile;

/// Extends the sweep to what the file says, unless it is so already; its counts afterwards.
///
/// # Errors
/// If the file does not extend it.
pub(super) async fn bring_up(
    sweep: &str,
    folder: &Path,
    file: &SpecFile,
    clients: &mut Clients,
    screen: &Screen,
) -> Result<SweepStatus, Error> {
    let get = GetRequest { sweep: sweep.to_owned() };
    let found = clients.sweep.get(client::unary(get)).await.map_err(refused)?.into_inner();
    let (status, spec) = (found.status.unwrap_or_default(), file.spec().canonical_json());
    if found.spec == spec {
        return Ok(status);
    }
    let plan = larger::extend(&larger::plan_of(&found.earlier, &found.spec)?, file).inspect_err(|_| {
        screen.note(format!(
            "{} holds this sweep with other settings: to begin anew, give another folder with --out, or remove that one",
            folder.display()
        ));
    })?;
    let difference = Difference::of(&plan, status.state() == SweepState::Completed);
    screen.note(format!("the sweep in {} is extended: {}", folder.display(), difference.text()));
    let request = ExtendRequest { sweep: sweep.to_owned(), request: new_id::sweep()?.to_string(), spec };
    let extended = clients.sweep.extend(client::unary(request)).await.map_err(refused)?.into_inner();
    Ok(extended.status.unwrap_or_default())
}
