//! Synthetic sets against their truth.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use traipse_nn::data::{Error, blob_centres, regression_minimiser, synthetic, teacher_weights};
use traipse_nn::{Dataset, Split};
use traipse_sweep::settings::{DataName, DataSettings};

fn settings(name: DataName) -> DataSettings {
    DataSettings { name, ..DataSettings::default() }
}

fn make(settings: &DataSettings) -> Dataset {
    synthetic(settings).unwrap()
}

/// A feature's values.
fn column(split: &Split, at: usize) -> Vec<f64> {
    split.floats().iter().skip(at).step_by(split.n_features()).map(|&x| f64::from(x)).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

fn mean_product(a: &[f64], b: &[f64]) -> f64 {
    mean(a.iter().zip(b).map(|(a, b)| a * b))
}

#[test]
fn blobs_lie_around_their_centres() {
    let exact = DataSettings { features: 3, classes: 4, examples: 10, noise: 0.0, ..settings(DataName::Blobs) };
    let data = make(&exact);
    assert_eq!((data.n_features, data.n_classes, data.train.len(), data.test.len()), (3, 4, 10, 10));
    assert_eq!(data.train.labels(), [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]);
    let centres: Vec<f32> = blob_centres(&exact).iter().map(|&centre| centre as f32).collect();
    assert_eq!(data.train.floats()[..12], centres);
    assert_eq!(data.test.floats()[12..24], centres);

    let noisy = DataSettings { examples: 40_000, noise: 0.5, ..exact };
    let split = make(&noisy).train;
    for (at, centre) in blob_centres(&noisy).into_iter().enumerate() {
        let values: Vec<f64> = column(&split, at % 3).into_iter().skip(at / 3).step_by(4).collect();
        let mean = mean(values.iter().copied());
        let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 10_000.0).sqrt();
        // Five standard errors.
        assert!((mean - centre).abs() < 0.025 && (deviation - 0.5).abs() < 0.018, "{at}: {mean} {deviation}");
    }
}

#[test]
fn spirals_wind_as_they_should() {
    let data = make(&DataSettings { classes: 3, examples: 3000, noise: 0.0, ..settings(DataName::Spirals) });
    assert_eq!((data.n_features, data.n_classes), (2, 3));
    for (row, &class) in data.test.labels().iter().enumerate() {
        assert_eq!(usize::from(class), row % 3);
        let [x, y] = [0, 1].map(|at| f64::from(data.test.floats()[2 * row + at]));
        let radius = libm::hypot(x, y);
        let angle = std::f64::consts::TAU * (f64::from(class) / 3.0 + 0.75 * radius);
        assert!(
            radius < 1.0
                && (x - radius * libm::cos(angle)).abs() < 1e-6
                && (y - radius * libm::sin(angle)).abs() < 1e-6
        );
    }
    let radii = data.train.floats().chunks(2).map(|x| libm::hypot(x[0].into(), x[1].into()));
    assert!((mean(radii.collect::<Vec<_>>().into_iter()) - 0.5).abs() < 0.03);
}

#[test]
fn the_spectrum_and_the_minimiser_of_the_regression_are_exact() {
    let spectrum = vec![4.0, 1.0, 1.0, 1e-2, 1e-6, 0.0];
    let asked =
        DataSettings { examples: 500, noise: 0.25, spectrum: spectrum.clone(), ..settings(DataName::Regression) };
    let minimiser = regression_minimiser(&asked);
    let data = make(&asked);
    assert!(data.is_regression() && data.n_classes == 1 && data.n_features == 6);
    assert_ne!(data.train, data.test);
    for split in [&data.train, &data.test] {
        let columns: Vec<Vec<f64>> = (0..6).map(|at| column(split, at)).collect();
        for (a, x) in columns.iter().enumerate() {
            assert!(mean(x.iter().copied()).abs() < 1e-7 * spectrum[a].sqrt() + 1e-30, "orthogonal to the constant");
            for (b, y) in columns.iter().enumerate() {
                let expected = if a == b { spectrum[a] } else { 0.0 };
                let size = (spectrum[a] * spectrum[b]).sqrt();
                assert!((mean_product(x, y) - expected).abs() <= 2e-7 * size, "{a} {b} {}", mean_product(x, y));
            }
        }
        let residual = |(row, &y): (usize, &f32)| {
            f64::from(y) - columns.iter().zip(&minimiser).map(|(x, w)| x[row] * w).sum::<f64>()
        };
        let residuals: Vec<f64> = split.numbers().iter().enumerate().map(residual).collect();
        assert!((mean_product(&residuals, &residuals) - 0.0625).abs() < 1e-6);
        assert!(mean(residuals.iter().copied()).abs() < 1e-7, "no bias helps");
        for (x, eigenvalue) in columns.iter().zip(&spectrum) {
            assert!(mean_product(x, &residuals).abs() < 2e-7 * eigenvalue.sqrt() + 1e-30, "the gradient at w* is zero");
        }
    }
}

/// The outputs of a tanh network without biases.
fn forward(weights: &[Vec<f32>], example: &[f32]) -> Vec<f64> {
    let mut values: Vec<f64> = example.iter().map(|&x| f64::from(x)).collect();
    for (layer, weights) in weights.iter().enumerate() {
        let n = values.len();
        let sums = (0..weights.len() / n).map(|o| (0..n).map(|i| f64::from(weights[o * n + i]) * values[i]).sum());
        let sums: Vec<f64> = sums.collect();
        values = if layer + 1 == 3 { sums } else { sums.into_iter().map(libm::tanh).collect() };
    }
    values
}

#[test]
fn the_teacher_says_what_its_network_says() {
    let base =
        DataSettings { features: 5, noise: 0.0, teacher: vec![8, 4], examples: 300, ..settings(DataName::Teacher) };
    let data = make(&base);
    let weights = teacher_weights(&base);
    assert_eq!(weights.iter().map(Vec::len).collect::<Vec<_>>(), [40, 32, 12]);
    for (example, &label) in data.train.floats().chunks(5).zip(data.train.labels()) {
        let outputs = forward(&weights, example);
        assert!(outputs.iter().all(|&output| output <= outputs[usize::from(label)]), "{outputs:?} {label}");
    }
    assert!((0..3).all(|class| data.train.labels().iter().filter(|&&label| label == class).count() > 10));

    let regression = DataSettings { classes: 1, ..base };
    let data = make(&regression);
    assert!(data.is_regression() && data.n_classes == 1);
    let weights = teacher_weights(&regression);
    for (example, &target) in data.test.floats().chunks(5).zip(data.test.numbers()) {
        assert!((forward(&weights, example)[0] - f64::from(target)).abs() < 1e-6);
    }

    let noisy = DataSettings { noise: 0.5, examples: 20_000, ..regression };
    let data = make(&noisy);
    let errors = data.test.floats().chunks(5).zip(data.test.numbers());
    let squares: Vec<f64> = errors.map(|(x, &y)| (forward(&weights, x)[0] - f64::from(y)).powi(2)).collect();
    assert!((mean(squares.iter().copied()).sqrt() - 0.5).abs() < 0.015);
}

#[test]
fn every_draw_follows_from_the_seed_and_is_pinned() {
    let rows = [
        (DataName::Blobs, "49ee9325e04af2f3eb6924176d75729b13fa6fa9b0745804216d02e63f9196eb"),
        (DataName::Spirals, "883a189a29494a3f39484a094a736cad1845bbccfb706340bec040955fb82296"),
        (DataName::Teacher, "178c1c92d514d4653337729e22866f58bd8040d62aa0f8b54952c30654925622"),
        (DataName::Regression, "0c8cd24d7a88d7208c922854f8da3caad4b659b16abe9da314195bbac4083545"),
    ];
    for (name, hash) in rows {
        let data = make(&settings(name));
        assert_eq!(data.hash, hash, "{name:?}");
        assert_ne!(make(&DataSettings { seed: 1, ..settings(name) }).hash, hash, "{name:?}");
        assert_ne!(data.train.floats(), data.test.floats());
    }
}

#[test]
fn limits_and_label_noise_apply_to_what_is_drawn() {
    let data = make(&DataSettings { train_limit: Some(30), label_noise: 0.1, ..settings(DataName::Blobs) });
    assert_eq!((data.train.len(), data.test.len()), (30, 1000));
    let limited = make(&DataSettings { train_limit: Some(30), ..settings(DataName::Regression) });
    assert_eq!((limited.train.len(), limited.train.numbers().len()), (30, 30));
    let order = traipse_nn::probe_order(&limited);
    assert_eq!(order.len(), 30);
}

#[test]
fn sizes_that_do_not_fit_are_refused_by_their_key() {
    let of = |name, change: &dyn Fn(&mut DataSettings)| {
        let mut settings = settings(name);
        change(&mut settings);
        synthetic(&settings)
    };
    let rows: [(Result<Dataset, Error>, &[&str]); 10] = [
        (of(DataName::Digits, &|_| {}), &["\"digits\""]),
        (of(DataName::Blobs, &|s| s.classes = 1), &["data.classes = 1", "2 to 256"]),
        (of(DataName::Spirals, &|s| s.classes = 257), &["data.classes = 257"]),
        (of(DataName::Blobs, &|s| s.examples = 2), &["data.examples = 2", "at least 3"]),
        (of(DataName::Blobs, &|s| (s.examples, s.features) = (1 << 24, 1000)), &["data.examples", "1000 features"]),
        (of(DataName::Teacher, &|s| s.teacher = vec![1 << 20, 1 << 20]), &["data.teacher", "weights"]),
        (of(DataName::Teacher, &|s| s.teacher = vec![0]), &["data.teacher = [0]"]),
        (of(DataName::Regression, &|s| s.examples = 3), &["data.examples = 3", "4 to", "2 features"]),
        (of(DataName::Regression, &|s| s.spectrum = vec![]), &["data.spectrum = []"]),
        (of(DataName::Regression, &|s| s.label_noise = 0.5), &["data.label_noise = 0.5", "targets"]),
    ];
    for (result, wanted) in rows {
        let error = result.unwrap_err().to_string();
        for part in wanted {
            assert!(error.contains(part), "{error} lacks {part}");
        }
    }
}
