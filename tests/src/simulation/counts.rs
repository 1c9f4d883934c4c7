//! How often what happened.

use std::collections::BTreeMap;
use std::fmt;

/// A histogram by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    by_name: BTreeMap<&'static str, u64>,
    /// Messages, of which there are most: beside the map, since looking a name up costs more than sending one.
    pub(crate) n_messages: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, name: &'static str) {
        self.add_many(name, 1);
    }

    pub(crate) fn add_many(&mut self, name: &'static str, n: u64) {
        *self.by_name.entry(name).or_default() += n;
    }

    /// How often that happened.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.by_name.get(name).copied().unwrap_or(0)
    }

    /// Takes up another world's.
    pub fn merge(&mut self, other: &Self) {
        for (name, n) in &other.by_name {
            self.add_many(name, *n);
        }
        self.n_messages += other.n_messages;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, n) in &self.by_name {
            writeln!(f, "{n:>14}  {name}")?;
        }
        writeln!(f, "{:>14}  messages", self.n_messages)
    }
}
