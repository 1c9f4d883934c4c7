//! The settings of a run, one line each.

use super::macros::{Words, count, fork, fork_number, length, number, setting, truth, whole, word, words};
use super::value::MAX_WIDTH;
use super::{Kind, Setting, Value};
use crate::settings::{
    Activation, Augment, BatchSize, DataName, ForkSettings, ForkState, Full, Init, LastBatch, Loss, ModelKind, Norm,
    Optimizer, Precision, Preset, Sampling, Scale, ScheduleWord,
};

words! { DataName: Digits "digits" Mnist "mnist" FashionMnist "fashion-mnist" Cifar10 "cifar10" Cifar100 "cifar100"
Npz "npz" Csv "csv" Blobs "blobs" Spirals "spirals" Teacher "teacher" Regression "regression"; }
words! { Scale: Unit "unit" Standardize "standardize"; }
words! { ModelKind: Mlp "mlp" Cnn "cnn" Resnet "resnet" Quadratic "quadratic" Linear "linear" Walk "walk" Noop "noop"; }
words! { ForkState: Keep "keep" Reset "reset"; }
words! { Preset: Lenet5 "lenet5" Resnet8 "resnet8" Resnet20 "resnet20"; }
words! { Norm: None "none" Batch "batch" Layer "layer"; }
words! { Activation: Relu "relu" Tanh "tanh" Gelu "gelu" Silu "silu" Sigmoid "sigmoid" Identity "identity"; }
words! { Init: HeNormal "he-normal" HeUniform "he-uniform" GlorotNormal "glorot-normal" GlorotUniform "glorot-uniform"
LecunNormal "lecun-normal" LecunUniform "lecun-uniform" Orthogonal "orthogonal" TorchDefault "torch-default"; }
words! { Loss: CrossEntropy "cross-entropy" Mse "mse"; }
words! { Optimizer: Sgd "sgd" Adam "adam" Adamw "adamw" Rmsprop "rmsprop" Lbfgs "lbfgs"; }
words! { ScheduleWord: Constant "constant" Cosine "cosine" Linear "linear"; }
words! { Augment: Crop4 "crop4" Flip "flip"; }
words! { Precision: F32 "f32" F64 "f64"; }
words! { Sampling: Shuffle "shuffle" Replacement "replacement" Fixed "fixed"; }
words! { LastBatch: Keep "keep" Drop "drop"; }

/// Largest learning rate, weight decay and scale of the initial weights.
const MAX_NUMBER: f64 = 1e9;
/// Most examples of a synthetic set.
const MAX_ROWS: u64 = 1 << 24;
/// Labels are bytes.
const MAX_CLASSES: u64 = 256;
/// Most eigenvalues of the regression: its features are made orthogonal one by one.
const MAX_SPECTRUM: usize = 1024;
/// Smallest epsilon: a parameter whose gradient has always been zero divides by it, in f32 too.
const MIN_EPSILON: f64 = 1e-30;
/// Most epochs of warm-up.
const MAX_WARMUP: f64 = 1e9;
/// Most epochs.
const MAX_EPOCHS: u64 = 1_000_000_000;
/// Most steps or examples: all positions of a training stay exact in f64.
const MAX_STEPS: u64 = 1_000_000_000_000_000;

/// Every setting, in the order of the documentation.
pub(crate) static SETTINGS: &[Setting] = &[
    word!(data.name: DataName, "the data set"),
    setting!(
        data.dir,
        Kind::Text,
        "the folder that holds the files of a file-backed set",
        |run| run.data.dir.clone().map_or(Value::Null, Value::Text),
        |run, value| match value {
            Value::Text(text) => run.data.dir = Some(text.clone()),
            Value::Null => run.data.dir = None,
            _ => {}
        },
    ),
    word!(data.scale: Scale, "how bytes become numbers"),
    count!(data.seed, 0, u64::MAX, "seeds train_limit, label_noise and synthetic sets"),
    setting!(
        data.train_limit,
        Kind::Count { min: 1, max: u64::MAX, optional: true },
        "a class-balanced subset of that many training examples",
        |run| run.data.train_limit.map_or(Value::Null, Value::Count),
        |run, value| match value {
            Value::Count(limit) => run.data.train_limit = Some(*limit),
            Value::Null => run.data.train_limit = None,
            _ => {}
        },
    ),
    number!(data.label_noise, 1.0, false, "share of the training labels that is replaced by another class"),
    count!(data.examples, 1, MAX_ROWS, "training examples of a synthetic set, and as many test examples"),
    count!(data.features, 1, MAX_WIDTH, "numbers in an example of blobs and teacher"),
    count!(
        data.classes,
        1,
        MAX_CLASSES,
        "classes of blobs, spirals and teacher; 1: the teacher's output is the target"
    ),
    number!(data.noise, MAX_NUMBER, false, "standard deviation of what a synthetic set adds to its truth"),
    setting!(
        data.teacher,
        Kind::Widths,
        "widths of the teacher's hidden layers",
        |run| Value::Widths(run.data.teacher.clone()),
        |run, value| {
            if let Value::Widths(widths) = value {
                run.data.teacher.clone_from(widths);
            }
        },
    ),
    setting!(
        data.spectrum,
        Kind::Numbers { min: 0.0, max: MAX_NUMBER, most: MAX_SPECTRUM },
        "eigenvalues of X'X/n of the regression, one a feature",
        |run| Value::Numbers(run.data.spectrum.clone()),
        |run, value| {
            if let Value::Numbers(numbers) = value {
                run.data.spectrum.clone_from(numbers);
            }
        },
    ),
    word!(model.kind: ModelKind, "what is trained"),
    setting!(
        model.hidden,
        Kind::Widths,
        "widths of an mlp's hidden layers; [] is softmax regression",
        |run| Value::Widths(run.model.hidden.clone()),
        |run, value| {
            if let Value::Widths(widths) = value {
                run.model.hidden.clone_from(widths);
            }
        },
    ),
    setting!(
        model.preset,
        Kind::Word { now: Preset::NOW, later: Preset::LATER, optional: true },
        "a named cnn or resnet",
        |run| run.model.preset.map_or(Value::Null, |preset| Value::Word(preset.index())),
        |run, value| match value {
            Value::Word(at) => run.model.preset = Preset::ALL.get(*at).copied(),
            Value::Null => run.model.preset = None,
            _ => {}
        },
    ),
    whole!(model.layers: Layers, "the layers of a cnn or resnet in words, such as \"conv 16 3x3\""),
    setting!(
        model.width,
        Kind::Count { min: 1, max: MAX_WIDTH, optional: true },
        "channels of the first stage of a resnet preset; 16 where it is not given",
        |run| run.model.width.map_or(Value::Null, |width| Value::Count(u64::from(width))),
        |run, value| match value {
            Value::Count(width) => run.model.width = Some(*width as u32),
            Value::Null => run.model.width = None,
            _ => {}
        },
    ),
    word!(model.activation: Activation, "behind every layer but the last, after its norm"),
    word!(model.norm: Norm, "between a layer and its activation"),
    number!(model.dropout, 1.0, true, "probability that a hidden unit of an mlp is zero in a training step"),
    word!(model.init: Init, "how the weights start"),
    number!(model.init_scale, MAX_NUMBER, false, "multiplies the initial weights"),
    truth!(model.bias, "whether layers have biases"),
    word!(train.loss: Loss, "the mean loss over examples"),
    word!(train.optimizer: Optimizer, "the rule of the update"),
    number!(train.learning_rate, MAX_NUMBER, false, "the step size"),
    number!(train.momentum, 1.0, true, "m in v = m v + g (sgd, rmsprop)"),
    truth!(train.nesterov, "whether the update looks ahead: g + m v (sgd with momentum)"),
    number!(train.beta1, 1.0, true, "decay of the mean gradient (adam, adamw)"),
    number!(train.beta2, 1.0, true, "decay of the mean square (adam, adamw)"),
    number!(train.alpha, 1.0, true, "decay of the mean square (rmsprop)"),
    number!(train.epsilon, MIN_EPSILON, 1.0, false, "added to the root of the mean square (adam, adamw, rmsprop)"),
    number!(
        train.weight_decay,
        MAX_NUMBER,
        false,
        "L2 in the objective: wd/2 times the squared norm; adamw: off the weights alone"
    ),
    truth!(train.decay_biases, "whether biases decay too"),
    setting!(
        train.batch_size,
        Kind::Batch,
        "examples in a step, or \"full\"",
        |run| match run.train.batch_size {
            BatchSize::Rows(rows) => Value::Count(u64::from(rows)),
            BatchSize::Full(Full::Full) => Value::Full,
        },
        |run, value| match value {
            Value::Count(rows) => run.train.batch_size = BatchSize::Rows(*rows as u32),
            Value::Full => run.train.batch_size = BatchSize::Full(Full::Full),
            _ => {}
        },
    ),
    length!(epochs, MAX_EPOCHS, "passes over the training set; exactly one of epochs, steps and examples"),
    length!(steps, MAX_STEPS, "optimiser updates"),
    length!(examples, MAX_STEPS, "examples seen"),
    word!(train.sampling: Sampling, "how batches are drawn"),
    word!(train.last_batch: LastBatch, "what becomes of an epoch's short last batch"),
    whole!(train.schedule: Schedule, "how the learning rate goes after the warm-up"),
    number!(train.warmup_epochs, MAX_WARMUP, false, "epochs over which the rate first rises from 0, linearly by step"),
    setting!(
        train.stop,
        Kind::Stop,
        "ends the training at the first snapshot that is good enough",
        |run| run.train.stop.map_or(Value::Null, Value::Stop),
        |run, value| match value {
            Value::Stop(stop) => run.train.stop = Some(*stop),
            Value::Null => run.train.stop = None,
            _ => {}
        },
    ),
    whole!(train.augment: Augment, "random changes of the images, in order"),
    word!(train.precision: Precision, "of weights, gradients and activations"),
    fork!(
        "epoch",
        Kind::Count { min: 0, max: MAX_EPOCHS, optional: false },
        "passes over the training set before the fork; exactly one of epoch and step",
        |fork| fork.epoch.map(Value::Count),
        |fork, value| {
            if let Value::Count(count) = value {
                (fork.epoch, fork.step) = (Some(*count), None);
            }
        },
    ),
    fork!(
        "step",
        Kind::Count { min: 0, max: MAX_STEPS, optional: false },
        "optimiser updates before the fork",
        |fork| fork.step.map(Value::Count),
        |fork, value| {
            if let Value::Count(count) = value {
                (fork.epoch, fork.step) = (None, Some(*count));
            }
        },
    ),
    fork!(
        "state",
        Kind::Word { now: ForkState::NOW, later: ForkState::LATER, optional: false },
        "whether the optimiser keeps its moments at the fork",
        |fork| Some(Value::Word(fork.state.index())),
        |fork, value| {
            if let Value::Word(at) = value
                && let Some(&state) = ForkState::ALL.get(*at)
            {
                fork.state = state;
            }
        },
    ),
    fork_number!(learning_rate, MAX_NUMBER, false, "the step size after the fork"),
    fork_number!(momentum, 1.0, true, "the momentum after the fork"),
    fork!(
        "train.batch_size",
        Kind::Batch,
        "examples in a step after the fork, or \"full\"",
        |fork| {
            fork.train.batch_size.map(|size| match size {
                BatchSize::Rows(rows) => Value::Count(u64::from(rows)),
                BatchSize::Full(Full::Full) => Value::Full,
            })
        },
        |fork, value| match value {
            Value::Count(rows) => fork.train.batch_size = Some(BatchSize::Rows(*rows as u32)),
            Value::Full => fork.train.batch_size = Some(BatchSize::Full(Full::Full)),
            _ => {}
        },
    ),
];

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::settings::RunSettings;
    use crate::spec::catalogue::setting;
    use crate::spec::node::Node;

    /// The catalogue's words and keys are those of the settings' serde form, which the tables carry.
    #[test]
    fn the_catalogue_agrees_with_the_settings() {
        let run = RunSettings { fork: Some(ForkSettings::default()), ..RunSettings::default() };
        let serde = serde_json::to_value(&run).unwrap();
        for setting in SETTINGS {
            let (section, field) = setting.key.rsplit_once('.').unwrap();
            let json = setting.to_json(&(setting.get)(&run));
            let section = format!("/{}", section.replace('.', "/"));
            assert_eq!(serde.pointer(&section).unwrap().get(field), Some(&json), "{}", setting.key);
            if let Kind::Word { now, .. } = setting.kind {
                assert_eq!(now.len(), now.iter().collect::<std::collections::BTreeSet<_>>().len());
                for word in now {
                    let mut whole = serde.clone();
                    whole.pointer_mut(&section).unwrap()[field] = json!(word);
                    let run: RunSettings = serde_json::from_value(whole).unwrap();
                    assert_eq!(setting.to_json(&(setting.get)(&run)), json!(word), "{}", setting.key);
                }
            }
        }
        let fields = |section: &str| serde[section].as_object().unwrap().len();
        let forked = fields("fork") - 1 + serde["fork"]["train"].as_object().unwrap().len();
        assert_eq!(SETTINGS.len(), fields("data") + fields("model") + fields("train") + forked);
    }

    #[test]
    fn setting_what_was_got_changes_nothing_and_setting_another_does() {
        let rows: [(&str, Json); 23] = [
            ("fork.epoch", json!(3)),
            ("fork.step", json!(30)),
            ("fork.state", json!("reset")),
            ("fork.train.momentum", json!(0.5)),
            ("fork.train.batch_size", json!("full")),
            ("model.preset", json!("resnet8")),
            ("model.layers", json!(["conv 4 3x3", "block 8"])),
            ("model.width", json!(32)),
            ("train.schedule", json!("cosine")),
            ("train.schedule", json!({ "step": [2.0, 3.5], "factor": 0.5 })),
            ("train.stop", json!({ "train_error": 0.01 })),
            ("train.augment", json!(["flip", "crop4"])),
            ("train.precision", json!("f64")),
            ("data.teacher", json!([4])),
            ("data.spectrum", json!([1.0, 0.25])),
            ("data.name", json!("mnist")),
            ("data.dir", json!("x")),
            ("model.hidden", json!([8, 4])),
            ("model.bias", json!(false)),
            ("train.learning_rate", json!(0.25)),
            ("train.batch_size", json!("full")),
            ("train.steps", json!(7)),
            ("data.train_limit", json!(100)),
        ];
        for (key, json) in rows {
            let setting = setting(key).unwrap();
            let mut run = RunSettings::default();
            (setting.set)(&mut run, &(setting.get)(&RunSettings::default()));
            assert_eq!(run, RunSettings::default(), "{key}");
            (setting.set)(&mut run, &setting.read(&Node::from_json(&json)).unwrap());
            assert_eq!(setting.to_json(&(setting.get)(&run)), json, "{key}");
        }
    }

    #[test]
    fn one_length_clears_the_others() {
        let mut run = RunSettings::default();
        (setting("train.steps").unwrap().set)(&mut run, &Value::Count(10));
        assert_eq!((run.train.epochs, run.train.steps, run.train.examples), (None, Some(10), None));
    }
}
