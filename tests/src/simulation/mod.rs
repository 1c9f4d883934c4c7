//! A seeded simulation of the whole orchestrator: the real scheduler with its pump and what follows its commits, and the
//! real worker's agent, many of each, in a world with a virtual clock, a bad network, a bad disk and bad luck.
//!
//! A seed decides everything, so that a failure can be looked at again. What is simulated, what is not and how to replay
//! a failure stands in `docs/simulation.md`.

mod check;
mod client;
mod coordinator;
mod counts;
mod dice;
mod disk;
mod event;
mod faults;
mod jobs;
mod mutation;
mod network;
mod oracle;
mod queue;
mod sealer;
mod specs;
mod worker;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use counts::Counts;
pub use mutation::Mutation;
use world::World;

/// What is wrong with a seed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The number of the event.
    pub event: u64,
    /// What does not hold.
    pub why: String,
    /// The last events before it.
    pub trace: Vec<String>,
}

/// Lets one world run to its end. Returns what happened in it, and how many events that were.
///
/// # Errors
/// If an invariant does not hold, or the product panics.
pub fn run(seed: u64, mutation: Option<Mutation>) -> Result<(Counts, u64), Box<Failure>> {
    let world = attempt(seed, mutation, false);
    match world.violation {
        None => Ok((world.counts, world.n_events)),
        // The same again, this time with a trace.
        Some(_) => {
            let world = attempt(seed, mutation, true);
            let why = world.violation.clone().unwrap_or_else(|| "the same seed went another way".to_owned());
            Err(Box::new(Failure { seed, event: world.n_events, why, trace: world.traced() }))
        }
    }
}

fn attempt(seed: u64, mutation: Option<Mutation>, traces: bool) -> World {
    mutation::switch(mutation);
    let mut world = World::new(seed, mutation, traces);
    let ended = catch_unwind(AssertUnwindSafe(|| world.run()));
    mutation::switch(None);
    if let Err(panic) = ended {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        world.violated(format!("panic: {text}"));
    }
    world
}
