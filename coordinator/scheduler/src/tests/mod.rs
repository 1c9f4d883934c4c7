//! Rules as rows of data, and a seeded simulation, all of them through the pump with invariants after every event.

mod comparisons;
mod durability;
mod failures;
mod leases;
mod placement;
mod queue;
mod retries;
mod sequence;
mod sessions;
mod sharing;
mod simulation;
mod snapshots;
mod sweeps;
mod world;
