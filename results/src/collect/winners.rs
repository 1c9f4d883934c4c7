//! Which generation of a job counts: the current one.

use std::collections::BTreeMap;

use super::Raised;

/// The generation of each job that counts.
#[derive(Debug)]
pub(crate) struct Winners<'a> {
    /// By first job.
    raised: BTreeMap<u64, &'a Raised>,
}

impl<'a> Winners<'a> {
    pub(crate) fn new(raised: &'a [Raised]) -> Self {
        Self { raised: raised.iter().map(|raised| (raised.first_job, raised)).collect() }
    }

    /// The generation of a job that counts.
    pub(crate) fn of(&self, job: u64) -> u32 {
        let range = self.raised.range(..=job).next_back();
        range.filter(|(first, raised)| job - **first < raised.n_jobs).map_or(0, |(_, raised)| raised.generation)
    }
}
