//! The nulls against closed forms and against surrogates drawn at full length.

use traipse_probe::nulls::{self, LayerSteps, Momentum, NullSummary, NullTest, Setup, Statistic};
use traipse_probe::pca::Pca;
use traipse_probe::{Form, Missing, Path, Snapshot, StepGram, Trajectory, Window};
use traipse_sweep::spec::{Dimension, NullKind};
use traipse_sweep::streams::{Philox, Purpose};

const KINDS: [NullKind; 3] = [NullKind::Walk, NullKind::Signs, NullKind::Shuffled];

fn gram(n: usize, entry: impl Fn(usize, usize) -> f64) -> StepGram {
    let packed = (0..n).flat_map(|i| (i..n).map(|j| entry(i, j)).collect::<Vec<_>>()).collect();
    StepGram::from_packed(packed).expect("a triangular number of entries")
}

fn tests(gram: &StepGram, n_parameters: usize, samples: u32) -> Vec<NullTest> {
    let rates = vec![0.1; gram.n_steps()];
    nulls::test_gram(
        gram,
        n_parameters,
        &Setup { kinds: &KINDS, samples, seed: 9, learning_rate: &rates, ..Setup::default() },
    )
}

fn find(tests: &[NullTest], window: Window, statistic: Statistic, kind: NullKind) -> &NullTest {
    tests
        .iter()
        .find(|test| (test.window, test.statistic, test.kind) == (window, statistic, kind))
        .expect("every combination is tested")
}

fn null(tests: &[NullTest], statistic: Statistic, kind: NullKind) -> NullSummary {
    find(tests, Window::All, statistic, kind).null.expect("a null")
}

#[test]
fn a_walk_of_equal_steps_in_many_dimensions() {
    let tests = tests(&gram(40, |i, j| f64::from(u8::from(i == j))), 269_322, 200);
    let t = 41.0_f64;
    let sine = libm::sin(std::f64::consts::PI / (2.0 * t));
    let explained = null(&tests, Statistic::PcaExplained1, NullKind::Walk);
    assert!((explained.mean - 3.0 / (2.0 * (t * t - 1.0) * sine * sine)).abs() < 2e-4, "{explained:?}");
    assert!(explained.sd.unwrap() < 2e-3);
    let participation = null(&tests, Statistic::PcaParticipation, NullKind::Walk);
    assert!((participation.mean - 2.5 * (t * t - 1.0) / (t * t + 3.5)).abs() < 2e-3, "{participation:?}");
    let persistence = null(&tests, Statistic::Persistence, NullKind::Walk);
    assert!((persistence.mean - 1.0).abs() < 2e-3, "{persistence:?}");
    // Orthogonal steps look the same whatever their signs: every sample ties with the observed value.
    let signs = null(&tests, Statistic::PcaExplained1, NullKind::Signs);
    assert_eq!((signs.p_low, signs.p_high, signs.n), (1.0, 1.0, 200));
}

#[test]
fn unequal_steps_follow_the_doubly_centred_sums_of_squares() {
    let norms: Vec<f64> = (0..20).map(|i| 2.0 / f64::from(i + 1)).collect();
    let walk = gram(20, |i, j| if i == j { norms[i] * norms[i] } else { 0.0 });
    let expected = Pca::of(&walk).unwrap();
    let tests = tests(&walk, 100_000, 400);
    let explained = null(&tests, Statistic::PcaExplained1, NullKind::Walk);
    assert!((explained.mean - expected.explained[0]).abs() < 1e-3, "{explained:?} {}", expected.explained[0]);
    let participation = null(&tests, Statistic::PcaParticipation, NullKind::Walk);
    assert!((participation.mean - expected.participation).abs() < 5e-3);
}

/// The first component's share and the persistence of steps of those norms, directions drawn at full length.
fn drawn_at_full_length(norms: &[f64], dimension: usize, samples: u32) -> [Vec<f64>; 2] {
    let mut stream = Philox::new(4, Purpose::Init).at(99);
    let squares: f64 = norms.iter().map(|norm| norm * norm).sum();
    let (mut explained, mut persistence) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for norm in norms {
            let row: Vec<f64> = (0..dimension).map(|_| stream.normal()).collect();
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            rows.push(row.into_iter().map(|x| x * norm / length).collect());
        }
        let drawn = gram(norms.len(), |i, j| rows[i].iter().zip(&rows[j]).map(|(a, b)| a * b).sum());
        explained.push(Pca::of(&drawn).expect("steps that move").explained[0]);
        persistence.push(drawn.squares_from(0)[norms.len()] / squares);
    }
    [explained, persistence]
}

#[test]
fn bartlett_samples_are_distributed_as_directions_drawn_at_full_length() {
    let (n, samples) = (8, 4000_u32);
    let norms: Vec<f64> = (0..n).map(|i| 1.0 + 0.3 * i as f64).collect();
    let observed = gram(n, |i, j| if i == j { norms[i] * norms[i] } else { 0.0 });
    // Above, at and below the number of steps; 60 takes the χ² variables by rejection, not by summing.
    for dimension in [60_usize, 8, 3] {
        let tests = tests(&observed, dimension, samples);
        let statistics = [Statistic::PcaExplained1, Statistic::Persistence];
        for (statistic, drawn) in statistics.into_iter().zip(drawn_at_full_length(&norms, dimension, samples)) {
            let bartlett = null(&tests, statistic, NullKind::Walk);
            let mean = drawn.iter().sum::<f64>() / f64::from(samples);
            let square: f64 = drawn.iter().map(|x| (x - mean) * (x - mean)).sum();
            let sd = (square / f64::from(samples - 1)).sqrt();
            // Two means of 4000 differ by 0.022 sd on average; 0.1 sd would be 4.5 standard errors.
            assert!((bartlett.mean - mean).abs() < 0.1 * sd, "{dimension} {statistic:?} {bartlett:?} {mean} {sd}");
            assert!((bartlett.sd.unwrap() / sd - 1.0).abs() < 0.06, "{dimension} {statistic:?} {bartlett:?} {sd}");
        }
    }
}

#[test]
fn a_drift_stands_out_from_walk_and_signs_but_not_from_its_own_shuffles() {
    let drifting = gram(30, |i, j| if i == j { 1.0 } else { 0.3 });
    let tests = tests(&drifting, 50_000, 200);
    for kind in [NullKind::Walk, NullKind::Signs] {
        for statistic in [Statistic::PcaExplained1, Statistic::Persistence] {
            assert_eq!(null(&tests, statistic, kind).p_high, 1.0 / 201.0, "{kind:?} {statistic:?}");
        }
        assert_eq!(null(&tests, Statistic::PcaParticipation, kind).p_low, 1.0 / 201.0);
    }
    // Exchangeable steps: any order gives the same matrix.
    let shuffled = null(&tests, Statistic::PcaExplained1, NullKind::Shuffled);
    assert_eq!((shuffled.p_low, shuffled.p_high), (1.0, 1.0));
    let kept = find(&tests, Window::All, Statistic::Persistence, NullKind::Shuffled);
    assert_eq!((kept.missing, kept.null), (Some(Missing::KeptByShuffle), None));
    assert!((kept.observed.unwrap() - (1.0 + 29.0 * 0.3)).abs() < 1e-12);
    let signs = null(&tests, Statistic::Persistence, NullKind::Signs);
    assert!((signs.mean - 1.0).abs() < 0.3, "{signs:?}");
}

#[test]
fn shuffles_stay_within_blocks_of_equal_learning_rate() {
    // Steps in one plane, so that their order matters; first every rate differs from its neighbours.
    let turning = gram(12, |i, j| libm::cos(0.4 * (i as f64 - j as f64)));
    let rates: Vec<f64> = (0..12).map(|i| 1.0 / f64::from(i + 1)).collect();
    let setup = Setup { kinds: &[NullKind::Shuffled], samples: 20, seed: 1, learning_rate: &rates, ..Setup::default() };
    let alone = nulls::test_gram(&turning, 2, &setup);
    assert!(alone.iter().all(|test| test.missing == Some(Missing::NothingToShuffle)));
    // A step of rate 0.1 never leaves the first half: the halves' displacements stay, so the whole path keeps its bend.
    let rates: Vec<f64> = (0..12).map(|i| if i < 6 { 0.1 } else { 0.01 }).collect();
    let blocks = nulls::test_gram(&turning, 2, &Setup { learning_rate: &rates, ..setup });
    let halves = find(&blocks, Window::All, Statistic::PcaExplained1, NullKind::Shuffled).null.unwrap();
    let freely = nulls::test_gram(&turning, 2, &Setup { learning_rate: &[0.1; 12], ..setup });
    let freely = find(&freely, Window::All, Statistic::PcaExplained1, NullKind::Shuffled).null.unwrap();
    assert!(halves.sd.unwrap() > 0.0 && halves.sd.unwrap() < freely.sd.unwrap(), "{halves:?} {freely:?}");
}

#[test]
fn each_null_has_its_own_stream() {
    let turning = gram(15, |i, j| libm::cos(0.4 * (i as f64 - j as f64)));
    let rates = [0.1; 15];
    let setup = Setup { kinds: &KINDS, samples: 10, seed: 3, learning_rate: &rates, ..Setup::default() };
    let together = nulls::test_gram(&turning, 1000, &setup);
    assert_eq!(together, nulls::test_gram(&turning, 1000, &setup));
    for kind in KINDS {
        let alone = nulls::test_gram(&turning, 1000, &Setup { kinds: &[kind], ..setup });
        assert!(alone.iter().all(|test| together.contains(test)));
    }
    let other = nulls::test_gram(&turning, 1000, &Setup { seed: 4, ..setup });
    assert_ne!(together, other);
}

#[test]
fn no_samples_leave_the_observed_values() {
    let mut trajectory = Trajectory::in_memory(Form::f32(2));
    for (step, point) in [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 2.0]].into_iter().enumerate() {
        trajectory.push(step as u64, &Snapshot::f32(point.to_vec())).unwrap();
    }
    let setup = Setup { kinds: &[NullKind::Walk], samples: 0, seed: 0, learning_rate: &[0.1; 4], ..Setup::default() };
    let tests = nulls::test(&Path::new(&trajectory).unwrap(), &setup);
    let all = find(&tests, Window::All, Statistic::Persistence, NullKind::Walk);
    assert_eq!((all.observed, all.null), (Some(1.0), None));
    assert_eq!(find(&tests, Window::Early, Statistic::Persistence, NullKind::Walk).missing, Some(Missing::ShortWindow));
}

fn orthogonal(norms: &[f64]) -> StepGram {
    gram(norms.len(), |i, j| if i == j { norms[i] * norms[i] } else { 0.0 })
}

fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)).sqrt())
}

#[test]
fn a_walk_by_layer_is_that_of_blocks_drawn_at_full_length() {
    let (n, samples) = (8, 4000_u32);
    // A block of few dimensions takes most of the early steps, one of more the late ones.
    let layers = [
        LayerSteps { n_parameters: 3, norms: (0..n).map(|i| 2.0 / f64::from(i + 1)).collect() },
        LayerSteps { n_parameters: 40, norms: (0..n).map(|i| 0.1 * f64::from(i + 1)).collect() },
    ];
    let square = |i: usize| layers.iter().map(|layer| layer.norms[i] * layer.norms[i]).sum::<f64>();
    let observed = orthogonal(&(0..8).map(|i| square(i).sqrt()).collect::<Vec<_>>());
    let kinds = [NullKind::LayerWalk];
    let setup =
        Setup { kinds: &kinds, samples, seed: 9, learning_rate: &[0.1; 8], layers: &layers, ..Setup::default() };
    let tests = nulls::test_gram(&observed, 43, &setup);
    let mut stream = Philox::new(5, Purpose::Init).at(1);
    let (mut explained, mut persistence) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        let mut rows = vec![Vec::new(); 8];
        for layer in &layers {
            for (row, norm) in rows.iter_mut().zip(&layer.norms) {
                let block: Vec<f64> = (0..layer.n_parameters).map(|_| stream.normal()).collect();
                let length = block.iter().map(|x| x * x).sum::<f64>().sqrt();
                row.extend(block.into_iter().map(|x| x * norm / length));
            }
        }
        let drawn = gram(8, |i, j| rows[i].iter().zip(&rows[j]).map(|(a, b)| a * b).sum());
        explained.push(Pca::of(&drawn).unwrap().explained[0]);
        persistence.push(drawn.squares_from(0)[8] / (0..8).map(square).sum::<f64>());
    }
    for (statistic, drawn) in [(Statistic::PcaExplained1, explained), (Statistic::Persistence, persistence)] {
        let found = null(&tests, statistic, NullKind::LayerWalk);
        let (mean, sd) = mean_and_sd(&drawn);
        assert!((found.mean - mean).abs() < 0.1 * sd, "{statistic:?} {found:?} {mean} {sd}");
        assert!((found.sd.unwrap() / sd - 1.0).abs() < 0.06, "{statistic:?} {found:?} {sd}");
    }
}

#[test]
fn a_walk_with_momentum_persists_as_its_correlations_say() {
    let steps: Vec<u64> = (0..=30).map(|t| t * 5).collect();
    let kinds = [NullKind::Walk, NullKind::MomentumWalk];
    let setup =
        Setup { kinds: &kinds, samples: 200, seed: 2, learning_rate: &[0.1; 30], steps: &steps, ..Setup::default() };
    let observed = orthogonal(&[1.0; 30]);
    let with = |beta, nesterov| Setup { momentum: Some(Momentum { beta, nesterov }), ..setup };
    // Steps of five updates with momentum .9 have a cosine of b(1−b⁵)²/(5(1−b²)−2b(1−b⁵)) with the next.
    let b = 0.9_f64;
    let power = b * b * b * b * b;
    let cosine = b * (1.0 - power) * (1.0 - power) / (5.0 * (1.0 - b * b) - 2.0 * b * (1.0 - power));
    let tests = nulls::test_gram(&observed, 200_000, &with(b, false));
    // Cosines fall by b⁵ from one step to the next: Σ over all pairs, but for the start's.
    let falling = (1..30).scan(1.0, |fall, lag| {
        let term = f64::from(30 - lag) * *fall * cosine;
        *fall *= power;
        Some(term)
    });
    let expected = 1.0 + 2.0 * falling.sum::<f64>() / 30.0;
    let found = null(&tests, Statistic::Persistence, NullKind::MomentumWalk);
    assert!((found.mean / expected - 1.0).abs() < 0.02, "{found:?} {expected}");
    let more = nulls::test_gram(&observed, 200_000, &with(b, true));
    assert!(null(&more, Statistic::Persistence, NullKind::MomentumWalk).mean > 1.5, "Nesterov's persists too");
    // Without momentum it is the walk, drawn from a stream of its own.
    let tests = nulls::test_gram(&observed, 200_000, &with(0.0, false));
    for statistic in Statistic::DEFAULT {
        let (walk, none) = (null(&tests, statistic, NullKind::Walk), null(&tests, statistic, NullKind::MomentumWalk));
        let error = walk.sd.unwrap() / 200.0_f64.sqrt();
        assert!((walk.mean - none.mean).abs() < 6.0 * error, "{statistic:?} {walk:?} {none:?}");
    }
    let unknown = nulls::test_gram(&observed, 200_000, &setup);
    let row = find(&unknown, Window::All, Statistic::Persistence, NullKind::MomentumWalk);
    assert_eq!((row.observed, row.null, row.missing), (Some(1.0), None, Some(Missing::NoMomentum)));
}

/// Positions of a walk v ← β v + ξ, θ ← θ + v in `dimension` dimensions, every `stride` steps.
fn travelled(n: u64, stride: u64, dimension: usize, beta: f64) -> Trajectory {
    let mut stream = Philox::new(11, Purpose::Init).at(3);
    let mut trajectory = Trajectory::in_memory(Form::f32(dimension));
    let (mut theta, mut velocity) = (vec![0.0_f64; dimension], vec![0.0_f64; dimension]);
    for t in 0..=n * stride {
        if t % stride == 0 {
            trajectory
                .push(t, &Snapshot::f32(theta.iter().map(|x| *x as f32).collect()))
                .expect("memory takes every record");
        }
        for (x, v) in theta.iter_mut().zip(&mut velocity) {
            *v = beta * *v + stream.normal();
            *x += *v;
        }
    }
    trajectory
}

/// Walks are not called low-dimensional, lines are: beyond 95 % of the samples of both walk and signs.
#[test]
fn planted_walks_and_lines_are_told_apart() {
    let is_low_dimensional = |tests: &[NullTest]| {
        [NullKind::Walk, NullKind::Signs]
            .into_iter()
            .all(|kind| null(tests, Statistic::PcaExplained1, kind).p_high < 0.05)
    };
    let asked = Dimension { windows: 3, components: 2 };
    let rates = [0.1; 30];
    for beta in [0.0, 0.9] {
        let trajectory = travelled(30, 4, 500, beta);
        let setup = Setup {
            kinds: &NullKind::EVERY,
            samples: 200,
            seed: 1,
            learning_rate: &rates,
            dimension: Some(&asked),
            layers: &[LayerSteps { n_parameters: 500, norms: vec![1.0; 30] }],
            momentum: Some(Momentum { beta, nesterov: false }),
            steps: trajectory.steps(),
        };
        let tests = nulls::test(&Path::new(&trajectory).unwrap(), &setup);
        assert!(!is_low_dimensional(&tests), "{beta}");
        // Momentum alone stands out from the plain walk, and not from the walk that has it.
        let plain = null(&tests, Statistic::PcaExplained1, NullKind::Walk);
        assert_eq!(plain.p_high < 0.05, beta > 0.0, "{beta} {plain:?}");
        for statistic in [Statistic::PcaExplained1, Statistic::LissajousCorrelation, Statistic::WindowAngle(1)] {
            let its_own = null(&tests, statistic, NullKind::MomentumWalk);
            assert!(its_own.p_high > 0.01 && its_own.p_low > 0.01, "{beta} {statistic:?} {its_own:?}");
        }
        assert!(null(&tests, Statistic::LissajousCorrelation, NullKind::Walk).mean > 0.99);
    }
    let setup = Setup { kinds: &KINDS, samples: 200, seed: 1, learning_rate: &rates, ..Setup::default() };
    let mut stream = Philox::new(12, Purpose::Init).at(3);
    let mut noisy = |noise: f64| {
        let mut line = Trajectory::in_memory(Form::f32(500));
        for t in 0..31_u16 {
            let theta = (0..500).map(|_| (f64::from(t) + noise * stream.normal()) as f32).collect();
            line.push(t.into(), &Snapshot::f32(theta)).unwrap();
        }
        nulls::test(&Path::new(&line).unwrap(), &setup)
    };
    assert!(is_low_dimensional(&noisy(0.5)));
    // An exact line keeps its only axis under any signs, so that its share ties; its persistence does not.
    let exact = noisy(0.0);
    assert_eq!(null(&exact, Statistic::PcaExplained1, NullKind::Walk).p_high, 1.0 / 201.0);
    assert_eq!(null(&exact, Statistic::PcaExplained1, NullKind::Signs).p_high, 1.0);
    assert_eq!(null(&exact, Statistic::Persistence, NullKind::Signs).p_high, 1.0 / 201.0);
}

#[test]
fn asking_for_the_dimension_adds_rows_and_changes_none() {
    let turning = gram(24, |i, j| libm::cos(0.4 * (i as f64 - j as f64)) + f64::from(u8::from(i == j)));
    let asked = Dimension { windows: 4, components: 2 };
    let setup = Setup { kinds: &KINDS, samples: 30, seed: 3, learning_rate: &[0.1; 24], ..Setup::default() };
    let default = nulls::test_gram(&turning, 1000, &setup);
    let more = nulls::test_gram(&turning, 1000, &Setup { dimension: Some(&asked), ..setup });
    assert_eq!(more[..default.len()], default);
    // Five of the whole path, a share each of four windows, three angles between them; three kinds of each.
    assert_eq!(more.len() - default.len(), (5 + 4 + 3) * 3);
    let found = traipse_probe::dimension::measure(&turning, &asked);
    let observed = |statistic| find(&more, Window::All, statistic, NullKind::Signs).observed.unwrap();
    assert_eq!(observed(Statistic::LissajousCorrelation), found.lissajous_correlation.unwrap());
    assert!((observed(Statistic::IncrementsExplained1) - found.increments_explained.unwrap()[0]).abs() < 1e-12);
    assert_eq!(observed(Statistic::WindowExplained(4)), found.window_explained.unwrap()[3]);
    assert_eq!(observed(Statistic::WindowAngle(3)), found.window_angles.unwrap()[2]);
    let pca = Pca::of(&turning).unwrap();
    assert!((observed(Statistic::PcaExplained2) - pca.explained[1]).abs() < 1e-12);
    assert!((observed(Statistic::PcaExplained3) - pca.explained[2]).abs() < 1e-12);
    for statistic in [Statistic::IncrementsExplained1, Statistic::IncrementsParticipation] {
        let kept = find(&more, Window::All, statistic, NullKind::Shuffled);
        assert_eq!((kept.null, kept.missing), (None, Some(Missing::KeptByShuffle)));
    }
    for test in &more {
        assert!(test.missing.is_some() || test.null.is_some_and(|null| null.n == 30), "{test:?}");
    }
    let none = nulls::without_values(&Setup { dimension: Some(&asked), ..setup }, Missing::Diverged);
    assert_eq!(none.len(), more.len());
    assert_eq!(Statistic::WindowExplained(4).name(), "window_explained_4");
}
