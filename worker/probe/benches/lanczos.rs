//! Both ends of the Hessian of 784-256-256-10 on 10,000 images of MNIST by 60 Lanczos steps, after an epoch of training.
//!
//! `cargo bench -p traipse-probe --bench lanczos -- MNIST_FOLDER [THETA_FILE [ROUNDS]]` prints the seconds on a processor
//! of each round and what was found. It leaves θ as raw little-endian f32 where a file is named, for `lanczos_twin.py` to start from.
//! Without a folder it does nothing, so that all benches can be run at once.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads files, and prints")]

use std::path::Path;
use std::sync::Arc;

use traipse_nn::data::{IdxFiles, mnist};
use traipse_nn::{Problem, Rows, Trainer};
use traipse_probe::curvature::{Extremes, Objective};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::DataName;
use traipse_sweep::streams::{Philox, Purpose};

const N_EXAMPLES: u64 = 10_000;
const N_STEPS: usize = 60;
const TOP: usize = 10;

fn problem(folder: &Path) -> Problem {
    let mut settings = RunSettings::default();
    settings.data.name = DataName::Mnist;
    settings.data.train_limit = Some(N_EXAMPLES);
    settings.model.hidden = vec![256, 256];
    (settings.train.learning_rate, settings.train.epochs) = (0.1, Some(1));
    let names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];
    let bytes = names.map(|name| {
        let name = format!("{name}-ubyte.gz");
        (name.clone(), std::fs::read(folder.join(name)).expect("the four files of MNIST, gzipped"))
    });
    let [train_images, train_labels, test_images, test_labels] =
        bytes.each_ref().map(|(name, bytes)| (name.as_str(), &bytes[..]));
    let files = IdxFiles { train_images, train_labels, test_images, test_labels };
    Problem::new(&settings, Arc::new(mnist(&settings.data, &files).expect("MNIST"))).expect("a problem")
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some(folder) = arguments.first() else { return };
    let problem = problem(Path::new(folder));
    let mut trainer = Trainer::<f32>::new(&problem);
    for _ in 0..problem.course().total_steps {
        let _ = trainer.step();
    }
    let mut theta = vec![0.0_f32; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    if let Some(file) = arguments.get(1) {
        let bytes: Vec<u8> = theta.iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(file, bytes).expect("the folder takes a file");
    }
    let n_rounds: u32 = arguments.get(2).map_or(1, |rounds| rounds.parse().expect("a number of rounds"));
    for _ in 0..n_rounds {
        round(&problem, &theta);
    }
}

/// Seconds that this thread has been on a processor, as Linux counts them: others on the machine do not disturb it.
fn seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|first| first.parse::<f64>().ok()).expect("a number") * 1e-9
}

fn round(problem: &Problem, theta: &[f32]) {
    let start = seconds();
    let mut objective = Objective::at(problem, theta, Rows::AllTrain);
    let linearised = seconds() - start;
    let mut draws = Philox::new(0, Purpose::HessianStart).at(0);
    let product = &mut |direction: &[f32], out: &mut [f32]| objective.hessian(direction, out);
    let ends = Extremes::of(product, theta.len(), TOP, N_STEPS, &mut draws).expect("finite products");
    let whole = seconds() - start;
    let products = seconds();
    let mut image = vec![0.0; theta.len()];
    (0..10).for_each(|_| objective.hessian(&ends.bottom.vector, &mut image));
    let each = (seconds() - products) / 10.0;
    println!(
        "{whole:.2} s for {} products: {linearised:.3} s to linearise, {each:.4} s a product, {:.3} s all else",
        ends.n_products(),
        whole - linearised - each * f64::from(ends.n_products()),
    );
    let top: Vec<String> = ends.top.iter().map(|pair| format!("{:.6} ± {:.0e}", pair.value, pair.residual)).collect();
    println!("largest {}", top.join(", "));
    println!("smallest {:.6} ± {:.0e}", ends.bottom.value, ends.bottom.residual);
}
