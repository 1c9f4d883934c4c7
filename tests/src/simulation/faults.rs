//! What goes wrong, and for how long.

use std::time::Duration;

use super::coordinator::HOME;
use super::event::{Event, Node};
use super::network::Weather;
use super::world::World;
use traipse_agent::Event as Told;

/// A fault that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Storm,
    FullDisk,
    SlowDisk,
    FullSpool(usize),
}

impl World {
    /// Something goes wrong, and the next thing is arranged.
    pub(crate) fn strike(&mut self) {
        if self.calm {
            return;
        }
        let next = self.now + self.dice.between(Duration::from_millis(100), self.fault_every * 2);
        self.queue.push(next, Event::Fault);
        let worker = self.dice.below(self.workers.len() as u64) as usize;
        match self.dice.below(20) {
            0..2 => {
                self.counts.add("fault: coordinator killed");
                self.kill_coordinator();
            }
            2 => self.halt(None),
            3..6 => {
                self.counts.add("fault: worker killed");
                self.kill_worker(worker);
            }
            6..8 => self.halt(Some(worker)),
            8..10 => self.preempt(worker),
            10..14 => self.partition(worker),
            14 => {
                self.counts.add("fault: storm");
                self.network.weather = Weather { lost: 300, doubled: 100, slow: 300, ..self.network.weather };
                self.ends(Fault::Storm, 20_000);
            }
            15 => {
                self.counts.add("fault: disk full");
                self.disk.is_full = true;
                self.ends(Fault::FullDisk, 10_000);
            }
            16 => {
                self.counts.add("fault: disk slow");
                self.slow_disk = true;
                self.ends(Fault::SlowDisk, 20_000);
            }
            17 => self.jump(),
            18 => {
                self.counts.add("fault: spool full");
                self.workers[worker].spool_is_full = true;
                self.ends(Fault::FullSpool(worker), 60_000);
            }
            _ => {
                self.counts.add("fault: worker slow");
                self.workers[worker].slowness = 1 + self.dice.below(20) as u32;
            }
        }
    }

    pub(crate) fn end(&mut self, fault: Fault) {
        match fault {
            Fault::Storm if !self.calm => self.network.weather = self.weather,
            Fault::Storm => {}
            Fault::FullDisk => self.disk.is_full = false,
            Fault::SlowDisk => self.slow_disk = false,
            Fault::FullSpool(at) => self.workers[at].spool_is_full = false,
        }
    }

    fn ends(&mut self, fault: Fault, longest_ms: u64) {
        let at = self.now + self.dice.millis(100, longest_ms);
        self.queue.push(at, Event::End(fault));
    }

    fn halt(&mut self, worker: Option<usize>) {
        let length = self.dice.millis(100, 60_000);
        let sleeps = self.dice.once_in(3);
        self.counts.add(match (worker, sleeps) {
            (None, false) => "fault: coordinator hangs",
            (None, true) => "fault: coordinator sleeps",
            (Some(_), false) => "fault: worker hangs",
            (Some(_), true) => "fault: worker sleeps",
        });
        self.trace(|| format!("{worker:?} stands still for {length:?}"));
        match worker {
            None => self.halt_coordinator(length, sleeps),
            Some(at) => self.halt_worker(at, length, sleeps),
        }
    }

    /// A supervisor asks the worker to leave, and may lose its patience.
    fn preempt(&mut self, at: usize) {
        let Some(life) = self.workers[at].life.as_ref().filter(|life| life.stands.is_none()) else { return };
        let _ = life;
        self.counts.add("fault: worker drained");
        self.trace(|| format!("worker {at} drains"));
        if self.dice.once_in(3) {
            let patience = self.now + self.dice.millis(10, 40_000);
            self.queue.push(patience, Event::KillWorker(at, self.workers[at].incarnation));
        }
        self.tell_worker(at, Told::Drain);
    }

    fn partition(&mut self, worker: usize) {
        let other = match self.dice.once_in(4) {
            true => Node::Client(self.dice.below(self.clients.len() as u64) as usize),
            false => Node::Worker(worker),
        };
        let until = self.now + self.dice.millis(100, 60_000);
        let ways = self.dice.below(3);
        self.counts.add(if ways == 2 { "fault: partition" } else { "fault: one-sided partition" });
        self.trace(|| format!("{other:?} is cut off until {until:?}, ways {ways}"));
        if ways != 0 {
            self.network.cut(HOME, other, until);
        }
        if ways != 1 {
            self.network.cut(other, HOME, until);
        }
    }

    fn jump(&mut self) {
        self.counts.add("fault: wall clock jumps");
        let most = [4_000_000, 30_000_000, 86_400_000_000][self.dice.below(3) as usize];
        let by = self.dice.below(most) as i64;
        self.wall_offset += if self.dice.once_in(2) { by } else { -by };
    }
}
