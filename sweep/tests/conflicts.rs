//! Settings that contradict each other are refused where they stand, in every cell that has them and in no other.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic")]

use traipse_sweep::spec::{Format, parse};

/// A document below its name whose marked line (`> `) is at fault, the key, words of the message and of the help.
type Row = (&'static str, &'static str, &'static str, &'static str);

const REFUSED: &[Row] = &[
    (
        "[model]\nkind = \"cnn\"\npreset = \"lenet5\"\n> hidden = [8]",
        "model.hidden",
        "a cnn ignores it",
        "model.layers",
    ),
    (
        "[model]\nkind = \"cnn\"\npreset = \"lenet5\"\n> dropout = 0.5",
        "model.dropout",
        "a cnn ignores it",
        "dropout 0.5",
    ),
    ("[model]\n> preset = \"lenet5\"", "model.preset", "an mlp ignores it", "model.kind = \"cnn\""),
    ("[model]\n> layers = [\"dense 3\"]", "model.layers", "an mlp ignores it", "model.hidden"),
    ("[model]\nkind = \"cnn\"\npreset = \"lenet5\"\n> width = 8", "model.width", "only a resnet preset", "resnet8"),
    ("[model]\n> kind = \"cnn\"", "model.kind", "needs its layers", "model.preset = \"lenet5\""),
    ("[model]\n> kind = \"resnet\"\npreset = \"lenet5\"", "model.kind", "\"lenet5\" is no resnet", "\"cnn\""),
    ("[model]\n> kind = \"cnn\"\npreset = \"lenet5\"\nlayers = [\"dense 3\"]", "model.kind", "both say", "keep one"),
    ("[train]\noptimizer = \"adam\"\n> momentum = 0.9", "train.momentum", "adam ignores it", "beta1"),
    (
        "[train]\noptimizer = \"rmsprop\"\n> nesterov = true",
        "train.nesterov",
        "rmsprop ignores it",
        "sgd with momentum",
    ),
    ("[train]\n> nesterov = true", "train.nesterov", "needs a momentum", "0.9"),
    ("[train]\n> beta1 = 0.5", "train.beta1", "sgd ignores it", "adam or adamw"),
    ("[train]\noptimizer = \"rmsprop\"\n> beta2 = 0.5", "train.beta2", "rmsprop ignores it", "adam or adamw"),
    ("[train]\noptimizer = \"adamw\"\n> alpha = 0.5", "train.alpha", "adamw ignores it", "rmsprop"),
    ("[train]\n> epsilon = 0.5", "train.epsilon", "sgd ignores it", "rmsprop"),
    ("[train]\n> optimizer = \"lbfgs\"", "train.batch_size", "gradient of all examples", "\"full\""),
    (
        "[train]\noptimizer = \"lbfgs\"\nbatch_size = \"full\"\n> learning_rate = 0.5",
        "train.learning_rate",
        "lbfgs ignores it",
        "line search",
    ),
    (
        "[train]\noptimizer = \"lbfgs\"\nbatch_size = \"full\"\n> schedule = \"cosine\"",
        "train.schedule",
        "lbfgs ignores it",
        "line search",
    ),
    (
        "[train]\noptimizer = \"lbfgs\"\nbatch_size = \"full\"\n> sampling = \"replacement\"",
        "train.sampling",
        "the same loss at every step",
        "fixed",
    ),
    (
        "[train]\noptimizer = \"lbfgs\"\nbatch_size = \"full\"\n> warmup_epochs = 2",
        "train.warmup_epochs",
        "lbfgs ignores it",
        "line search",
    ),
    (
        "[train]\noptimizer = \"lbfgs\"\nbatch_size = \"full\"\n> augment = [\"flip\"]",
        "train.augment",
        "the same loss at every step",
        "leave it out",
    ),
    (
        "[train]\n> optimizer = \"lbfgs\"\nbatch_size = \"full\"\n[model]\ndropout = 0.5",
        "train.optimizer",
        "dropout draws another",
        "another optimizer",
    ),
    ("[data]\nname = \"blobs\"\n[train]\n> augment = [\"flip\"]", "train.augment", "blobs has no images", "images"),
    ("[data]\n> name = \"regression\"", "train.loss", "have targets", "\"mse\""),
    ("[data]\n> name = \"teacher\"\nclasses = 1", "train.loss", "have targets", "\"mse\""),
    (
        "[data]\nname = \"regression\"\n[train]\nloss = \"mse\"\n> stop = { train_error = 0.1 }",
        "train.stop",
        "no error rate",
        "leave it out",
    ),
    // In some cell of a product.
    (
        "[axes]\n\"train.optimizer\" = [\"sgd\", \"adam\"]\n> \"train.momentum\" = [0.0, 0.9]",
        "train.momentum",
        "adam ignores it",
        "beta1",
    ),
    (
        "[train]\n> momentum = 0.9\n[axes]\n\"train.optimizer\" = [\"sgd\", \"adam\"]",
        "train.momentum",
        "adam ignores it",
        "beta1",
    ),
    (
        "[[axes]]\n\"train.optimizer\" = [\"sgd\"]\n[[axes]]\n\"train.optimizer\" = [\"adam\"]\n\"train.beta1\" = [0.5]\n\
         [[axes]]\n\"train.optimizer\" = [\"rmsprop\"]\n\"train.alpha\" = [0.9]\n> \"train.beta1\" = [0.3]",
        "train.beta1",
        "rmsprop ignores it",
        "adam",
    ),
];

#[test]
fn conflicts_are_refused_where_they_stand() {
    for (document, key, message, help) in REFUSED {
        let marked = document.lines().position(|line| line.starts_with("> ")).unwrap() + 2;
        let text = format!("name = \"a\"\n{}", document.replace("> ", ""));
        let error = parse(&text, Format::Toml, "f").expect_err(&text);
        assert_eq!(error.key, *key, "{text}\n{error}");
        assert_eq!(error.line, marked, "{text}\n{error}");
        assert!(error.message.contains(message) && error.help.contains(help), "{text}\n{error}");
    }
}

#[test]
fn cells_without_a_conflict_are_accepted() {
    let rows = [
        // A union of products, each with the settings that its optimiser reads.
        "[[axes]]\n\"train.optimizer\" = [\"sgd\"]\n\"train.momentum\" = [0.0, 0.9]\n\
         [[axes]]\n\"train.optimizer\" = [\"adam\", \"adamw\"]\n\"train.beta1\" = [0.5, 0.9]\n\
         [[axes]]\n\"train.optimizer\" = [\"lbfgs\"]\n\"train.batch_size\" = [\"full\"]",
        // Advancing together.
        "[axes]\n\"train.optimizer\" = [\"sgd\", \"adam\"]\n\"train.momentum\" = [0.9, 0.0]\n\
         [grid]\nzip = [[\"train.optimizer\", \"train.momentum\"]]",
        // Left out.
        "[axes]\n\"train.optimizer\" = [\"sgd\", \"adam\"]\n\"train.momentum\" = [0.0, 0.9]\n\"train.epochs\" = [1, 2]\n\
         [grid]\nexclude = [{ \"train.optimizer\" = \"adam\", \"train.momentum\" = 0.9 }]",
        // A default that stands in the file.
        "[train]\noptimizer = \"adam\"\nmomentum = 0.0\nnesterov = false\nalpha = 0.99\nschedule = \"constant\"",
        "[model]\nkind = \"cnn\"\npreset = \"lenet5\"\nhidden = [256, 256]\ndropout = 0.0",
        "[model]\nkind = \"resnet\"\npreset = \"resnet8\"\nwidth = 8\nnorm = \"batch\"\n[train]\naugment = [\"crop4\", \"flip\"]",
        "[[axes]]\n\"model.kind\" = [\"mlp\"]\n\"model.hidden\" = [[8]]\n\
         [[axes]]\n\"model.kind\" = [\"cnn\"]\n\"model.layers\" = [[\"conv 8 3x3\", \"pool max 2\"], [\"dense 8\"]]",
        "[data]\nname = \"teacher\"\nclasses = 1\n[train]\nloss = \"mse\"",
        // What trains nothing contradicts nothing.
        "[model]\nkind = \"noop\"\n[train]\nmomentum = 0.9\noptimizer = \"adam\"",
    ];
    for row in rows {
        let text = format!("name = \"a\"\n{row}");
        parse(&text, Format::Toml, "f").unwrap_or_else(|error| panic!("{text}\n{error}"));
    }
}

/// A walk of all combinations would never end.
#[test]
fn many_values_are_checked_in_bounded_time() {
    let axis = |key: &str| format!("\"train.{key}\" = {{ linear = [0.1, 0.9], n = 700 }}\n");
    let axes = axis("momentum") + &axis("beta1") + &axis("beta2") + &axis("alpha");
    let text = format!("name = \"a\"\n[axes]\n{axes}\"train.nesterov\" = [true, false]\n");
    let error = parse(&text, Format::Toml, "f").unwrap_err();
    assert_eq!(error.key, "train.beta1");
}
