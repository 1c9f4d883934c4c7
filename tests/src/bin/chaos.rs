//! Chaos on real processes for as long as is asked: `chaos --seconds 120 --seed 7`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use traipse_tests::chaos::{Options, run};

const USAGE: &str = "usage: chaos [--seconds N] [--seed N] [--folder DIR]";
/// How much longer than asked trouble lasts where something that must happen has not happened yet.
const PATIENCE: Duration = Duration::from_secs(240);

fn main() -> ExitCode {
    let Some((seconds, seed, folder)) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if let Err(error) = std::fs::create_dir_all(&folder) {
        eprintln!("cannot make {}: {error}", folder.display());
        return ExitCode::from(3);
    }
    println!("chaos for {seconds} s with seed {seed} in {}", folder.display());
    let time = Duration::from_secs(seconds);
    let options = Options { seed, time, longest: time + PATIENCE, excused: &[], folder: folder.clone() };
    match run(&options) {
        Ok(tally) => {
            print!("{tally}");
            // What was checked need not be kept.
            let _ = std::fs::remove_dir_all(&folder);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("FAILED with seed {seed}; everything is in {}\n{error:#}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Option<(u64, u64, PathBuf)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (mut seconds, mut seed, mut folder) = (60, u64::from(now.subsec_nanos()), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--seconds" => seconds = value.parse().ok()?,
            "--seed" => seed = value.parse().ok()?,
            "--folder" => folder = Some(PathBuf::from(value)),
            _ => return None,
        }
    }
    let unique = format!("traipse-chaos-{seed}-{}", std::process::id());
    Some((seconds, seed, folder.unwrap_or_else(|| std::env::temp_dir().join(unique))))
}
