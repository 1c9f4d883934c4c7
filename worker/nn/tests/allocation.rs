//! A step allocates nothing.
#![allow(unsafe_code, clippy::unwrap_used, reason = "an allocator is unsafe by its trait; tests may unwrap")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use support::digits_problem;
use traipse_nn::{Step, Trainer};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{Augment, BatchSize, Full, Sampling};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is the system allocator's; the count is a thread's own and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Networks of every kind of layer that is not in the first test.
const MODELS: [&str; 5] = [
    r#"{"hidden": [24, 12], "norm": "batch", "dropout": 0.3, "activation": "gelu"}"#,
    r#"{"hidden": [24, 12], "norm": "layer", "dropout": 0.3}"#,
    r#"{"kind": "resnet", "layers": ["dense 9", "block 9", "dropout 0.4", "block 12"], "norm": "batch"}"#,
    r#"{"kind": "resnet", "layers": ["block 5", "block 7 stride 2", "pool global"], "norm": "batch"}"#,
    r#"{"kind": "cnn", "layers": ["conv 6 3x3 pad 1", "pool max 2", "conv 4 3x3", "dense 11"], "activation": "tanh"}"#,
];

#[test]
fn a_step_allocates_nothing() {
    for (batch_size, sampling, momentum) in [
        (BatchSize::Rows(100), Sampling::Shuffle, 0.0),
        (BatchSize::Rows(300), Sampling::Replacement, 0.9),
        (BatchSize::Full(Full::Full), Sampling::Fixed, 0.0),
    ] {
        let mut settings = RunSettings::default();
        settings.model.hidden = vec![48, 20];
        settings.train.batch_size = batch_size;
        settings.train.sampling = sampling;
        settings.train.momentum = momentum;
        let mut trainer = Trainer::<f32>::new(&digits_problem(&settings));
        let before = COUNT.get();
        // More than an epoch, so that the order is drawn anew.
        for _ in 0..20 {
            assert_eq!(trainer.step(), Step::Ok);
        }
        assert_eq!(COUNT.get(), before, "{batch_size:?}");
    }
}

#[test]
fn a_step_of_any_layer_allocates_nothing() {
    for model in MODELS {
        for (batch_size, augment) in [(100, vec![]), (300, vec![Augment::Crop4, Augment::Flip])] {
            let mut settings = RunSettings { model: serde_json::from_str(model).unwrap(), ..RunSettings::default() };
            settings.train.batch_size = BatchSize::Rows(batch_size);
            settings.train.augment = augment;
            let mut trainer = Trainer::<f32>::new(&digits_problem(&settings));
            let before = COUNT.get();
            for _ in 0..20 {
                assert_eq!(trainer.step(), Step::Ok);
            }
            assert_eq!(COUNT.get(), before, "{model}");
        }
    }
}
