//! Random workers against the pump: lost, doubled and late calls, expiries, crashes of both sides, cancels. What was
//! answered must be durable, a generation has one result at most, a comparison comes after its members, and all jobs end
//! when the faults stop.

mod agents;
mod oracle;

use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::SweepId;
use traipse_sweep::facts::Control;

use super::world::*;
use crate::command::Command;
use agents::Agent;
use oracle::Oracle;

const N_SEEDS: u64 = 250;
const N_STEPS: u32 = 300;

/// SplitMix64.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }

    /// Below `n`.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// True once in `n`.
    pub(super) fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// One simulated history.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) world: World,
    dice: Dice,
    agents: Vec<Agent>,
    oracle: Oracle,
    sweeps: Vec<SweepId>,
    snapshot: Option<(u64, Vec<u8>)>,
}

impl Run {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut world = World::with(|config| config.batch_facts = 3);
        world.commits_at_once = false;
        let n_agents = 1 + dice.below(4);
        let agents = (0..n_agents).map(|id| Agent::new(u128::from(id) + 1, 1 + dice.below(4) as u32)).collect();
        let mut run = Self { world, dice, agents, oracle: Oracle::default(), sweeps: Vec::new(), snapshot: None };
        run.submit();
        run
    }

    /// One random event, and the checks after it.
    pub(super) fn step(&mut self) {
        match self.dice.below(100) {
            0..30 => self.world.commit(),
            30..31 if self.sweeps.len() < 3 => self.submit(),
            31 if self.dice.once_in(8) => self.control(),
            32 => self.crash(),
            33 => self.snapshot = Some((self.world.pump.snapshot_seq(), self.world.pump.snapshot().encode())),
            34..42 => {
                let seconds = self.dice.below(60) as f64 / 10.0;
                self.world.pass(seconds);
            }
            42 => self.world.pass(16.0),
            // The coordinator stands still.
            43 if self.dice.once_in(4) => self.world.now += Duration::from_secs(self.dice.below(40)),
            _ => {
                let at = self.dice.below(self.agents.len() as u64) as usize;
                self.agents[at].act(&mut self.world, &mut self.dice, &mut self.oracle);
            }
        }
        self.oracle.check(&self.world);
    }

    fn submit(&mut self) {
        let sweep = SweepId(100 + self.sweeps.len() as u128);
        let spec = match self.dice.below(6) {
            0 | 1 => grid_spec(1 + self.dice.below(3)),
            2 | 3 => spec(1 + self.dice.below(40)),
            4 => pairs_spec(2 + self.dice.below(6)),
            _ => compared_grid_spec(2),
        };
        self.sweeps.push(sweep);
        let call = self.world.call(Command::Submit { sweep, spec: Arc::from(spec) });
        self.oracle.asked_to_submit(call, sweep);
    }

    fn control(&mut self) {
        let sweep = self.sweeps[self.dice.below(self.sweeps.len() as u64) as usize];
        let control = match self.dice.below(6) {
            0 => Control::Cancel,
            1 | 2 => Control::Pause,
            _ => Control::Resume,
        };
        let call = self.world.call(Command::Control { sweep, control });
        self.oracle.asked_to_control(call, sweep, control);
    }

    /// The coordinator dies. Agents keep what they have, and find that their sessions are gone.
    fn crash(&mut self) {
        let snapshot = self.snapshot.take().filter(|_| self.dice.once_in(2));
        self.world.crash(snapshot.as_ref().map(|(seq, bytes)| (*seq, &bytes[..])));
        for agent in &mut self.agents {
            agent.lose_calls(&mut self.world);
        }
        self.oracle.calls_are_lost();
    }

    /// No more faults: what was submitted must end.
    fn settle(&mut self) {
        self.world.commits_at_once = true;
        self.world.commit();
        for sweep in self.sweeps.clone() {
            let status = self.world.pump.status(sweep);
            if status.is_none() {
                // The submit died in a crash, and its client asks again.
                self.world.submit(sweep, &spec(7)).expect("the id is free");
            }
            // An ended sweep refuses, and that is as well.
            let _ = self.world.control(sweep, Control::Resume);
        }
        for _ in 0..2000 {
            if self.sweeps.iter().all(|sweep| self.world.pump.status(*sweep).is_some_and(|s| s.state.is_ended())) {
                return;
            }
            for agent in &mut self.agents {
                agent.behave(&mut self.world, &mut self.dice, &mut self.oracle);
            }
            self.world.pass(0.5);
            self.oracle.check(&self.world);
        }
        panic!("not all ended: {:#?}", self.sweeps.iter().map(|s| self.world.pump.status(*s)).collect::<Vec<_>>());
    }
}

fn simulate(seed: u64) {
    let mut run = Run::new(seed);
    for _ in 0..N_STEPS {
        run.step();
    }
    run.settle();
    run.oracle.check(&run.world);
    run.oracle.check_end(&run.world, &run.sweeps);
}

#[test]
fn all_jobs_end_once_whatever_happens() {
    for seed in 0..N_SEEDS {
        let outcome = std::panic::catch_unwind(|| simulate(seed));
        assert!(outcome.is_ok(), "seed {seed}");
    }
}
