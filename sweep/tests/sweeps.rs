//! The sweeps of this repository are read, and mean what their comments say.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads files and may panic")]

use std::sync::Arc;

use traipse_sweep::network::{Network, Shape};
use traipse_sweep::spec::{Format, parse};
use traipse_sweep::{JobNumber, Plan};

fn plan(name: &str) -> Plan {
    let path = format!("{}/../sweeps/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let spec = parse(&text, Format::Toml, &path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(spec.name, name);
    Plan::new(Arc::new(spec)).unwrap()
}

#[test]
fn digits_is_three_widths_four_rates_five_seeds() {
    let plan = plan("digits");
    assert_eq!((plan.n_cells(), plan.n_replicates(), plan.n_runs()), (12, 5, 60));
    assert_eq!(plan.cell_label(JobNumber(7)), "hidden=16 learning_rate=0.1");
    assert_eq!(plan.settings(JobNumber(7)).streams.init_seed, 2);
}

#[test]
fn mnist_is_three_shapes_three_rates_three_seeds() {
    let plan = plan("mnist");
    assert_eq!((plan.n_cells(), plan.n_replicates(), plan.n_runs()), (9, 3, 27));
    assert_eq!(plan.settings(JobNumber(0)).data.dir.as_deref(), Some("data/mnist"));
}

#[test]
fn noop_is_twenty_thousand_runs() {
    let plan = plan("noop");
    assert_eq!((plan.n_cells(), plan.n_replicates(), plan.n_runs()), (2000, 10, 20_000));
}

#[test]
fn lenet_is_three_seeds_of_a_preset() {
    let plan = plan("lenet");
    assert_eq!((plan.n_cells(), plan.n_replicates()), (1, 3));
    let network = Network::of(&plan.settings(JobNumber(0)), Shape { channels: 1, height: 28, width: 28 }, 10).unwrap();
    assert_eq!(network.n_parameters, 61_706);
}

#[test]
fn resnet_is_two_schedules_of_two_seeds() {
    let plan = plan("resnet");
    assert_eq!((plan.n_cells(), plan.n_replicates()), (2, 2));
    let network = Network::of(&plan.settings(JobNumber(0)), Shape { channels: 3, height: 32, width: 32 }, 10).unwrap();
    assert_eq!(network.n_parameters, 78_042);
}

#[test]
fn optimizers_is_a_union_of_five_products() {
    let plan = plan("optimizers");
    assert_eq!((plan.spec().products.len(), plan.n_cells(), plan.n_runs()), (5, 16, 80));
}

#[test]
fn the_example_of_the_grammar_is_read() {
    let path = format!("{}/../docs/spec.md", env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_to_string(&path).unwrap();
    let example = docs.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let spec = parse(example, Format::Toml, "docs/spec.md").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((spec.products[0].axes.len(), spec.exclude.len()), (2, 1));
}

#[test]
fn the_question_is_asked_of_a_grid_and_of_forks() {
    for (name, n_cells) in [("stuck-in-a-what", 110), ("stuck-in-a-what-digits", 34)] {
        let plan = plan(name);
        assert_eq!((plan.n_cells(), plan.n_replicates()), (n_cells, 20), "{name}: two branches of ten seeds");
        let last = plan.settings(JobNumber(plan.n_run_jobs() - 1));
        assert!(last.fork.is_some_and(|fork| fork.step.is_some()), "{name}");
        assert!(plan.n_comparisons() > plan.n_runs() / 2, "{name}: every seed's siblings, twice");
    }
}

#[test]
fn the_question_is_asked_of_mnist_in_an_hour() {
    let plan = plan("stuck-in-a-what-mnist");
    assert_eq!((plan.n_cells(), plan.n_runs(), plan.n_comparisons()), (18, 360, 396));
}

#[test]
fn every_study_reads() {
    let runs = [
        ("break-even-point", 25),
        ("edge-of-stability", 9),
        ("limiting-dynamics", 35),
        ("linear-mode-connectivity", 360),
        ("monotone-interpolation", 30),
        ("paths-and-nulls", 25),
        ("permuted-barriers", 20),
        ("top-subspace", 10),
    ];
    for (name, n_runs) in runs {
        let path = format!("{}/../sweeps/studies/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let spec = parse(&text, Format::Toml, &path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Plan::new(Arc::new(spec)).unwrap().n_runs(), n_runs, "{name}");
    }
}
