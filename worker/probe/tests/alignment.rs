//! Permuted copies are found again, whatever the network.

use std::sync::Arc;

use traipse_nn::{Dataset, Evaluator, Problem, Rows, Step, Trainer, data};
use traipse_probe::alignment::{Matching, Permutations, Symmetry, match_weights};
use traipse_probe::{Element, Missing, lanes};
use traipse_sweep::RunSettings;
use traipse_sweep::network::{Layer, Network, Node};
use traipse_sweep::settings::{BatchSize, ModelKind, Norm, Precision, Preset};
use traipse_sweep::streams::{Philox, Purpose};

const STEPS: u32 = 15;

fn settings(seed: u64, change: impl FnOnce(&mut RunSettings)) -> RunSettings {
    let mut settings = RunSettings::default();
    settings.model.hidden = vec![24, 16];
    settings.train.batch_size = BatchSize::Rows(32);
    settings.train.learning_rate = 0.05;
    settings.train.epochs = Some(1);
    settings.streams.init_seed = seed;
    settings.streams.order_seed = seed;
    change(&mut settings);
    settings
}

fn digits(settings: &RunSettings) -> Arc<Dataset> {
    Arc::new(data::digits(&settings.data).expect("the embedded digits"))
}

fn mlp(_: &mut RunSettings) {}

/// A few steps from its start, so that biases and norms are not all alike.
fn trained<T: Element>(problem: &Problem) -> (Vec<T>, Vec<f64>) {
    let mut trainer = Trainer::<T>::new(problem);
    (0..STEPS).for_each(|_| assert_eq!(trainer.step(), Step::Ok));
    let mut theta = vec![T::ZERO; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    (theta, trainer.buffers().to_vec())
}

fn inverse(permutations: &Permutations) -> Permutations {
    let inverse = |permutation: &Vec<usize>| {
        let mut inverse = vec![0; permutation.len()];
        permutation.iter().enumerate().for_each(|(i, &j)| inverse[j] = i);
        inverse
    };
    permutations.iter().map(inverse).collect()
}

fn never_falls(matching: &Matching) {
    assert!(matching.history.windows(2).all(|pair| pair[1] >= pair[0]), "{:?}", matching.history);
    let last = matching.history[matching.history.len() - 1];
    assert!((last - matching.objective).abs() <= 1e-10 * matching.objective.abs(), "{last} {}", matching.objective);
}

/// Shuffles a trained network's channels, and looks whether they are found.
fn plant<T: Element>(settings: &RunSettings) {
    let problem = Problem::new(settings, digits(settings)).expect("a problem");
    let (theta, buffers) = trained::<T>(&problem);
    let symmetry = Symmetry::of(problem.network()).expect("channels can be permuted");
    let planted = symmetry.random(&mut Philox::new(3, Purpose::Init).at(99));
    let copy = symmetry.permute(&planted, &theta);
    let copied_buffers = symmetry.permute_buffers(&planted, &buffers);
    assert!(theta != copy, "something moved");

    let mut evaluator = Evaluator::<T>::new(&problem);
    let [here, there] = [(&theta, &buffers), (&copy, &copied_buffers)]
        .map(|(theta, buffers)| evaluator.loss(theta, buffers, Rows::Test));
    let rounding = if T::PRECISION == Precision::F64 { 1e-13 } else { 1e-5 };
    assert!((here.mean - there.mean).abs() <= rounding * here.mean, "{} is not {}", here.mean, there.mean);
    assert_eq!(here.error, there.error);

    let matching = match_weights(problem.network(), &theta, &copy, 0).expect("an alignment");
    assert_eq!(matching.permutations, inverse(&planted));
    let back = symmetry.permute(&matching.permutations, &copy);
    assert_eq!(lanes::distance_square(&back, &theta), 0.0);
    assert_eq!(symmetry.permute_buffers(&matching.permutations, &copied_buffers), buffers);
    assert_eq!(matching.objective, lanes::norm_square(&theta));
    assert!(matching.raw_objective < matching.objective);
    never_falls(&matching);
}

#[test]
fn a_planted_permutation_is_found() {
    for norm in [Norm::None, Norm::Batch, Norm::Layer] {
        plant::<f32>(&settings(1, |settings| settings.model.norm = norm));
        plant::<f64>(&settings(2, |settings| {
            settings.model.norm = norm;
            settings.model.hidden = vec![13, 30, 9, 17];
            settings.train.precision = Precision::F64;
        }));
    }
    plant::<f32>(&settings(3, |settings| settings.model.bias = false));
}

#[test]
fn so_it_is_between_convolutions_and_over_residual_connections() {
    let chain = ["conv 6 3x3", "pool average 2", "conv 10 3x3 pad 1", "pool max 2", "dense 20"];
    for norm in [Norm::None, Norm::Batch] {
        let mut settings = settings(4, |settings| {
            settings.model.kind = ModelKind::Cnn;
            settings.model.hidden = Vec::new();
            settings.model.layers = chain.map(str::to_owned).to_vec();
            settings.model.norm = norm;
        });
        settings.data.train_limit = Some(200);
        plant::<f32>(&settings);
        settings.model.kind = ModelKind::Resnet;
        settings.model.layers = Vec::new();
        settings.model.preset = Some(Preset::Resnet8);
        settings.model.width = Some(8);
        plant::<f32>(&settings);
    }
}

#[test]
fn independent_networks_come_nearer_and_never_farther() {
    let problems = [1, 2].map(|seed| {
        let settings = settings(seed, mlp);
        Problem::new(&settings, digits(&settings)).expect("a problem")
    });
    let [a, b] = problems.each_ref().map(|problem| trained::<f32>(problem).0);
    let network = problems[0].network();
    let matching = match_weights(network, &a, &b, 0).expect("an alignment");
    never_falls(&matching);
    let symmetry = Symmetry::of(network).expect("channels can be permuted");
    let aligned = symmetry.permute(&matching.permutations, &b);
    let [raw, near] = [&b, &aligned].map(|b| lanes::distance_square(&a, b));
    assert!(near < 0.9 * raw, "{near} {raw}");
    // ‖a − πb‖² = ‖a‖² + ‖b‖² − 2 ⟨a, πb⟩.
    let expected = lanes::norm_square(&a) + lanes::norm_square(&b) - 2.0 * matching.objective;
    assert!((near - expected).abs() < 1e-9 * raw);
    assert_eq!(matching, match_weights(network, &a, &b, 0).expect("an alignment"), "the same bits again");
}

#[test]
fn a_model_without_hidden_channels_has_nothing_to_permute() {
    let settings = settings(1, |settings| settings.model.hidden = Vec::new());
    let problem = Problem::new(&settings, digits(&settings)).expect("a problem");
    let theta = trained::<f32>(&problem).0;
    let matching = match_weights(problem.network(), &theta, &theta, 0).expect("an alignment");
    assert!(matching.permutations.is_empty() && matching.objective == matching.raw_objective);
}

#[test]
fn one_permutation_on_both_sides_of_a_layer_is_refused() {
    let settings = settings(1, mlp);
    let problem = Problem::new(&settings, digits(&settings)).expect("a problem");
    let mut network: Network = problem.network().clone();
    // 64 → 24 → 24 with the input of the second layer added to its output.
    network.nodes[1].output_shape = network.nodes[0].output_shape;
    let add = Node {
        layer: Layer::Add,
        input: 1,
        other: Some(2),
        input_shape: network.nodes[0].output_shape,
        weight: None,
        bias: None,
        ..network.nodes[1].clone()
    };
    let mut last = network.nodes[2].clone();
    last.input = 3;
    network.nodes.truncate(2);
    network.nodes.extend([add, last]);
    assert_eq!(Symmetry::of(&network), Err(Missing::NoAlignment));
}
