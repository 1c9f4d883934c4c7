//! A run's snapshots in order, kept to be measured.

use std::io;
use std::ops::Range;

use crate::lanes::{self, LANES, Lanes};
use crate::{Form, InMemory, Records, Snapshot, StepGram};

/// Parameters that are read at a time at least: a whole number of rounds over all lanes, so that sums taken part by
/// part are those over everything at once, bit for bit.
pub(crate) const CHUNK: usize = 16 * LANES;

/// A run's snapshots in order, in the precision in which they were trained.
///
/// Memory: whatever its [`Records`] take (bytes of a snapshot × snapshots where they are in memory), and a few numbers
/// a snapshot. Whoever reads it holds parts of snapshots, or one whole one at a time.
#[derive(Debug)]
pub struct Trajectory {
    form: Form,
    steps: Vec<u64>,
    norm_squares: Vec<f64>,
    records: Box<dyn Records>,
}

impl Trajectory {
    /// An empty trajectory that keeps its snapshots in `records`, which must be empty.
    #[must_use]
    pub fn new(form: Form, records: Box<dyn Records>) -> Self {
        Self { form, steps: Vec::new(), norm_squares: Vec::new(), records }
    }

    /// An empty trajectory that keeps its snapshots in memory.
    #[must_use]
    pub fn in_memory(form: Form) -> Self {
        Self::new(form, Box::<InMemory>::default())
    }

    /// Adds what there is after `step` optimiser updates.
    ///
    /// # Errors
    /// If the records cannot keep it.
    ///
    /// # Panics
    /// If `step` is not beyond the last one, or the snapshot has another form: bugs in the caller.
    pub fn push(&mut self, step: u64, snapshot: &Snapshot) -> io::Result<()> {
        assert_eq!(snapshot.form(), self.form, "snapshots of one training have one form");
        assert!(self.steps.last().is_none_or(|&last| last < step), "snapshots come in the order of their steps");
        self.records.push(snapshot.to_record())?;
        self.norm_squares.push(snapshot.weights.norm_square());
        self.steps.push(step);
        Ok(())
    }

    /// T: how many snapshots there are.
    #[must_use]
    pub fn n_snapshots(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no snapshot yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What the snapshots have in common.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// The steps of the snapshots.
    #[must_use]
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// ‖θ‖² of every snapshot.
    #[must_use]
    pub fn norm_squares(&self) -> &[f64] {
        &self.norm_squares
    }

    /// A whole snapshot.
    ///
    /// # Errors
    /// If the records cannot be read.
    ///
    /// # Panics
    /// If there is no such snapshot.
    pub fn snapshot(&self, at: usize) -> io::Result<Snapshot> {
        let mut record = vec![0; self.form.record_bytes()];
        self.bytes(at, 0, &mut record)?;
        Ok(Snapshot::from_record(&record, self.form))
    }

    /// Bytes of a snapshot from `start` on, laid out as [`Form::record_bytes`] says.
    ///
    /// # Errors
    /// If the records cannot be read.
    ///
    /// # Panics
    /// If there is no such snapshot, or it ends before.
    pub fn bytes(&self, at: usize, start: usize, out: &mut [u8]) -> io::Result<()> {
        self.records.read(at, start, out)
    }

    /// The inner products of the step differences; none where T is 0, 1 or above [`StepGram::MAX_SNAPSHOTS`].
    ///
    /// Cost: reads every snapshot once; T²/2 multiply-adds a parameter. Memory: some 16 MiB where snapshots are not in
    /// memory, next to nothing where they are; and 64 bytes × T².
    ///
    /// # Errors
    /// If the records cannot be read.
    pub fn step_gram(&self) -> io::Result<Option<StepGram>> {
        let wanted = (2..=StepGram::MAX_SNAPSHOTS).contains(&self.n_snapshots());
        wanted.then(|| StepGram::of(self)).transpose()
    }

    /// Parameters to read at a time from each of some snapshots, at most `bytes` of each.
    pub(crate) fn part_len(&self, bytes: usize) -> usize {
        let wanted = self.records.stride().min(bytes) / self.form.width();
        (wanted - wanted % CHUNK).max(CHUNK)
    }

    /// Walks over θ part by part, each part a whole number of [`CHUNK`]s but for the last.
    pub(crate) fn parts(&self, len: usize) -> impl Iterator<Item = Part<'_>> {
        self.parts_of(0..self.form.n_parameters, len)
    }

    /// Walks over some consecutive parameters of θ part by part, likewise.
    pub(crate) fn parts_of(&self, range: Range<usize>, len: usize) -> impl Iterator<Item = Part<'_>> {
        let end = range.end;
        range.step_by(len).map(move |start| Part { trajectory: self, start, len: len.min(end - start) })
    }

    /// Σᵢ term(θ_at[0],i, θ_at[1],i, …) in lanes. Cost: reads the snapshots once. Memory: parts of them.
    pub(crate) fn sum_over<const K: usize>(&self, at: [usize; K], term: impl Fn([f64; K]) -> f64) -> io::Result<f64> {
        let mut sum = Lanes::default();
        let mut values = at.map(|_| Vec::new());
        for part in self.parts(self.part_len(usize::MAX)) {
            for (&at, values) in at.iter().zip(&mut values) {
                part.read(at, values)?;
            }
            lanes::add(&mut sum, values.each_ref().map(Vec::as_slice), &term);
        }
        Ok(lanes::fold(sum))
    }
}

/// The same parameters of every snapshot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    trajectory: &'a Trajectory,
    start: usize,
    pub(crate) len: usize,
}

impl Part<'_> {
    /// Fills `bytes` with this part of a snapshot.
    pub(crate) fn bytes(self, at: usize, bytes: &mut [u8]) -> io::Result<()> {
        self.trajectory.bytes(at, self.start * self.trajectory.form.width(), bytes)
    }

    /// Makes `values` this part of a snapshot.
    pub(crate) fn read(self, at: usize, values: &mut Vec<f64>) -> io::Result<()> {
        let form = self.trajectory.form;
        let mut bytes = vec![0; self.len * form.width()];
        self.bytes(at, &mut bytes)?;
        values.resize(self.len, 0.0);
        form.widen(&bytes, values);
        Ok(())
    }
}
