//! Settings that contradict each other, or that a run ignores: somebody believes that they do something.
//!
//! A setting at its default contradicts nothing. Nothing here needs the data; what does (shapes, sizes of batches) is
//! the network's and the course's.

use super::{BatchSize, DataName, Full, Loss, ModelKind, Optimizer, RunSettings, Sampling, Schedule};
use crate::network;

/// Two settings of a run that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}: {help}")]
pub struct Conflict {
    /// The setting at fault, dotted.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

/// One reason for a conflict.
pub(crate) struct Rule {
    /// The setting at fault.
    pub(crate) key: &'static str,
    /// The other settings that decide.
    pub(crate) others: &'static [&'static str],
    /// Message and help, where a run's settings conflict.
    pub(crate) broken: fn(&RunSettings) -> Option<(String, String)>,
}

impl RunSettings {
    /// The first conflict among the settings, if there is one. Runs that train nothing have none.
    #[must_use]
    pub fn conflict(&self) -> Option<Conflict> {
        let broken = |rule: &Rule| rule.broken(self).map(|(message, help)| Conflict { key: rule.key, message, help });
        RULES.iter().find_map(broken)
    }
}

impl Rule {
    /// Message and help, where the settings conflict.
    pub(crate) fn broken(&self, run: &RunSettings) -> Option<(String, String)> {
        (run.model.kind != ModelKind::Noop).then(|| (self.broken)(run))?
    }
}

const fn rule(
    key: &'static str,
    others: &'static [&'static str],
    broken: fn(&RunSettings) -> Option<(String, String)>,
) -> Rule {
    Rule { key, others, broken }
}

/// Where `conflicts`, these words.
fn words(conflicts: bool, message: impl Into<String>, help: impl Into<String>) -> Option<(String, String)> {
    conflicts.then(|| (message.into(), help.into()))
}

/// The settings of a fork: each makes one.
const FORK: [&str; 6] = [
    "fork.epoch",
    "fork.step",
    "fork.state",
    "fork.train.learning_rate",
    "fork.train.momentum",
    "fork.train.batch_size",
];

/// Every rule; the first that is broken is the one that is told.
pub(crate) static RULES: &[Rule] = &[
    rule("model.hidden", &["model.kind"], |run| {
        let written = run.model.hidden != RunSettings::default().model.hidden;
        let help = if run.model.kind.is_planted() {
            "leave it out: a planted truth has one dense layer"
        } else {
            "leave it out: its layers are model.preset or model.layers"
        };
        words(written && !is_mlp(run), format!("{} ignores it", kind(run)), help)
    }),
    rule("model.activation", &["model.kind"], |run| {
        let written = run.model.activation != RunSettings::default().model.activation;
        let help = "leave it out: a planted truth has one dense layer";
        words(written && run.model.kind.is_planted(), format!("{} ignores it", kind(run)), help)
    }),
    rule("model.norm", &["model.kind"], |run| {
        let written = run.model.norm != RunSettings::default().model.norm;
        let help = "leave it out: a planted truth has one dense layer";
        words(written && run.model.kind.is_planted(), format!("{} ignores it", kind(run)), help)
    }),
    rule("model.dropout", &["model.kind"], |run| {
        let help = "leave it out, or write \"dropout 0.5\" among model.layers";
        words(run.model.dropout != 0.0 && !is_mlp(run), format!("{} ignores it", kind(run)), help)
    }),
    rule("model.preset", &["model.kind"], |run| {
        words(
            run.model.preset.is_some() && !has_layers(run),
            format!("{} ignores it", kind(run)),
            "leave it out, or use model.kind = \"cnn\" or \"resnet\"",
        )
    }),
    rule("model.layers", &["model.kind"], |run| {
        let help = "give an mlp its model.hidden, or use model.kind = \"cnn\" or \"resnet\"";
        words(!run.model.layers.is_empty() && !has_layers(run), format!("{} ignores it", kind(run)), help)
    }),
    rule("model.width", &["model.kind", "model.preset"], |run| {
        let has_stages = run.model.preset.is_some_and(|preset| preset.kind() == ModelKind::Resnet);
        let help = "leave it out, or use model.preset = \"resnet8\" or \"resnet20\"";
        words(run.model.width.is_some() && !has_stages, "only a resnet preset reads it", help)
    }),
    rule("model.kind", &["model.preset", "model.layers"], |run| {
        let error = network::choice(&run.model).err()?.to_string();
        let error = error.strip_prefix("model.kind = ").unwrap_or(&error);
        let (message, help) = error.rsplit_once(": ").unwrap_or((error, ""));
        Some((message.to_owned(), help.to_owned()))
    }),
    rule("train.learning_rate", &["train.optimizer"], |run| {
        let written = run.train.learning_rate != RunSettings::default().train.learning_rate;
        words(is_lbfgs(run) && written, ignores(run), "leave it out: its line search sets the steps")
    }),
    rule("train.optimizer", &["model.kind"], |run| {
        let walks = run.model.kind == ModelKind::Walk;
        let plain = run.train.optimizer == Optimizer::Sgd && run.train.momentum == 0.0 && run.train.weight_decay == 0.0;
        words(
            walks && !plain,
            "a walk follows no gradient: it ignores optimizer, momentum and weight_decay",
            "leave them out",
        )
    }),
    rule("train.momentum", &["train.optimizer"], |run| {
        let reads = matches!(run.train.optimizer, Optimizer::Sgd | Optimizer::Rmsprop);
        let help = "leave it out, or use sgd or rmsprop; the momentum of adam and adamw is beta1";
        words(run.train.momentum != 0.0 && !reads, ignores(run), help)
    }),
    rule("train.nesterov", &["train.optimizer", "train.momentum"], |run| {
        let (nesterov, is_sgd) = (run.train.nesterov, run.train.optimizer == Optimizer::Sgd);
        words(nesterov && !is_sgd, ignores(run), "leave it out, or use sgd with momentum").or_else(|| {
            words(
                nesterov && run.train.momentum == 0.0,
                "it needs a momentum to look ahead by",
                "give train.momentum = 0.9, say, or leave it out",
            )
        })
    }),
    rule("train.beta1", &["train.optimizer"], |run| {
        let written = run.train.beta1 != RunSettings::default().train.beta1;
        words(written && !is_adam(run), ignores(run), "leave it out, or use adam or adamw")
    }),
    rule("train.beta2", &["train.optimizer"], |run| {
        let written = run.train.beta2 != RunSettings::default().train.beta2;
        words(written && !is_adam(run), ignores(run), "leave it out, or use adam or adamw")
    }),
    rule("train.alpha", &["train.optimizer"], |run| {
        let written = run.train.alpha != RunSettings::default().train.alpha;
        words(written && run.train.optimizer != Optimizer::Rmsprop, ignores(run), "leave it out, or use rmsprop")
    }),
    rule("train.epsilon", &["train.optimizer"], |run| {
        let written = run.train.epsilon != RunSettings::default().train.epsilon;
        let reads = is_adam(run) || run.train.optimizer == Optimizer::Rmsprop;
        words(written && !reads, ignores(run), "leave it out, or use adam, adamw or rmsprop")
    }),
    rule("train.batch_size", &["train.optimizer"], |run| {
        let full = run.train.batch_size == BatchSize::Full(Full::Full);
        words(is_lbfgs(run) && !full, "lbfgs needs the gradient of all examples", "give batch_size = \"full\"")
    }),
    rule("train.sampling", &["train.optimizer"], |run| {
        let drawn = run.train.sampling == Sampling::Replacement;
        words(is_lbfgs(run) && drawn, "lbfgs needs the same loss at every step", "use shuffle or fixed")
    }),
    rule("train.schedule", &["train.optimizer"], |run| {
        words(
            is_lbfgs(run) && run.train.schedule != Schedule::Constant,
            ignores(run),
            "leave it out: its line search sets the steps",
        )
    }),
    rule("train.warmup_epochs", &["train.optimizer"], |run| {
        words(
            is_lbfgs(run) && run.train.warmup_epochs != 0.0,
            ignores(run),
            "leave it out: its line search sets the steps",
        )
    }),
    rule("train.augment", &["train.optimizer", "data.name"], |run| {
        let (augments, data) = (!run.train.augment.is_empty(), run.data.name);
        words(augments && is_lbfgs(run), "lbfgs needs the same loss at every step", "leave it out").or_else(|| {
            let flat = data.is_synthetic() || data == DataName::Csv;
            words(augments && flat, format!("{} has no images", data.as_str()), "leave it out, or use a set of images")
        })
    }),
    rule("train.optimizer", &["model.dropout", "model.layers"], |run| {
        let drops = run.model.dropout != 0.0 || run.model.layers.iter().any(|words| words.starts_with("dropout"));
        words(
            is_lbfgs(run) && drops,
            "lbfgs needs the same loss at every step, and dropout draws another",
            "leave the dropout out, or use another optimizer",
        )
    }),
    rule("fork.epoch", &FORK, |run| {
        let timeless = run.fork.as_ref().is_some_and(|fork| fork.epoch.is_none() && fork.step.is_none());
        words(timeless, "the training forks, but when?", "give epoch or step in [fork], or as the axis \"fork.epoch\"")
    }),
    rule("fork.epoch", &["train.epochs", "train.steps", "train.examples"], |run| {
        let (fork, epochs) = (run.fork.as_ref()?.epoch?, run.train.epochs?);
        let message = format!("the training ends after epoch {epochs}, and nothing comes after a fork at epoch {fork}");
        words(fork >= epochs, message, format!("fork at 0 to {}", epochs.saturating_sub(1)))
    }),
    rule("fork.step", &["train.epochs", "train.steps", "train.examples"], |run| {
        let (fork, steps) = (run.fork.as_ref()?.step?, run.train.steps?);
        let message = format!("the training ends after step {steps}, and nothing comes after a fork at step {fork}");
        words(fork >= steps, message, format!("fork at 0 to {}", steps.saturating_sub(1)))
    }),
    rule("fork.train.learning_rate", &["train.optimizer"], |run| {
        let written = run.fork.as_ref()?.train.learning_rate.is_some();
        words(written && is_lbfgs(run), ignores(run), "leave it out: its line search sets the steps")
    }),
    rule("fork.train.momentum", &["train.optimizer", "model.kind"], |run| {
        let written = run.fork.as_ref()?.train.momentum.is_some();
        let reads = matches!(run.train.optimizer, Optimizer::Sgd | Optimizer::Rmsprop);
        let walks = run.model.kind == ModelKind::Walk;
        words(written && walks, "a walk ignores it", "leave it out")
            .or_else(|| words(written && !reads, ignores(run), "leave it out, or use sgd or rmsprop"))
    }),
    rule("fork.train.batch_size", &["train.optimizer"], |run| {
        let rows = matches!(run.fork.as_ref()?.train.batch_size?, BatchSize::Rows(_));
        words(rows && is_lbfgs(run), "lbfgs needs the gradient of all examples", "leave it out")
    }),
    rule("model.kind", &["data.name"], |run| {
        let planted = run.model.kind == ModelKind::Quadratic && run.data.name != DataName::Regression;
        let message = format!("quadratic is a truth of regression data, not of {}", run.data.name.as_str());
        words(planted, message, "use data.name = \"regression\", or model.kind = \"linear\"")
    }),
    rule("model.bias", &["model.kind"], |run| {
        let written = !run.model.bias && run.model.kind == ModelKind::Quadratic;
        words(written, "quadratic ignores it", "leave it out: it never has a bias")
    }),
    rule("train.loss", &["data.name", "data.classes"], |run| {
        words(
            is_regression(run) && run.train.loss == Loss::CrossEntropy,
            format!("cross-entropy needs classes, but the data of {} have targets", run.data.name.as_str()),
            "use train.loss = \"mse\"",
        )
    }),
    rule("train.stop", &["data.name", "data.classes"], |run| {
        words(
            is_regression(run) && run.train.stop.is_some(),
            "a regression has no error rate to stop at",
            "leave it out",
        )
    }),
];

fn is_mlp(run: &RunSettings) -> bool {
    run.model.kind == ModelKind::Mlp
}

/// Whether its layers are named one by one, or by a preset.
fn has_layers(run: &RunSettings) -> bool {
    matches!(run.model.kind, ModelKind::Cnn | ModelKind::Resnet)
}

fn is_adam(run: &RunSettings) -> bool {
    matches!(run.train.optimizer, Optimizer::Adam | Optimizer::Adamw)
}

fn is_lbfgs(run: &RunSettings) -> bool {
    run.train.optimizer == Optimizer::Lbfgs
}

/// Whether the data's name alone says that its targets are numbers.
fn is_regression(run: &RunSettings) -> bool {
    let data = &run.data;
    data.name == DataName::Regression || (data.name == DataName::Teacher && data.classes == 1)
}

fn kind(run: &RunSettings) -> &'static str {
    match run.model.kind {
        ModelKind::Mlp => "an mlp",
        ModelKind::Cnn => "a cnn",
        ModelKind::Resnet => "a resnet",
        ModelKind::Linear => "linear",
        ModelKind::Quadratic => "quadratic",
        ModelKind::Walk => "walk",
        ModelKind::Noop => "noop",
    }
}

fn ignores(run: &RunSettings) -> String {
    let name = match run.train.optimizer {
        Optimizer::Sgd => "sgd",
        Optimizer::Adam => "adam",
        Optimizer::Adamw => "adamw",
        Optimizer::Rmsprop => "rmsprop",
        Optimizer::Lbfgs => "lbfgs",
    };
    format!("{name} ignores it")
}
