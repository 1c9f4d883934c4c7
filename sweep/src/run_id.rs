//! `run_id`: the name of a training, equal across sweeps for equal trainings.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::settings::RunSettings;
use crate::spec::canonical_text;

/// Settings that the first ids were made of: they are always written out. Every other setting came later and is written
/// only where it is not at its default, so that an id does not change when the grammar grows.
const FIRST: [&str; 18] = [
    "kind",
    "hidden",
    "activation",
    "init",
    "init_scale",
    "bias",
    "loss",
    "optimizer",
    "learning_rate",
    "momentum",
    "weight_decay",
    "decay_biases",
    "batch_size",
    "epochs",
    "steps",
    "examples",
    "sampling",
    "last_batch",
];

/// SHA-256 (hex) of the canonical training settings: the data's hash, model, train and streams, keys sorted, defaults
/// written out but for those of keys that the grammar gained later. What does not change the training (folder, name, snapshots, probes, execution) is not in it: the data
/// hash stands for `[data]`.
///
/// # Panics
/// Never: settings are plain data with text keys.
#[must_use]
pub fn run_id(settings: &RunSettings, data_hash: &str) -> String {
    let plain = |part: Result<Value, serde_json::Error>| part.expect("settings are plain data with text keys");
    let defaults = RunSettings::default();
    let canonical = json!({
        "data": data_hash,
        "model": written(
            plain(serde_json::to_value(&settings.model)),
            &plain(serde_json::to_value(&defaults.model)),
        ),
        "streams": plain(serde_json::to_value(settings.streams)),
        "train": written(
            plain(serde_json::to_value(&settings.train)),
            &plain(serde_json::to_value(&defaults.train)),
        ),
    });
    hex(&Sha256::digest(canonical_text(&canonical)))
}

/// The settings of a section that an id is made of.
fn written(mut section: Value, defaults: &Value) -> Value {
    if let Value::Object(settings) = &mut section {
        settings.retain(|key, value| FIRST.contains(&key.as_str()) || defaults.get(key) != Some(value));
    }
    section
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

    /// Ids are functions of all of `[model]` and `[train]`, whenever a setting came.
    #[test]
    fn every_setting_of_the_training_changes_the_id() {
        let rows: [fn(&mut RunSettings); 10] = [
            |run| run.model.preset = Some(crate::settings::Preset::Lenet5),
            |run| run.model.layers = vec!["dense 3".into()],
            |run| run.model.width = Some(16),
            |run| run.model.norm = crate::settings::Norm::Batch,
            |run| run.model.dropout = 0.5,
            |run| run.train.nesterov = true,
            |run| run.train.schedule = crate::settings::Schedule::Step { step: vec![2.0], factor: 0.5 },
            |run| run.train.stop = Some(crate::settings::Stop { train_error: 0.0 }),
            |run| run.train.augment = vec![crate::settings::Augment::Flip],
            |run| run.train.precision = crate::settings::Precision::F64,
        ];
        let mut ids = std::collections::BTreeSet::from([run_id(&RunSettings::default(), "abc")]);
        for change in rows {
            let mut run = RunSettings::default();
            change(&mut run);
            assert!(ids.insert(run_id(&run, "abc")));
        }
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
