//! `run_id`: the name of a training, equal across sweeps for equal trainings.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::settings::{ForkSettings, ForkState, ForkTrain, RunSettings};
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
/// written out but for those of keys that the grammar gained later; the fork, where it changes the training. What does not change the training (folder, name, snapshots, probes, execution) is not in it: the data
/// hash stands for `[data]`.
///
/// # Panics
/// Never: settings are plain data with text keys.
#[must_use]
pub fn run_id(settings: &RunSettings, data_hash: &str) -> String {
    let plain = |part: Result<Value, serde_json::Error>| part.expect("settings are plain data with text keys");
    let defaults = RunSettings::default();
    let mut canonical = json!({
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
    if let Some(fork) = changes(settings) {
        canonical["fork"] =
            differing(plain(serde_json::to_value(fork)), &plain(serde_json::to_value(ForkSettings::default())));
    }
    hex(&Sha256::digest(canonical_text(&canonical)))
}

/// The fork where it changes the training. The trunk's own branch, its optimiser kept and no setting changed, is the
/// training without a fork, and has its id.
fn changes(settings: &RunSettings) -> Option<ForkSettings> {
    let mut fork = settings.fork.clone()?;
    let same = |value: Option<f64>, trunk: f64| value.filter(|value| *value != trunk);
    fork.train.learning_rate = same(fork.train.learning_rate, settings.train.learning_rate);
    fork.train.momentum = same(fork.train.momentum, settings.train.momentum);
    fork.train.batch_size = fork.train.batch_size.filter(|size| *size != settings.train.batch_size);
    let plain = fork.state == ForkState::Keep && fork.train == ForkTrain::default() && settings.streams.branch == 0;
    (!plain).then_some(fork)
}

/// The settings that differ from their default, in tables too.
fn differing(value: Value, defaults: &Value) -> Value {
    let Value::Object(settings) = value else { return value };
    let kept = settings.into_iter().filter(|(key, value)| defaults.get(key) != Some(value));
    kept.map(|(key, value)| (key.clone(), differing(value, &defaults[&key]))).collect()
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

    #[test]
    fn a_fork_is_another_training_where_it_changes_one() {
        let plain = run_id(&RunSettings::default(), "abc");
        let forked = |branch: u32, change: fn(&mut ForkSettings)| {
            let mut run = RunSettings::default();
            run.streams.branch = branch;
            let mut fork = ForkSettings { epoch: Some(2), ..ForkSettings::default() };
            change(&mut fork);
            run.fork = Some(fork);
            run_id(&run, "abc")
        };
        assert_eq!(forked(0, |_| ()), plain, "the trunk's own branch");
        assert_eq!(forked(0, |fork| fork.train.learning_rate = Some(0.1)), plain, "the rate stays");
        type Other = (u32, fn(&mut ForkSettings));
        let others: [Other; 6] = [
            (1, |_| ()),
            (2, |_| ()),
            (1, |fork| (fork.epoch, fork.step) = (None, Some(2))),
            (0, |fork| fork.state = ForkState::Reset),
            (0, |fork| fork.train.learning_rate = Some(0.2)),
            (0, |fork| fork.train.momentum = Some(0.5)),
        ];
        let mut ids = std::collections::BTreeSet::from([plain]);
        for (branch, change) in others {
            assert!(ids.insert(forked(branch, change)), "branch {branch}");
        }
    }
}
