//! Weights that a sweep keeps: from the artifact store to `snapshots/<run_id>.safetensors` beside the tables.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use traipse_proto::v1::StoredArtifact;
use traipse_store::{Name, Store};
use traipse_sweep::{JobNumber, Plan};

use crate::error::Error;
use crate::output::{Screen, style};

/// Beside the tables.
const FOLDER: &str = "snapshots";

/// What is kept, and where.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The store, as the coordinator announced it.
    pub(crate) url: String,
    /// One a run that keeps its weights.
    pub(crate) artifacts: Vec<StoredArtifact>,
}

impl Kept {
    /// Copies what is not there yet into the folder of the tables, which must be written already: they hold the
    /// runs' ids. A store that this machine does not reach is named, and is no error: the tables are whole.
    ///
    /// # Errors
    /// If an artifact is missing or damaged, or a file cannot be written.
    pub(crate) async fn fetch(&self, plan: &Plan, out: &Path, screen: &Screen) -> Result<(), Error> {
        if self.artifacts.is_empty() {
            return Ok(());
        }
        let folder = self.url.strip_prefix("file://").unwrap_or(&self.url);
        if !Path::new(folder).is_dir() {
            screen.note(format!(
                "{}: the weights stay in {}, out of reach from here",
                style::warning("note"),
                self.url
            ));
            return Ok(());
        }
        let store = Store::open(&self.url).map_err(|error| Error::environment(anyhow::Error::new(error)))?;
        let ids = run_ids(out)?;
        let dir = out.join(FOLDER);
        fs::create_dir_all(&dir).with_context(|| format!("cannot make the folder {}", dir.display()))?;
        for artifact in &self.artifacts {
            let run = plan.place(JobNumber(artifact.job)).run;
            if let Some(id) = ids.get(&run) {
                copy(&store, artifact, &dir.join(format!("{id}.safetensors"))).await?;
            }
        }
        Ok(())
    }
}

/// Run ids by run.
fn run_ids(out: &Path) -> Result<BTreeMap<u64, String>, Error> {
    let file = out.join("runs.parquet");
    let read = |error| Error::environment(anyhow::Error::new(error));
    let runs = traipse_results::read::numbers(&file, "run").map_err(read)?;
    let ids = traipse_results::read::texts(&file, "run_id").map_err(read)?;
    Ok(runs.into_iter().zip(ids).filter_map(|(run, id)| Some((run? as u64, id?))).collect())
}

/// Copies one artifact, unless a file of its size is there: a run's id names its settings, and so its weights.
async fn copy(store: &Store, artifact: &StoredArtifact, path: &Path) -> Result<(), Error> {
    if fs::metadata(path).is_ok_and(|there| there.len() == artifact.size) {
        return Ok(());
    }
    let name: Name = artifact.name.parse().with_context(|| format!("the artifact `{}`", artifact.name))?;
    let sha256 = artifact.sha256.as_slice().try_into().context("a digest is not 32 bytes long")?;
    let bytes =
        store.get_verified(&name, &sha256).await.map_err(|error| Error::environment(anyhow::Error::new(error)))?;
    let context = || format!("cannot write {}", path.display());
    let mut aside = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(path)).with_context(context)?;
    aside.write_all(&bytes).with_context(context)?;
    aside.as_file().sync_all().with_context(context)?;
    aside.persist(path).with_context(context)?;
    Ok(())
}
