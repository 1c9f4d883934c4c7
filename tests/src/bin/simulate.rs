//! Runs the simulated orchestrator: `simulate --seeds N [--seed S] [--mutation NAME | --mutations]`.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use traipse_tests::simulation::{self, Counts, Failure, Mutation};

const USAGE: &str = "simulate [--seeds N] [--seed FIRST] [--mutation NAME | --mutations]";

/// What is asked for.
struct Asked {
    first: u64,
    n_seeds: u64,
    mutations: Vec<Mutation>,
}

fn main() -> ExitCode {
    let asked = match asked(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(why) => return say(&format!("{why}\nusage: {USAGE}\n"), ExitCode::from(2)),
    };
    // A panic of the product is a failure like others, and is told with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    if asked.mutations.is_empty() { clean(&asked) } else { mutated(&asked) }
}

fn asked(mut words: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked { first: 0, n_seeds: 1000, mutations: Vec::new() };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let number = |text: String| text.parse().map_err(|_| format!("`{text}` is no number"));
        match word.as_str() {
            "--seeds" => asked.n_seeds = number(value()?)?,
            "--seed" => asked.first = number(value()?)?,
            "--mutations" => asked.mutations = Mutation::ALL.iter().map(|(mutation, _)| *mutation).collect(),
            "--mutation" => {
                let name = value()?;
                asked.mutations.push(Mutation::of(&name).ok_or_else(|| format!("there is no mutation `{name}`"))?);
            }
            _ => return Err(format!("`{word}` is not known")),
        }
    }
    Ok(asked)
}

/// Every seed must run to its end.
fn clean(asked: &Asked) -> ExitCode {
    let started = Instant::now();
    let (mut counts, mut n_events) = (Counts::default(), 0);
    for seed in asked.first..asked.first + asked.n_seeds {
        match simulation::run(seed, None) {
            Ok((more, n)) => {
                counts.merge(&more);
                n_events += n;
            }
            Err(failure) => return say(&told(&failure, None), ExitCode::FAILURE),
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let rate = n_events as f64 / seconds;
    let text = format!("{counts}{} seeds, {n_events} events in {seconds:.1} s: {rate:.0}/s\n", asked.n_seeds);
    say(&text, ExitCode::SUCCESS)
}

/// Every mutation must be found.
fn mutated(asked: &Asked) -> ExitCode {
    let mut text = String::new();
    let mut all = true;
    for mutation in &asked.mutations {
        let found =
            (asked.first..asked.first + asked.n_seeds).find_map(|seed| simulation::run(seed, Some(*mutation)).err());
        match found {
            Some(failure) if asked.mutations.len() == 1 => text += &told(&failure, Some(*mutation)),
            Some(failure) => {
                text += &format!("{:>24}  found at seed {}: {}\n", mutation.name(), failure.seed, failure.why);
            }
            None => {
                all = false;
                text += &format!("{:>24}  NOT FOUND in {} seeds\n", mutation.name(), asked.n_seeds);
            }
        }
    }
    say(&text, if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(failure: &Failure, mutation: Option<Mutation>) -> String {
    let Failure { seed, event, why, trace } = failure;
    let mutation = mutation.map_or_else(String::new, |mutation| format!(" --mutation {}", mutation.name()));
    format!(
        "{}\n\nseed {seed}, event {event}: {why}\nagain: cargo run --release -p traipse-tests --bin simulate -- \
         --seed {seed} --seeds 1{mutation}\n",
        trace.join("\n")
    )
}

/// Whoever does not listen does not want the text.
fn say(text: &str, code: ExitCode) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    code
}
