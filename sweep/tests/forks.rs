//! `[fork]` and `[[compare]]`: what is refused and where, what is accepted, and what it comes to.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic")]

use std::sync::Arc;

use traipse_sweep::plan::Plan;
use traipse_sweep::spec::{Format, parse};
use traipse_sweep::{JobNumber, run_id};

/// A document below its name whose marked line (`> `) is at fault, the key, words of the message and of the help.
type Row = (&'static str, &'static str, &'static str, &'static str);

const FORKS: &[Row] = &[
    ("[fork]\n> branches = 0\nepoch = 1", "fork.branches", "0 is out of range", "from 1"),
    ("[fork]\n> branches = 2", "fork.branches", "branches of what?", "epoch = 0"),
    (
        "[fork]\n> branches = 2\n[[axes]]\n'fork.epoch' = [1]\n[[axes]]\n'train.momentum' = [0.5]",
        "fork.branches",
        "Some runs do not fork",
        "every product",
    ),
    ("[fork]\nepoch = 1\n> step = 10", "fork.step", "given twice: epoch and step", "exactly one"),
    ("[fork]\n> epochs = 1", "fork.epochs", "unknown key `epochs` in [fork]", "`epoch`"),
    ("[fork]\nepoch = 1\n> state = 'kep'", "fork.state", "unknown value `kep`", "`keep`"),
    ("[fork]\n> state = 'reset'", "fork.epoch", "but when?", "fork.epoch"),
    ("[fork]\n> epoch = 40", "fork.epoch", "ends after epoch 40", "0 to 39"),
    ("[train]\nsteps = 50\n[fork]\n> step = 60", "fork.step", "ends after step 50", "0 to 49"),
    ("[train]\nepochs = 4\n[axes]\n> 'fork.epoch' = [0, 2, 8]", "fork.epoch", "ends after epoch 4", "0 to 3"),
    ("[axes]\n'fork.epoch' = [0]\n> 'fork.step' = [3]", "fork.step", "both say when to fork", "exactly one"),
    (
        "[fork]\nepoch = 1\n[fork.train]\n> learning_rat = 1",
        "fork.train.learning_rat",
        "in [fork.train]",
        "`learning_rate`",
    ),
    ("[fork]\nepoch = 1\n[fork.train]\n> epochs = 3", "fork.train.epochs", "unknown key", "`train.epochs`"),
    ("[fork]\nepoch = 1\n[fork.train]\n> learning_rate = -1", "fork.train.learning_rate", "out of range", "at least 0"),
    ("[fork]\nepoch = 1\n[fork.train]\n> batch_size = 'all'", "fork.train.batch_size", "`all`", "\"full\""),
    (
        "[train]\noptimizer = 'adam'\n[fork]\nepoch = 1\n[fork.train]\n> momentum = 0.5",
        "fork.train.momentum",
        "adam ignores it",
        "sgd or rmsprop",
    ),
    (
        "[train]\noptimizer = 'lbfgs'\nbatch_size = 'full'\n[fork]\nepoch = 1\n[fork.train]\n> learning_rate = 0.5",
        "fork.train.learning_rate",
        "lbfgs ignores it",
        "line search",
    ),
    (
        "[train]\noptimizer = 'lbfgs'\nbatch_size = 'full'\n[fork]\nepoch = 1\n[fork.train]\n> batch_size = 5",
        "fork.train.batch_size",
        "all examples",
        "leave it out",
    ),
    (
        "[train]\noptimizer = 'adam'\n[fork]\nepoch = 1\n[axes]\n> 'fork.train.momentum' = [0.5]",
        "fork.train.momentum",
        "adam ignores it",
        "sgd",
    ),
    ("[model]\nkind = 'linear'\n> hidden = [8]", "model.hidden", "linear ignores it", "one dense layer"),
    ("[model]\nkind = 'walk'\n> preset = 'lenet5'", "model.preset", "walk ignores it", "model.kind"),
    ("[model]\n> kind = 'quadratic'", "model.kind", "regression data, not of digits", "linear"),
    (
        "[data]\nname = 'regression'\n[train]\nloss = 'mse'\n[model]\nkind = 'quadratic'\n> bias = false",
        "model.bias",
        "quadratic ignores it",
        "never",
    ),
];

const COMPARE: &[Row] = &[
    ("> compare = 3", "compare", "expected a list of tables", ""),
    ("> [[compare]]\nprobe = 'distance'", "compare", "over which axis", "pairs_over"),
    ("[[compare]]\npairs_over = 'seed'\n> all_over = 'seed'", "compare", "pairs_over and all_over both", "keep one"),
    ("[[compare]]\n> pairs_over = 3", "compare.pairs_over", "expected the name of an axis", ""),
    ("[[compare]]\n> pairs_over = 'branch'", "branch", "`branch` is not varied", "[fork] branches = 2"),
    (
        "[axes]\n'train.momentum' = [0, 0.5]\n[[compare]]\n> pairs_over = 'train.momentun'",
        "train.momentun",
        "not varied",
        "`train.momentum`",
    ),
    (
        "[axes]\n'train.momentum' = [0, 0.5]\n[[compare]]\n> pairs_over = 'data.seed'",
        "data.seed",
        "not varied",
        "train.momentum",
    ),
    ("[[compare]]\n> pairs_over = 'seed'", "seed", "nothing is compared", "at least two values"),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> prob = 'distance'",
        "compare.prob",
        "unknown key",
        "`probe`",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> probe = 'distances'",
        "compare.probe",
        "unknown value",
        "`distance`",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> at = ['last']",
        "compare.at",
        "`last` is not an instant",
        "\"end\"",
    ),
    ("[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> at = []", "compare.at", "0 instants", "\"start\""),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> at = ['epoch 3', 'epoch 3']",
        "compare.at",
        "twice",
        "drop",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> points = 0",
        "compare.points",
        "out of range",
        "from 1",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> measure = []",
        "compare.measure",
        "the list is empty",
        "train, test",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> align = ['weight']",
        "compare.align",
        "unknown value",
        "`weights`",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> max_pairs = 0",
        "compare.max_pairs",
        "out of range",
        "from 1",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\nneighbours_over = 'seed'\n> max_pairs = 3",
        "compare.max_pairs",
        "no pairs",
        "pairs_over",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\nprobe = 'distance'\n> points = 3",
        "compare.points",
        "distance ignores it",
        "leave it out",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\nprobe = 'alignment'\n> align = ['none']",
        "compare.align",
        "alignment ignores it",
        "",
    ),
    ("[replicates]\nseed = 2\n[[compare]]\n> all_over = 'seed'", "compare.probe", "between two runs", "\"distance\""),
    (
        "[axes]\n'model.hidden' = [[8], [4]]\n[[compare]]\n> pairs_over = 'model.hidden'",
        "compare.probe",
        "another shape",
        "\"prediction\"",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> where = {}",
        "compare.where",
        "condition on nothing",
        "model.hidden",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> where = { 'train.momentum' = 0.5 }",
        "train.momentum",
        "expected a list of values",
        "",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> where = { 'train.momentum' = [2] }",
        "train.momentum",
        "2 is out of range",
        "",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\npairs_over = 'seed'\n> where = { 'train.momentu' = [0] }",
        "train.momentu",
        "unknown setting",
        "`train.momentum`",
    ),
    (
        "[replicates]\nseed = 2\n[[compare]]\n> pairs_over = 'seed'\nwhere = { 'train.momentum' = [0.5] }",
        "seed",
        "nothing is compared",
        "where",
    ),
    (
        "[replicates]\nseed = 5000\n[[compare]]\n> pairs_over = 'seed'",
        "seed",
        "4999 comparisons, at most 4096",
        "max_pairs",
    ),
];

#[test]
fn faults_are_refused_where_they_stand() {
    for (document, key, message, help) in FORKS.iter().chain(COMPARE) {
        let marked = document.lines().position(|line| line.starts_with("> ")).unwrap() + 2;
        let text = format!("name = 'a'\n{}", document.replace("> ", ""));
        let error = parse(&text, Format::Toml, "f").expect_err(&text);
        assert_eq!(error.key, *key, "{text}\n{error}");
        assert_eq!(error.line, marked, "{text}\n{error}");
        assert!(error.message.contains(message) && error.help.contains(help), "{text}\n{error}");
    }
}

fn plan(text: &str) -> Plan {
    let spec = parse(text, Format::Toml, "f").unwrap_or_else(|error| panic!("{text}\n{error}"));
    let canonical = spec.canonical_json();
    let again = parse(&canonical, Format::Json, "f").unwrap_or_else(|error| panic!("{canonical}\n{error}"));
    assert_eq!((&again, again.canonical_json()), (&spec, canonical));
    Plan::new(Arc::new(spec)).unwrap()
}

#[test]
fn siblings_are_paired_and_the_trunk_is_an_unforked_run() {
    let text = "name = 'a'\n[fork]\nbranches = 3\n[axes]\nfork.epoch = [0, 4]\n[replicates]\nseed = 2\n\
                [[compare]]\npairs_over = 'branch'\nat = ['end', 'epoch 2']\nalign = ['none', 'weights']\n\
                [[compare]]\nall_over = 'replicates.seed'\nprobe = 'prediction'\nwhere = { branch = [0], 'fork.epoch' = [4] }";
    let plan = plan(text);
    assert_eq!((plan.n_run_jobs(), plan.n_replicates(), plan.n_comparisons()), (12, 6, 2 * 2 * 3 + 1));
    let run = plan.settings(JobNumber(11));
    assert_eq!((run.streams.seed, run.streams.branch, run.fork.as_ref().unwrap().epoch), (1, 2, Some(4)));
    assert_eq!(plan.group(JobNumber(24)).unwrap().members, [JobNumber(6), JobNumber(9)]);
    assert_eq!(plan.comparison_place(JobNumber(12)).unwrap().label, "fork.epoch=0");
    let unforked = parse("name = 'a'", Format::Toml, "f").unwrap().base;
    let [trunk, branch] = [0, 1].map(|job| plan.settings(JobNumber(job)));
    assert_eq!(run_id(&trunk, "x"), run_id(&unforked, "x"));
    assert_ne!(run_id(&branch, "x"), run_id(&unforked, "x"));
}

#[test]
fn forks_may_change_settings_one_by_one() {
    let plan = plan(
        "name = 'a'\n[fork]\nepoch = 2\nstate = 'reset'\n[fork.train]\nmomentum = 0.5\n[axes]\n\
         'train.learning_rate' = [0.1, 0.2]\nfork.train.learning_rate = [0.01, 0.1]\nfork.train.batch_size = [16, 'full']",
    );
    let names: Vec<String> = plan.axis_columns().into_iter().map(|column| column.name).collect();
    assert_eq!(names, ["train.learning_rate", "fork.train.learning_rate", "fork.train.batch_size"]);
    let fork = plan.settings(JobNumber(2)).fork.unwrap();
    assert_eq!((fork.train.learning_rate, fork.train.momentum, fork.epoch), (Some(0.1), Some(0.5), Some(2)));
}

#[test]
fn a_canonical_form_says_nothing_of_what_is_not_there() {
    let canonical = plan("name = 'a'").spec().canonical_json();
    assert!(!canonical.contains("fork") && !canonical.contains("compare") && !canonical.contains("hessian"));
    assert!(canonical.contains(r#""execution":{"max_attempts":4,"order":"balanced"}"#), "{canonical}");
}
