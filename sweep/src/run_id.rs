//! `run_id`: the name of a training, equal across sweeps for equal trainings.

use crate::settings::RunSettings;

/// SHA-256 (hex) of the canonical training settings: data hash, model, train and streams, defaults written out.
#[must_use]
pub fn run_id(settings: &RunSettings, data_hash: &str) -> String {
    let _ = (settings, data_hash);
    todo!()
}
