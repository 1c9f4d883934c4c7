//! The sweep that a preview is held against: a coordinator's, or one whose tables are in a folder.

use std::path::Path;

use anyhow::Context as _;
use traipse_proto::client;
use traipse_proto::v1::{GetRequest, SweepState};
use traipse_sweep::Plan;

use crate::connection::{ConnectionArgs, refused};
use crate::error::Error;
use crate::larger::{self, Difference};
use crate::runtime;
use crate::spec_file::SpecFile;

/// What the file would run if it took that sweep over.
///
/// # Errors
/// If there is no such sweep, or the file does not extend it.
pub(super) fn difference(sweep: &str, connection: ConnectionArgs, file: &SpecFile) -> Result<Difference, Error> {
    let (before, weights_gone) = match Path::new(sweep).join("manifest.json") {
        manifest if manifest.is_file() => (of_tables(&manifest)?, true),
        _ => runtime::start()?.block_on(of_coordinator(sweep, connection))?,
    };
    Ok(Difference::of(&larger::extend(&before, file)?, weights_gone))
}

fn of_tables(manifest: &Path) -> Result<Plan, Error> {
    let text = std::fs::read_to_string(manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let known: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no manifest", manifest.display()))?;
    larger::plan_of(&[], &spec_of(&known))
}

/// The spec is there as a text, so that the order of its axes is kept.
fn spec_of(manifest: &serde_json::Value) -> String {
    let spec = manifest.get("spec").unwrap_or(&serde_json::Value::Null);
    spec.as_str().map_or_else(|| spec.to_string(), ToOwned::to_owned)
}

async fn of_coordinator(sweep: &str, connection: ConnectionArgs) -> Result<(Plan, bool), Error> {
    let mut clients = connection.resolve()?.clients().await?;
    let request = client::unary(GetRequest { sweep: sweep.to_owned() });
    let found = clients.sweep.get(request).await.map_err(refused)?.into_inner();
    let weights_gone = found.status.as_ref().is_some_and(|status| status.state() == SweepState::Completed);
    Ok((larger::plan_of(&found.earlier, &found.spec)?, weights_gone))
}
