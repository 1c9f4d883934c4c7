//! Each layer's products beside the processor's peak of fused multiply-adds: a Markdown table.
//!
//! `cargo bench -p traipse-nn --bench kernels`. Times are the processor's, the best of several turns; the peak is
//! measured before every layer, since clocks change. Multiply-adds count twice, whether or not they are left out for a
//! zero, so that sparse inputs exceed the peak.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench may unwrap and print"
)]

mod made;

use std::hint::black_box;
use std::sync::Arc;

use made::{mnist_like, network, pictures, problem, without_zeros};
use traipse_nn::bench::{Stage, Stages, peak};
use traipse_nn::{Dataset, Problem, Real};

/// Seconds that one measurement takes at least.
const TURN: f64 = 0.02;
/// Measurements, of which the best counts.
const TURNS: usize = 5;

/// Its name, the network in words, examples, and the data.
type Row = (&'static str, &'static str, u32, fn() -> Arc<Dataset>);

fn main() {
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with("--")).unwrap_or_default();
    println!("| layer | examples | forward | by inputs | by weights | peak, GFLOP/s |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let rows: [Row; 5] = [
        ("784-256-256-10", "256,256", 128, without_zeros),
        ("784-256-256-10, zeros left out", "256,256", 128, mnist_like),
        ("784-32-10, zeros left out", "32", 64, mnist_like),
        ("lenet5", "lenet5", 64, mnist_like),
        ("resnet8", "resnet8", 64, pictures),
    ];
    for (name, net, n, data) in rows.into_iter().filter(|(name, ..)| name.contains(&wanted)) {
        let problem = problem(&network(net), n, data());
        table::<f32>(name, n as usize, &problem);
        table::<f64>(&format!("{name} in f64"), n as usize, &problem);
    }
}

/// A line for every layer with products.
fn table<T: Real>(name: &str, n: usize, problem: &Problem) {
    let mut stages = Stages::<T>::new(problem, n);
    for (at, node) in problem.network().nodes.iter().enumerate() {
        let Some(multiply_adds) = stages.multiply_adds(at) else { continue };
        let best = peak_rate::<T>();
        let mut share = |stage| {
            let rate = 2e-9 * multiply_adds / seconds(|| stages.run(at, stage));
            format!("{rate:.0} ({:.0} %)", 100.0 * rate / best)
        };
        let by_inputs = if node.input == 0 { "".to_owned() } else { share(Stage::Inputs) };
        let (forward, by_weights) = (share(Stage::Forward), share(Stage::Weights));
        let shape = &node.weight.as_ref().unwrap().shape;
        println!("| {name}: {:?} {shape:?} | {n} | {forward} | {by_inputs} | {by_weights} | {best:.0} |", node.layer);
    }
}

/// GFLOP/s of a loop of nothing but multiply-adds.
fn peak_rate<T: Real>() -> f64 {
    let rounds = 100_000;
    let seconds = seconds(|| {
        let _ = black_box(peak::<T>(black_box(rounds)));
    });
    2e-9 * peak::<T>(rounds).0 as f64 / seconds
}

/// The processor's seconds of one call, at best.
fn seconds(mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    let mut calls = 1;
    for turn in 0..=TURNS {
        let start = cpu_seconds();
        (0..calls).for_each(|_| work());
        let each = (cpu_seconds() - start) / f64::from(calls);
        if turn == 0 {
            calls = (TURN / each.max(1e-9)).clamp(1.0, 1e6) as u32;
        } else {
            best = best.min(each);
        }
    }
    best
}

fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
