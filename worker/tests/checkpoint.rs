//! Runs that are set aside and taken up again: the bytes are those of a run without interruption.

#[allow(dead_code, reason = "every test uses a part of it")]
#[path = "support/tasks.rs"]
mod tasks;

use std::sync::atomic::Ordering;

use proptest::prelude::*;
use tasks::{resume, rows_of, set_aside, task, with, within};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::Stop;
use traipse_worker::run::{RunEnd, Task, run};

const EPOCHS: u64 = 5;
/// Bytes of the largest checkpoint here, and some.
const ROOM: usize = 4 << 20;

/// An optimiser with its own settings, and a rate at which it moves.
fn optimizer() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("optimizer = 'sgd'\nlearning_rate = 0.05"),
        Just("optimizer = 'sgd'\nlearning_rate = 0.05\nmomentum = 0.9"),
        Just("optimizer = 'sgd'\nlearning_rate = 0.05\nmomentum = 0.9\nnesterov = true"),
        Just("optimizer = 'adam'\nlearning_rate = 0.003"),
        Just("optimizer = 'adamw'\nlearning_rate = 0.003"),
        Just("optimizer = 'rmsprop'\nlearning_rate = 0.003\nmomentum = 0.5"),
    ]
}

/// Schedules that do not depend on the length.
fn schedule() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(""),
        Just("warmup_epochs = 1.5"),
        Just("schedule = { step = [1.5, 4], factor = 0.3 }"),
        Just("schedule = { step = [2], factor = 0.1 }\nwarmup_epochs = 0.7"),
    ]
}

/// Settings whose every run takes milliseconds: 100 examples, at most 100 steps.
fn settings() -> impl Strategy<Value = String> {
    let model = (
        prop_oneof![Just("[]"), Just("[5]"), Just("[7, 3]")],
        prop_oneof![Just("relu"), Just("tanh"), Just("gelu")],
        prop_oneof![Just("none"), Just("layer"), Just("batch")],
        prop_oneof![Just(0.0), Just(0.2)],
    );
    let course = (5_u32..60, optimizer(), schedule(), prop_oneof![Just(0.0), Just(0.01)]);
    let order =
        (prop_oneof![Just("shuffle"), Just("replacement"), Just("fixed")], prop_oneof![Just("keep"), Just("drop")]);
    let plan = prop_oneof![Just("every epoch"), Just("every 2 epochs"), Just("every 3 steps"), Just("every step")];
    let rest = (plan, prop_oneof![Just("f32"), Just("f64")], 0_u64..3);
    (model, course, order, rest).prop_map(|(model, course, (sampling, last), (at, precision, seed))| {
        let (hidden, activation, norm, dropout) = model;
        let (batch, optimizer, schedule, decay) = course;
        format!(
            "name = 'aside'\ndata.train_limit = 100\n\
             [model]\nhidden = {hidden}\nactivation = '{activation}'\nnorm = '{norm}'\ndropout = {dropout:?}\n\
             [train]\nbatch_size = {batch}\n{optimizer}\n{schedule}\nweight_decay = {decay:?}\n\
             sampling = '{sampling}'\nlast_batch = '{last}'\nprecision = '{precision}'\n\
             [snapshots]\nat = '{at}'\nkeep = true\n[probes]\nexamples = 40\n[replicates]\nseed = [{seed}]\n"
        )
    })
}

fn lasting(text: &str, epochs: u64) -> String {
    text.replace("[train]\n", &format!("[train]\nepochs = {epochs}\n"))
}

fn aside(task: &Task, step: u64) -> Vec<u8> {
    set_aside(task, step, ROOM).expect("the run comes that far").expect("there is room")
}

/// What a table and a file of weights are made of.
fn bytes(end: RunEnd) -> (String, Option<Vec<u8>>) {
    let (_, block, kept) = rows_of(end);
    (block.digest(), kept)
}

fn n_steps(task: &Task) -> u64 {
    let settings = task.plan.settings(task.job);
    let n_train = task.data.as_ref().expect("digits").train.len() as u64;
    settings.train.course(n_train).expect("a course").total_steps
}

fn resumed(task: &Task, checkpoint: &[u8]) -> (String, Option<Vec<u8>>) {
    bytes(resume(task, checkpoint))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_resumed_run_is_one_that_was_never_interrupted(text in settings(), at in 0.0..=1.0_f64, memory in 0_u64..20_000) {
        let text = lasting(&text, EPOCHS);
        let folder = tempfile::tempdir().expect("a folder");
        let whole = task(&text);
        let step = (at * n_steps(&whole) as f64) as u64;
        // Set aside with some snapshots in a file, taken up with all in memory, and the other way round.
        let checkpoint = aside(&within(&text, memory, &folder), step);
        prop_assert_eq!(&checkpoint, &aside(&whole, step));
        let expected = bytes(run(&whole).0);
        prop_assert_eq!(&resumed(&whole, &checkpoint), &expected);
        prop_assert_eq!(&resumed(&within(&text, memory, &folder), &checkpoint), &expected);
    }

    #[test]
    fn an_extended_run_is_one_that_was_longer_from_the_start(text in settings(), at in 0.0..=1.0_f64) {
        let (short, long) = (task(&lasting(&text, EPOCHS)), task(&lasting(&text, EPOCHS + 3)));
        let checkpoint = aside(&short, (at * n_steps(&short) as f64) as u64);
        prop_assert_eq!(resumed(&long, &checkpoint), bytes(run(&long).0));
    }

    #[test]
    fn damage_costs_time_and_changes_nothing(text in settings(), at in 0.0..1.0_f64, flip in 1_u8.., cut in any::<bool>()) {
        let task = task(&lasting(&text, 2));
        let mut checkpoint = aside(&task, n_steps(&task) / 2);
        let place = (at * checkpoint.len() as f64) as usize;
        if cut {
            checkpoint.truncate(place);
        } else {
            checkpoint[place] ^= flip;
        }
        prop_assert_eq!(resumed(&task, &checkpoint), bytes(run(&task).0));
    }
}

/// What the random settings leave out.
const OTHERS: [&str; 3] = [
    "[model]\nhidden = [5]\n[train]\noptimizer = 'lbfgs'\nbatch_size = 'full'\nsteps = 12",
    "[model]\nkind = 'cnn'\nlayers = ['conv 3 3x3', 'pool max 2', 'dense 5']\nnorm = 'batch'\n\
     [train]\nbatch_size = 20\nmomentum = 0.9\nsteps = 12\naugment = ['crop4', 'flip']",
    "[model]\nkind = 'resnet'\nlayers = ['conv 3 3x3 pad 1', 'block 3', 'block 4 stride 2', 'pool global']\n\
     norm = 'layer'\n[train]\nbatch_size = 20\noptimizer = 'adam'\nlearning_rate = 0.01\nsteps = 12",
];

#[test]
fn images_and_full_batches_go_on_too() {
    for text in OTHERS {
        let task = task(&format!(
            "name = 'other'\ndata.train_limit = 60\n{text}\n[snapshots]\nat = 'every 2 steps'\nkeep = true"
        ));
        let expected = bytes(run(&task).0);
        for step in [1, 6, 11] {
            assert_eq!(resumed(&task, &aside(&task, step)), expected, "{step}: {text}");
        }
    }
}

const PLAIN: &str = "name = 'plain'\ndata.train_limit = 100\n[model]\nhidden = []\n[train]\nbatch_size = 20\n";

#[test]
fn a_run_that_is_over_is_not_set_aside() {
    let text = lasting(PLAIN, 2);
    let end = set_aside(&task(&text), 11, ROOM).expect_err("it has ten steps");
    assert_eq!(bytes(end), bytes(run(&task(&text)).0));
    let wild = task(
        &text.replace("[train]\n", "[train]\nlearning_rate = 1e9\n").replace("[]", "[8, 8]\nactivation = 'identity'"),
    );
    let end = set_aside(&wild, 10, ROOM).expect_err("it diverges");
    assert_eq!(bytes(end), bytes(run(&wild).0));
    let noop = set_aside(&task("name = 'noop'\n[model]\nkind = 'noop'"), 0, ROOM).expect_err("no steps");
    assert!(matches!(noop, RunEnd::Rows { .. }));
}

#[test]
fn a_condition_to_stop_holds_over_an_interruption() {
    let stop = |train_error| move |run: &mut RunSettings| run.train.stop = Some(Stop { train_error });
    let text = lasting(PLAIN, 30);
    for train_error in [0.3, 0.1, 0.03] {
        let stopping = with(&text, stop(train_error));
        let expected = bytes(run(&stopping).0);
        let end = stopping.progress.load(Ordering::Relaxed);
        // At the stop itself, and before; by a run that would not stop so early, and by one that would.
        for step in [end, end / 2 + 1] {
            let checkpoint = aside(&stopping, step);
            assert_eq!(resumed(&stopping, &checkpoint), expected);
            let on = task(&text);
            assert_eq!(resumed(&on, &checkpoint), bytes(run(&on).0));
            assert_eq!(resumed(&stopping, &aside(&on, step)), expected);
        }
    }
}

#[test]
fn a_full_disk_is_no_checkpoint() {
    let kept = set_aside(&task(&lasting(PLAIN, 2)), 3, 100).expect("the run comes that far");
    assert_eq!(kept.expect_err("it has no room").kind(), std::io::ErrorKind::WriteZero);
}
