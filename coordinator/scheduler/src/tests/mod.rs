//! Rules as rows of data, and a seeded simulation, all of them through the pump with invariants after every event.

mod comparisons;
mod drain;
mod durability;
mod explain;
mod extensions;
mod failures;
mod holds;
mod leases;
mod limits;
mod losses;
mod placement;
mod queue;
mod retries;
mod sequence;
mod sessions;
mod sharing;
mod simulation;
mod snapshots;
mod suspensions;
mod sweeps;
mod world;
