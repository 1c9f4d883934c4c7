//! Both losses beside plain ones in f64.

use traipse_sweep::settings::Loss;
use traipse_sweep::streams::{Draws, Philox, Purpose};

use super::{Head, LossSums, Targets};
use crate::kernels::{Isa, Real, WIDTH, padded, panel_numbers};

const N_OUTPUTS: usize = 10;

/// The targets of some examples.
enum Wanted {
    Classes(Vec<u8>),
    Numbers(Vec<f32>),
}

/// What a head makes of logits, examples × outputs.
struct Found {
    sums: LossSums,
    delta: Vec<f64>,
    bend: Vec<f64>,
}

impl Wanted {
    fn targets(&self) -> Targets<'_> {
        match self {
            Self::Classes(labels) => Targets::Classes(labels),
            Self::Numbers(numbers) => Targets::Numbers(numbers),
        }
    }

    fn number(&self, example: usize, output: usize) -> f64 {
        match self {
            Self::Classes(labels) => f64::from(u8::from(usize::from(labels[example]) == output)),
            Self::Numbers(numbers) => f64::from(numbers[example * N_OUTPUTS + output]),
        }
    }
}

fn place(example: usize, output: usize) -> usize {
    (example / WIDTH * padded(N_OUTPUTS) + output) * WIDTH + example % WIDTH
}

/// Runs a head on `n` examples; lanes beyond them repeat the last, and must get no gradient.
fn run<T: Real>(loss: Loss, n: usize, logits: &[f64], dot: &[f64], wanted: &Wanted, scale: f64) -> Found {
    let panels = |values: &[f64]| -> Vec<T> {
        let mut all = vec![T::ZERO; panel_numbers(N_OUTPUTS, n)];
        for example in 0..n.next_multiple_of(WIDTH) {
            for output in 0..N_OUTPUTS {
                all[place(example, output)] = T::of(values[example.min(n - 1) * N_OUTPUTS + output]);
            }
        }
        all
    };
    let is_finite = logits.iter().all(|z| z.is_finite());
    let flat = |values: &[T]| -> Vec<f64> {
        for example in n..n.next_multiple_of(WIDTH) {
            assert!(
                !is_finite || (0..N_OUTPUTS).all(|output| values[place(example, output)] == T::ZERO),
                "a lane without an example"
            );
        }
        (0..n * N_OUTPUTS).map(|i| values[place(i / N_OUTPUTS, i % N_OUTPUTS)].wide()).collect()
    };
    let head = Head { loss, n_outputs: N_OUTPUTS };
    let (logits, dot, scale) = (panels(logits), panels(dot), T::of(scale));
    let (mut delta, mut bend) = (logits.clone(), logits.clone());
    let sums = head.score(Isa::detect(), &logits, wanted.targets(), scale, &mut delta);
    let alone = head.score(Isa::detect(), &logits, wanted.targets(), scale, &mut []);
    assert_eq!((sums.loss.to_bits(), sums.wrong), (alone.loss.to_bits(), alone.wrong), "the loss alone is the same");
    head.bend(Isa::detect(), &logits, wanted.targets(), &dot, scale, &mut bend);
    Found { sums, delta: flat(&delta), bend: flat(&bend) }
}

/// The same, plainly.
fn plain(loss: Loss, n: usize, logits: &[f64], dot: &[f64], wanted: &Wanted, scale: f64) -> Found {
    let mut found = Found { sums: LossSums::default(), delta: Vec::new(), bend: Vec::new() };
    for example in 0..n {
        let (z, dot) = (&logits[example * N_OUTPUTS..][..N_OUTPUTS], &dot[example * N_OUTPUTS..][..N_OUTPUTS]);
        let target: Vec<f64> = (0..N_OUTPUTS).map(|output| wanted.number(example, output)).collect();
        let top = (0..N_OUTPUTS).rev().max_by(|&a, &b| z[a].partial_cmp(&z[b]).unwrap()).unwrap();
        if let Wanted::Classes(labels) = wanted {
            found.sums.wrong += u64::from(usize::from(labels[example]) != top);
        }
        match loss {
            Loss::Mse => {
                found.sums.loss += z.iter().zip(&target).map(|(z, t)| 0.5 * (z - t) * (z - t)).sum::<f64>();
                found.delta.extend(z.iter().zip(&target).map(|(z, t)| scale * (z - t)));
                found.bend.extend(dot.iter().map(|dot| scale * dot));
            }
            Loss::CrossEntropy => {
                let sum: f64 = z.iter().map(|z_j| libm::exp(z_j - z[top])).sum();
                let p: Vec<f64> = z.iter().map(|z_j| libm::exp(z_j - z[top]) / sum).collect();
                let label = target.iter().position(|&t| t == 1.0).unwrap();
                found.sums.loss += libm::log(sum) + z[top] - z[label];
                let along: f64 = p.iter().zip(dot).map(|(p, dot)| p * dot).sum();
                found.delta.extend(p.iter().zip(&target).map(|(p, t)| scale * (p - t)));
                found.bend.extend(p.iter().zip(dot).map(|(p, dot)| scale * p * (dot - along)));
            }
        }
    }
    found
}

fn random(draws: &mut Draws, n: usize, range: f64) -> Vec<f64> {
    // Numbers that f32 holds, so that both precisions see the same.
    (0..n).map(|_| f64::from((range * (2.0 * draws.next_f64() - 1.0)) as f32)).collect()
}

fn check<T: Real>(loss: Loss, range: f64, use_classes: bool, allowed: f64) {
    for n in [1, 16, 32, 70] {
        let mut draws = Philox::new(4, Purpose::Init).at(n as u64);
        let logits = random(&mut draws, n * N_OUTPUTS, range);
        let dot = random(&mut draws, n * N_OUTPUTS, 1.0);
        let wanted = if use_classes {
            Wanted::Classes((0..n).map(|_| draws.below(N_OUTPUTS as u64) as u8).collect())
        } else {
            Wanted::Numbers(random(&mut draws, n * N_OUTPUTS, 2.0).iter().map(|&t| t as f32).collect())
        };
        let found = run::<T>(loss, n, &logits, &dot, &wanted, 0.125);
        let plain = plain(loss, n, &logits, &dot, &wanted, 0.125);
        assert_eq!(found.sums.wrong, plain.sums.wrong);
        let pairs =
            [(vec![found.sums.loss], vec![plain.sums.loss]), (found.delta, plain.delta), (found.bend, plain.bend)];
        for (what, (found, wanted)) in pairs.iter().enumerate() {
            for (a, b) in found.iter().zip(wanted) {
                assert!((a - b).abs() <= allowed * (1.0 + b.abs()), "{loss:?}, {n}, {range}, {what}: {a} is not {b}");
            }
        }
    }
}

#[test]
fn losses_and_their_derivatives_are_the_plain_ones() {
    for range in [0.0, 1.0, 10.0, 1e4] {
        check::<f64>(Loss::CrossEntropy, range, true, 1e-14);
        check::<f32>(Loss::CrossEntropy, range, true, 1e-6);
        for use_classes in [true, false] {
            check::<f64>(Loss::Mse, range, use_classes, 1e-14);
            check::<f32>(Loss::Mse, range, use_classes, 1e-6);
        }
    }
}

/// One example whose label's logit is `gap` above nine others.
fn one<T: Real>(gap: f64) -> Found {
    let mut logits = vec![0.0; N_OUTPUTS];
    logits[3] = gap;
    run::<T>(Loss::CrossEntropy, 1, &logits, &[0.0; N_OUTPUTS], &Wanted::Classes(vec![3]), 1.0)
}

/// ln(1 + 9 e^−gap), where 1 − p would be rounded to nothing.
#[test]
fn a_small_loss_keeps_its_digits() {
    for gap in [20.0, 50.0, 80.0] {
        let wanted = libm::log1p(9.0 * libm::exp(-gap));
        for (found, allowed) in [(one::<f64>(gap), 1e-14), (one::<f32>(gap), 1e-6)] {
            assert!((found.sums.loss / wanted - 1.0).abs() < allowed, "{gap}: {} is not {wanted}", found.sums.loss);
            assert!((found.delta[3] / -wanted - 1.0).abs() < allowed.max(9.0 * libm::exp(-gap)), "{gap}");
            assert!(found.delta.iter().sum::<f64>().abs() <= 1e-6 * wanted, "{gap}: gradients sum to 0");
        }
    }
}

#[test]
fn a_hopeless_loss_is_the_gap() {
    for found in [one::<f64>(-1e4), one::<f32>(-1e4)] {
        assert!((found.sums.loss - (1e4 + libm::log(9.0))).abs() < 1e-2 && found.sums.wrong == 1);
        assert!((found.delta[3] + 1.0).abs() < 1e-6 && (found.delta[0] - 1.0 / 9.0).abs() < 1e-6);
    }
}

#[test]
fn logits_that_are_no_numbers_are_seen() {
    for loss in [Loss::CrossEntropy, Loss::Mse] {
        for (bad, place) in [(f64::NAN, 0), (f64::NAN, 3), (f64::NAN, 9), (f64::INFINITY, 0), (f64::INFINITY, 3)] {
            let mut logits = vec![1.0; N_OUTPUTS];
            logits[place] = bad;
            let found = run::<f32>(loss, 1, &logits, &[0.0; N_OUTPUTS], &Wanted::Classes(vec![3]), 1.0);
            assert!(!found.sums.loss.is_finite(), "{loss:?} with {bad} at {place}: {}", found.sums.loss);
        }
    }
}
