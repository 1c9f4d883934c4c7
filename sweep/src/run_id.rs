//! `run_id`: the name of a training, equal across sweeps for equal trainings.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::settings::RunSettings;
use crate::spec::canonical_text;

/// SHA-256 (hex) of the canonical training settings: the data's hash, model, train and streams, defaults written out,
/// keys sorted. What does not change the training (folder, name, snapshots, probes, execution) is not in it: the data
/// hash stands for `[data]`.
///
/// # Panics
/// Never: settings are plain data with text keys.
#[must_use]
pub fn run_id(settings: &RunSettings, data_hash: &str) -> String {
    let part = |part: Result<Value, serde_json::Error>| part.expect("settings are plain data with text keys");
    let canonical = json!({
        "data": data_hash,
        "model": part(serde_json::to_value(&settings.model)),
        "streams": part(serde_json::to_value(settings.streams)),
        "train": part(serde_json::to_value(&settings.train)),
    });
    hex(&Sha256::digest(canonical_text(&canonical)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_follows_the_training_and_nothing_else() {
        let run = RunSettings::default();
        let id = run_id(&run, "abc");
        assert_eq!(id.len(), 64);
        let mut elsewhere = run.clone();
        elsewhere.data.dir = Some("/somewhere/else".into());
        assert_eq!(run_id(&elsewhere, "abc"), id);
        let mut other = run.clone();
        other.train.learning_rate = 0.2;
        assert_ne!(run_id(&other, "abc"), id);
        let mut other = run.clone();
        other.streams.order_seed = 1;
        assert_ne!(run_id(&other, "abc"), id);
        assert_ne!(run_id(&run, "abd"), id);
    }

    /// A golden value: ids in old tables must go on meaning the same trainings.
    #[test]
    fn the_id_does_not_change_by_accident() {
        assert_eq!(
            run_id(&RunSettings::default(), "abc"),
            "f0c52be6046488f56788fee12833e96ddca0d7e43d175d3b1458bbd2bbf4aecc"
        );
    }
}
