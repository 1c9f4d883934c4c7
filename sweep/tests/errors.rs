//! Every refusal names the file, the line, the key and the remedy, in TOML, YAML and JSON alike.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads files and may panic")]

mod common;

use common::render;
use traipse_sweep::spec::{Format, MAX_SPEC_BYTES, SpecError, parse};

/// The three formats with the file name that each test uses.
const FORMATS: [(Format, &str); 3] =
    [(Format::Toml, "sweep.toml"), (Format::Yaml, "sweep.yaml"), (Format::Json, "sweep.json")];

/// A document whose marked line (`> `) is at fault, the key that the error names, words of its message and its help.
type Row = (&'static str, &'static str, &'static str, &'static str);

const SECTIONS: &[Row] = &[
    ("> name = 7", "name", "expected text, found the number 7", ""),
    ("> name = \"My sweep\"", "name", "`My sweep` is not a name", "such as `my-sweep`"),
    ("> name = \"\"", "name", "is not a name", "1 to 64"),
    ("name = \"a\"\n> spec = 2", "spec", "found the number 2", "spec = 1"),
    ("name = \"a\"\n> axis = []", "axis", "unknown key `axis` at the top", "did you mean `axes`?"),
    ("name = \"a\"\n> train = 3", "train", "expected a table, found the number 3", ""),
    ("name = \"a\"\n> learning_rate = 0.1", "learning_rate", "unknown key", "`train.learning_rate`"),
    ("name = \"a\"\n[train]\n> lerning_rate = 0.1", "train.lerning_rate", "in [train]", "`learning_rate`"),
    ("name = \"a\"\n[train]\n> lr = 0.1", "train.lr", "unknown key `lr`", "`train.learning_rate`"),
    ("name = \"a\"\n[train]\n> learning_rate = -0.1", "train.learning_rate", "-0.1 is out of range", "at least 0"),
    (
        "name = \"a\"\n[train]\n> learning_rate = \"0.1\"",
        "train.learning_rate",
        "expected a number, found the text `0.1`",
        "",
    ),
    ("name = \"a\"\n[train]\n> learning_rate = 1e300", "train.learning_rate", "out of range", "at most 1e9"),
    ("name = \"a\"\n[train]\n> momentum = 1.0", "train.momentum", "1 is out of range", "below 1"),
    ("name = \"a\"\n[train]\n> momentum = -0.5", "train.momentum", "out of range", "at least 0"),
    ("name = \"a\"\n[train]\n> epochs = 0", "train.epochs", "0 is out of range", "from 1"),
    ("name = \"a\"\n[train]\n> epochs = 2.5", "train.epochs", "expected a whole number, found the number 2.5", ""),
    ("name = \"a\"\n[train]\n> epochs = -3", "train.epochs", "-3 is out of range", ""),
    ("name = \"a\"\n[train]\n> steps = 100000000000000000000000", "train.steps", "out of range", ""),
    ("name = \"a\"\n[train]\nepochs = 3\n> steps = 10", "train.steps", "given twice: epochs and steps", "exactly one"),
    ("name = \"a\"\n[train]\n> batch_size = 0", "train.batch_size", "0 is out of range", "from 1"),
    ("name = \"a\"\n[train]\n> batch_size = \"all\"", "train.batch_size", "`all` is not a batch size", "\"full\""),
    ("name = \"a\"\n[train]\n> decay_biases = \"yes\"", "train.decay_biases", "expected true or false", ""),
    (
        "name = \"a\"\n[train]\n> sampling = \"shufle\"",
        "train.sampling",
        "unknown value `shufle`",
        "did you mean `shuffle`?",
    ),
    ("name = \"a\"\n[train]\n> loss = \"mae\"", "train.loss", "unknown value `mae`", "cross-entropy, mse"),
    ("name = \"a\"\n[train]\n> optimizer = \"adma\"", "train.optimizer", "unknown value `adma`", "`adam`"),
    ("name = \"a\"\n[train]\n> beta1 = 1", "train.beta1", "1 is out of range", "below 1"),
    ("name = \"a\"\n[train]\n> epsilon = 0", "train.epsilon", "0 is out of range", "at least 1e-30"),
    ("name = \"a\"\n[train]\n> schedule = \"cosin\"", "train.schedule", "unknown value `cosin`", "`cosine`"),
    ("name = \"a\"\n[train]\n> schedule = 3", "train.schedule", "found the number 3", ""),
    (
        "name = \"a\"\n[train]\n> schedule = {\"step\": [3]}",
        "train.schedule",
        "needs step and factor",
        "step = [20, 30]",
    ),
    ("name = \"a\"\n[train]\n> schedule = {\"steps\": [3]}", "train.schedule", "unknown key `steps`", "`step`"),
    (
        "name = \"a\"\n[train]\n> schedule = {\"step\": [3, 3], \"factor\": 1}",
        "train.schedule",
        "epoch 3 stands after",
        "rise",
    ),
    ("name = \"a\"\n[train]\n> schedule = {\"step\": [], \"factor\": 1}", "train.schedule", "0 epochs", "\"constant\""),
    ("name = \"a\"\n[train]\n> schedule = {\"step\": [1], \"factor\": -1}", "train.schedule", "-1 is out of range", ""),
    ("name = \"a\"\n[train]\n> warmup_epochs = -5", "train.warmup_epochs", "out of range", "at least 0"),
    ("name = \"a\"\n[train]\n> nesterov = 1", "train.nesterov", "expected true or false", ""),
    ("name = \"a\"\n[train]\n> stop = {\"train_error\": 2}", "train.stop", "2 is out of range", "at most 1"),
    (
        "name = \"a\"\n[train]\n> stop = {\"test_error\": 0}",
        "train.stop",
        "unknown key `test_error`",
        "known here: train_error",
    ),
    ("name = \"a\"\n[train]\n> stop = {}", "train.stop", "without a rule", "train_error = 0.0"),
    ("name = \"a\"\n[train]\n> stop = 0.1", "train.stop", "expected a table", ""),
    ("name = \"a\"\n[train]\n> augment = [\"flop\"]", "train.augment", "unknown value `flop`", "`flip`"),
    ("name = \"a\"\n[train]\n> augment = [\"flip\", \"flip\"]", "train.augment", "flip stands here twice", "keep one"),
    ("name = \"a\"\n[train]\n> augment = \"flip\"", "train.augment", "expected a list", ""),
    ("name = \"a\"\n[train]\n> precision = \"f16\"", "train.precision", "unknown value `f16`", "f32, f64"),
    ("name = \"a\"\n[model]\n> preset = \"lenet\"", "model.preset", "unknown value `lenet`", "`lenet5`"),
    ("name = \"a\"\n[model]\n> width = 0", "model.width", "0 is out of range", "from 1"),
    ("name = \"a\"\n[model]\n> layers = \"dense 3\"", "model.layers", "expected a list of layers", ""),
    (
        "name = \"a\"\n[model]\nkind = \"cnn\"\n> layers = [\"conv 16 3x3\", \"conv 16\"]",
        "model.layers",
        "layer 1, counted from 0: `conv 16` is not a layer",
        "write \"conv 16 3x3\"",
    ),
    ("name = \"a\"\n[model]\n> layers = [\"dense 0\"]", "model.layers", "number of units is `0`", "write \"conv"),
    ("name = \"a\"\n[model]\n> hidden = 64", "model.hidden", "expected a list of layer widths", ""),
    ("name = \"a\"\n[model]\n> hidden = [64, 0]", "model.hidden", "0 is out of range", "from 1"),
    ("name = \"a\"\n[model]\n> norm = \"group\"", "model.norm", "unknown value `group`", "none, batch, layer"),
    ("name = \"a\"\n[model]\n> dropout = 1", "model.dropout", "1 is out of range", "below 1"),
    ("name = \"a\"\n[model]\nkind = \"noop\"\n> hidden = [8]", "model.hidden", "noop has no network", "mlp"),
    ("name = \"a\"\n[data]\n> name = \"cifar\"", "data.name", "`cifar`", "cifar10"),
    (
        "name = \"a\"\n[data]\n> name = \"cifar100\"",
        "data.dir",
        "cifar100 is read from files",
        "cifar-100-binary.tar.gz",
    ),
    (
        "name = \"a\"\n[data]\nname = \"spirals\"\n> features = 3",
        "data.features",
        "spirals does not read",
        "blobs, teacher",
    ),
    (
        "name = \"a\"\n[data]\nname = \"regression\"\n> label_noise = 0.1",
        "data.label_noise",
        "regression does not read",
        "",
    ),
    ("name = \"a\"\n[data]\n> spectrum = [2]", "data.spectrum", "digits does not read this", "regression"),
    ("name = \"a\"\n[data]\nname = \"regression\"\n> spectrum = []", "data.spectrum", "0 numbers", "1 to"),
    ("name = \"a\"\n[data]\n> name = \"mnist\"", "data.dir", "needs a folder", "dir = "),
    (
        "name = \"a\"\n[data]\n> dir = \"data/mnist\"",
        "data.dir",
        "digits is embedded",
        "leave dir out, or use data.name = mnist",
    ),
    ("name = \"a\"\n[data]\n> train_limit = 0", "data.train_limit", "out of range", "from 1"),
    ("name = \"a\"\n[data]\n> label_noise = 1.5", "data.label_noise", "out of range", "at most 1"),
    ("name = \"a\"\n[snapshots]\n> at = \"each epoch\"", "snapshots.at", "`each epoch` is not a rule", "every epoch"),
    ("name = \"a\"\n[snapshots]\n> at = \"every 0 epochs\"", "snapshots.at", "is not a rule", "every 10 steps"),
    ("name = \"a\"\n[snapshots]\n> at = {\"every\": \"2 epochs\", \"till\": 3}", "snapshots.at", "`till`", "log = 40"),
    ("name = \"a\"\n[snapshots]\n> at = {\"log\": 0}", "snapshots.at", "0 is out of range", ""),
    ("name = \"a\"\n[snapshots]\n> kep = true", "snapshots.kep", "unknown key", "`keep`"),
    ("name = \"a\"\n[probes]\n> examples = 0", "probes.examples", "out of range", ""),
    ("name = \"a\"\n[probes]\n> examples = \"some\"", "probes.examples", "`some`", "\"all\""),
    ("name = \"a\"\n[probes]\n> nulls = {\"kinds\": [\"wlak\"]}", "probes.nulls.kinds", "unknown value", "`walk`"),
    ("name = \"a\"\n[probes]\n> nulls = {\"kinds\": [\"walk\", \"walk\"]}", "probes.nulls.kinds", "twice", ""),
    ("name = \"a\"\n[probes]\n> nulls = {\"samples\": 0}", "probes.nulls.samples", "out of range", ""),
    ("name = \"a\"\n[execution]\n> order = \"random\"", "execution.order", "unknown value", "balanced, grid"),
    ("name = \"a\"\n[execution]\n> max_attempts = 0", "execution.max_attempts", "out of range", "from 1"),
    ("name = \"a\"\n[execution]\n> time_limit = \"3 hours\"", "execution.time_limit", "`3 hours`", "\"2h\""),
    ("name = \"a\"\n[execution]\n> time_limit = 7200", "execution.time_limit", "the number 7200", "\"2h\""),
    ("name = \"a\"\n[execution]\n> stall_limit = \"0s\"", "execution.stall_limit", "out of range", "\"1s\""),
    ("name = \"a\"\n[execution]\n> stall_limit = \"366d\"", "execution.stall_limit", "out of range", "\"365d\""),
    ("name = \"a\"\n[execution]\n> on_failure = \"stpo\"", "execution.on_failure", "unknown value", "`stop`"),
    (
        "name = \"a\"\n[execution]\n> priority = 5000",
        "execution.priority",
        "5000 is out of range",
        "from -1000 to 1000",
    ),
    ("name = \"a\"\n[execution]\n> priority = -1e4", "execution.priority", "out of range", "from -1000 to 1000"),
    ("name = \"a\"\n[execution]\n> priority = 1.5", "execution.priority", "expected a whole number", ""),
    ("name = \"a\"\n[execution]\n> priority = \"high\"", "execution.priority", "expected a whole number", ""),
    ("name = \"a\"\n[execution]\n> max_concurrent = -1", "execution.max_concurrent", "-1 is out of range", "from 0"),
    ("name = \"a\"\n[execution]\n> max_concurent = 1", "execution.max_concurent", "unknown key", "`max_concurrent`"),
    ("name = \"a\"\n[execution]\n> require = 3", "execution.require", "expected a table", ""),
    (
        "name = \"a\"\n[execution]\n> require = {\"label\": {}}",
        "execution.require.label",
        "in [execution.require]",
        "`labels`",
    ),
    (
        "name = \"a\"\n[execution]\n> require = {\"memory_mb\": 0.5}",
        "execution.require.memory_mb",
        "expected a whole number",
        "",
    ),
    (
        "name = \"a\"\n[execution]\n> require = {\"labels\": {\"gpu\": 1}}",
        "execution.require.labels.gpu",
        "expected text",
        "",
    ),
    (
        "name = \"a\"\n[execution]\n> require = {\"labels\": {\"gpu\": \" a100\"}}",
        "execution.require.labels.gpu",
        "` a100` is no part of a label",
        "without spaces",
    ),
];

/// A sub-table of `[probes]` stands on one line, so that the fault is in the third.
const PROBES: &[Row] = &[
    ("name = \"a\"\n[probes]\n> hesian = {}", "probes.hesian", "unknown key `hesian`", "`hessian`"),
    ("name = \"a\"\n[probes]\n> hessian = true", "probes.hessian", "expected a table", ""),
    ("name = \"a\"\n[probes]\n> hessian = {\"topp\": 3}", "probes.hessian.topp", "in [probes.hessian]", "`top`"),
    ("name = \"a\"\n[probes]\n> hessian = {\"top\": 0}", "probes.hessian.top", "0 is out of range", "from 1"),
    ("name = \"a\"\n[probes]\n> hessian = {\"iterations\": 5000}", "probes.hessian.iterations", "out of range", "2000"),
    (
        "name = \"a\"\n[probes]\n> hessian = {\"top\": 20, \"iterations\": 10}",
        "probes.hessian.top",
        "10 Lanczos steps cannot tell 20",
        "iterations",
    ),
    (
        "name = \"a\"\n[probes]\n> hessian = {\"at\": \"always\"}",
        "probes.hessian.at",
        "`always` is not a rule",
        "every epoch",
    ),
    ("name = \"a\"\n[probes]\n> trace = {\"at\": {\"log\": 0}}", "probes.trace.at", "0 is out of range", ""),
    ("name = \"a\"\n[probes]\n> trace = {\"method\": \"hutch\"}", "probes.trace.method", "`hutch`", "hutch++"),
    ("name = \"a\"\n[probes]\n> trace = {\"samples\": 2}", "probes.trace.samples", "2 is out of range", "from 3"),
    ("name = \"a\"\n[probes]\n> spectrum = {\"draws\": 0}", "probes.spectrum.draws", "out of range", ""),
    ("name = \"a\"\n[probes]\n> spectrum = {\"iterations\": 1}", "probes.spectrum.iterations", "out of range", ""),
    ("name = \"a\"\n[probes]\n> gradients = {\"batches\": 1}", "probes.gradients.batches", "out of range", "from 2"),
    (
        "name = \"a\"\n[probes]\n> sharpness = {\"radius\": 0}",
        "probes.sharpness.radius",
        "0 is out of range",
        "above 0",
    ),
    ("name = \"a\"\n[probes]\n> sharpness = {\"radius\": \"1\"}", "probes.sharpness.radius", "expected a number", ""),
    ("name = \"a\"\n[probes]\n> sharpness = {\"samples\": 0}", "probes.sharpness.samples", "out of range", ""),
    ("name = \"a\"\n[probes]\n> predictions = {\"points\": 3}", "probes.predictions.points", "unknown key", "points"),
    ("name = \"a\"\n[probes]\n> polish = {\"iterations\": 0}", "probes.polish.iterations", "out of range", ""),
    ("name = \"a\"\n[probes]\n> interpolation = {\"points\": 0}", "probes.interpolation.points", "out of range", ""),
    (
        "name = \"a\"\n[probes]\n> interpolation = {\"segments\": []}",
        "probes.interpolation.segments",
        "the list is empty",
        "start-end",
    ),
    (
        "name = \"a\"\n[probes]\n> interpolation = {\"segments\": [\"start-nd\"]}",
        "probes.interpolation.segments",
        "unknown value",
        "`start-end`",
    ),
    ("name = \"a\"\n[probes]\n> surface = {\"planes\": [\"pca\", \"pca\"]}", "probes.surface.planes", "twice", "drop"),
    ("name = \"a\"\n[probes]\n> surface = {\"points\": 1}", "probes.surface.points", "out of range", "from 2"),
    ("name = \"a\"\n[probes]\n> layers = {\"at\": 5}", "probes.layers.at", "not a rule", "list of epochs"),
    ("name = \"a\"\n[probes]\n> dimension = {\"windows\": 1}", "probes.dimension.windows", "out of range", "from 2"),
    ("name = \"a\"\n[probes]\n> dimension = {\"components\": 0}", "probes.dimension.components", "out of range", ""),
    (
        "name = \"a\"\n[probes]\n> diffusion = {\"max_lag_percent\": 101}",
        "probes.diffusion.max_lag_percent",
        "out of range",
        "to 100",
    ),
    ("name = \"a\"\n[probes]\n> nulls = {\"kinds\": [\"layer\"]}", "probes.nulls.kinds", "`layer`", "layer-walk"),
];

const GRID: &[Row] = &[
    ("name = \"a\"\n[replicates]\n> seed = 0", "replicates.seed", "0 is out of range", "from 1"),
    ("name = \"a\"\n[replicates]\n> seed = []", "replicates.seed", "0 seeds", "seed = 10"),
    ("name = \"a\"\n[replicates]\n> seed = [1, 2, 1]", "replicates.seed", "seed 1 stands here twice", "drop"),
    ("name = \"a\"\n[replicates]\n> seed = [-1]", "replicates.seed", "-1 is out of range", ""),
    ("name = \"a\"\n[replicates]\n> seeds = 3", "replicates.seeds", "unknown key", "`seed`"),
    ("name = \"a\"\n[axes]\n> train.learning_rate = []", "train.learning_rate", "no values", "at least one"),
    ("name = \"a\"\n[axes]\n> train.learning_rate = 0.1", "train.learning_rate", "expected a list of values", ""),
    (
        "name = \"a\"\n[axes]\n> train.learning_rate = [0.1, 0.2, 0.10]",
        "train.learning_rate",
        "0.1 stands here twice",
        "drop",
    ),
    (
        "name = \"a\"\n[axes]\n> train.lerning_rate = [0.1]",
        "train.lerning_rate",
        "unknown setting",
        "`train.learning_rate`",
    ),
    ("name = \"a\"\n[axes]\n> learning_rate = [0.1]", "learning_rate", "unknown setting", "`train.learning_rate`"),
    ("name = \"a\"\n[axes]\n> model.hidden = [64, 128]", "model.hidden", "expected a list of layer widths", ""),
    (
        "name = \"a\"\n[axes]\n> model.hidden = {\"linear\": [1, 2], \"n\": 2}",
        "model.hidden",
        "a range needs a number",
        "",
    ),
    ("name = \"a\"\n[axes]\n> train.schedule = {\"log\": [1, 2], \"n\": 2}", "train.schedule", "a range needs", ""),
    ("name = \"a\"\n[axes]\n> model.layers = [\"dense 3\"]", "model.layers", "expected a list of layers", ""),
    ("name = \"a\"\n[axes]\n> branch = [0, 1]", "branch", "branches are not an axis", "[fork] branches = 2"),
    ("name = \"a\"\n[axes]\n> seed = [0, 1]", "seed", "seeds are not an axis", "[replicates]"),
    ("name = \"a\"\n[axes]\n> snapshots.keep = [true]", "snapshots.keep", "cannot vary", "[train]"),
    (
        "name = \"a\"\n[axes]\ntrain.steps = [5]\n> train.epochs = [1]",
        "train.epochs",
        "both say how long",
        "exactly one",
    ),
    (
        "name = \"a\"\n[axes]\n> train.learning_rate = {\"log\": [0, 1], \"n\": 3}",
        "train.learning_rate",
        "log range",
        "above zero",
    ),
    (
        "name = \"a\"\n[axes]\n> train.epochs = {\"linear\": [1, 4], \"n\": 3}",
        "train.epochs",
        "not all whole",
        "n - 1 = 2",
    ),
    (
        "name = \"a\"\n[axes]\n> train.momentum = {\"linear\": [0, 1], \"n\": 3}",
        "train.momentum",
        "1 is out of range",
        "below 1",
    ),
    (
        "name = \"a\"\n[axes]\n> train.epochs = {\"log\": [1, 4], \"n\": 30}",
        "train.epochs",
        "stands here twice",
        "fewer",
    ),
    ("name = \"a\"\n[axes]\n> train.epochs = {\"from\": 1, \"to\": 4}", "train.epochs", "not a range", "step"),
    ("name = \"a\"\n> axes = []", "axes", "0 products", "1 to"),
    ("name = \"a\"\n[axes]\ntrain.epochs = [1]\n[grid]\n> zip = [[\"train.epochs\"]]", "grid.zip", "at least two", ""),
    (
        "name = \"a\"\n[axes]\ntrain.epochs = [1]\n[grid]\n> zip = [[\"train.epochs\", \"train.momentum\"]]",
        "grid.zip",
        "`train.momentum` is not an axis",
        "train.epochs",
    ),
    (
        "name = \"a\"\n[axes]\ntrain.epochs = [1]\ntrain.momentum = [0, 0.5]\n[grid]\n> zip = [[\"train.epochs\", \"train.momentum\"]]",
        "grid.zip",
        "train.epochs has 1, train.momentum has 2",
        "same number",
    ),
    (
        "name = \"a\"\n[axes]\ntrain.epochs = [1]\ntrain.momentum = [0]\n[grid]\n> zip = [[\"train.epochs\", \"train.momentum\", \"train.epochs\"]]",
        "grid.zip",
        "zipped twice",
        "",
    ),
    (
        "name = \"a\"\n[axes]\ntrain.epochs = [1, 2]\n[grid]\n> exclude = [{\"train.epochs\": 3}]",
        "grid.exclude",
        "train.epochs = 3 matches no cell",
        "",
    ),
    (
        "name = \"a\"\n[axes]\ntrain.epochs = [1, 2]\n[grid]\n> exclude = [{\"train.momentum\": 0}]",
        "train.momentum",
        "is not an axis",
        "train.epochs",
    ),
    (
        "name = \"a\"\n[axes]\ntrain.epochs = [1, 2]\n[grid]\n> exclude = [{\"train.epochs\": \"x\"}]",
        "train.epochs",
        "whole number",
        "",
    ),
    (
        "name = \"a\"\n[axes]\ntrain.epochs = [1, 2]\n[grid]\n> exclude = [{}]",
        "grid.exclude",
        "exclusion of nothing",
        "",
    ),
    (
        "name = \"a\"\n[axes]\ntrain.epochs = [1, 2]\n[grid]\n> exclude = [{\"train.epochs\": 1}, {\"train.epochs\": 2}]",
        "grid.exclude",
        "nothing is left",
        "",
    ),
    ("name = \"a\"\n[axes]\ntrain.epochs = [1, 2]\n[grid]\n> zipp = []", "grid.zipp", "unknown key", "`zip`"),
    (
        "name = \"a\"\n[model]\nkind = \"noop\"\n[axes]\n> model.bias = [true, false]",
        "model.bias",
        "noop has no network",
        "",
    ),
];

fn check(row: &Row) {
    let (document, key, words, help) = row;
    let line = document.lines().position(|line| line.starts_with("> ")).unwrap() + 1;
    let document = document.replace("> ", "");
    for (format, file) in FORMATS {
        let text = render(&document, format);
        let error = parse(&text, format, file).expect_err(&text);
        let shown = format!("{text}\n{error}");
        assert_eq!((error.file.as_str(), error.line, error.key.as_str()), (file, line, *key), "{shown}");
        assert!(error.message.contains(words), "{shown}\nlacks: {words}");
        assert!(error.help.contains(help), "{shown}\nlacks: {help}");
        assert!(error.column > 0 && error.span.end <= text.len(), "{shown}");
    }
}

#[test]
fn sections_are_checked() {
    SECTIONS.iter().for_each(check);
}

#[test]
fn probes_are_checked() {
    PROBES.iter().for_each(check);
}

#[test]
fn grids_are_checked() {
    GRID.iter().for_each(check);
}

#[test]
fn defaults_may_be_written_out() {
    let document = "name = \"a\"\nfork = {}\ncompare = []\n[data]\nlabel_noise = 0.0\n[model]\nnorm = \"none\"\ndropout = 0\n\
         [train]\nnesterov = false\nschedule = \"constant\"\nwarmup_epochs = 0\naugment = []\nprecision = \"f32\"\n\
         [execution]\npriority = 0\ntime_limit = \"2h\"\nstall_limit = \"10m\"\non_failure = \"continue\"\n\
         max_concurrent = 0\nrequire = {\"labels\": {}, \"memory_mb\": 0}";
    for (format, file) in FORMATS {
        let spec = parse(&render(document, format), format, file).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(spec, parse("name = \"a\"", Format::Toml, "x").unwrap());
    }
}

fn refused(text: &str, format: Format) -> SpecError {
    parse(text, format, "f").expect_err(text)
}

/// What only one format can get wrong: (text, format, line, words).
#[test]
fn syntax_is_checked_where_it_breaks() {
    let rows = [
        ("name = \"a\"\n[train\n", Format::Toml, 2, "not valid TOML"),
        ("name = \"a\"\nname = \"b\"\n", Format::Toml, 2, "duplicate key"),
        ("name = \"a\"\n[data]\nseed = 1979-05-27\n", Format::Toml, 3, "found a date"),
        ("name = \"a\"\n[train]\nlearning_rate = inf\n", Format::Toml, 3, "not a finite number"),
        ("name = \"a\"\n[train]\nlearning_rate = nan\n", Format::Toml, 3, "not a finite number"),
        ("name: a\ntrain: {epochs: 1\n", Format::Yaml, 3, "not valid YAML"),
        ("name: a\nname: b\n", Format::Yaml, 2, "stands here twice"),
        ("name: a\ndata: &d\n  seed: 1\n", Format::Yaml, 2, "an anchor"),
        ("name: a\ndata: *d\n", Format::Yaml, 2, "anchor"),
        ("name: a\ndata: !!map\n  seed: 1\n", Format::Yaml, 2, "a tag"),
        ("name: a\n---\nname: b\n", Format::Yaml, 2, "a second document"),
        ("name: a\n? [1]\n: 2\n", Format::Yaml, 2, "a key that is a list"),
        ("name: a\n3: 2\n", Format::Yaml, 2, "a key that is the number 3"),
        ("name: a\ntrain:\n  learning_rate: .inf\n", Format::Yaml, 3, "not a finite number"),
        ("- name: a\n", Format::Yaml, 1, "expected a table of sections"),
        ("{\"name\": \"a\",\n \"train\": {,}}\n", Format::Json, 2, "not valid JSON"),
        ("{\"name\": \"a\",\n \"train\": {}\n", Format::Json, 3, "EOF"),
        ("{\"name\": \"a\",\n \"name\": \"b\"}\n", Format::Json, 2, "stands here twice"),
        ("{\"name\": \"a\", // no\n \"train\": {}}", Format::Json, 1, "not valid JSON"),
        ("[1]", Format::Json, 1, "expected a table of sections"),
    ];
    for (text, format, line, words) in rows {
        let error = refused(text, format);
        assert_eq!(error.line, line, "{text}\n{error}");
        assert!(error.message.contains(words), "{text}\n{error}");
    }
}

#[test]
fn an_empty_file_lacks_a_name() {
    for (format, text) in [(Format::Toml, ""), (Format::Yaml, "{}"), (Format::Json, "{}"), (Format::Toml, "spec = 1")] {
        let error = refused(text, format);
        assert_eq!((error.line, error.key.as_str()), (1, "name"), "{error}");
        assert!(error.help.contains("name ="), "{error}");
    }
}

#[test]
fn limits_are_held() {
    let long = format!("name = \"a\"\n# {}", "x".repeat(MAX_SPEC_BYTES));
    assert!(refused(&long, Format::Toml).message.contains("at most 1048576"));
    for (format, open) in [(Format::Toml, "name = "), (Format::Yaml, "name: "), (Format::Json, "{\"name\": ")] {
        let deep = format!("{open}{}", "[".repeat(2000));
        let error = refused(&deep, format);
        assert!(error.message.contains("nested deeper") || error.message.contains("not valid"), "{error}");
    }
    let closed = format!("{{\"name\": {}{}}}", "[".repeat(40), "]".repeat(40));
    assert!(refused(&closed, Format::Json).message.contains("nested deeper"));
    assert!(refused(&closed, Format::Yaml).message.contains("nested deeper"));
    let wide = "name = \"a\"\n[axes]\n\"train.learning_rate\" = { linear = [0, 1], n = 200000 }";
    assert!(refused(wide, Format::Toml).message.contains("200000 is out of range"));
    let written_out = "name = \"a\"\n[axes]\n\"data.seed\" = { from = 1000000000, to = 1000099999, step = 1 }";
    assert!(refused(written_out, Format::Toml).message.contains("written out"));
}

#[test]
fn a_grid_past_u64_is_refused_at_its_axes() {
    let axis = |key: &str| format!("\"{key}\" = {{ from = 1, to = 10000, step = 1 }}\n");
    let keys = ["data.seed", "data.train_limit", "train.epochs", "train.batch_size"];
    let axes: String = keys.iter().map(|key| axis(key)).collect();
    let fits = format!("name = \"a\"\n[axes]\n{axes}[replicates]\nseed = 1000");
    let spec = parse(&fits, Format::Toml, "f").unwrap();
    let plan = traipse_sweep::Plan::new(std::sync::Arc::new(spec)).unwrap();
    assert_eq!(plan.n_jobs(), 10_u64.pow(19));
    let error = refused(&fits.replace("seed = 1000", "seed = 10000"), Format::Toml);
    assert_eq!((error.line, error.key.as_str()), (2, "axes"), "{error}");
    assert!(error.message.contains("more than 18446744073709551615 runs"), "{error}");
}
