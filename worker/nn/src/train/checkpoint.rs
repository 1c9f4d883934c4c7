//! Checkpoints: everything that the next step needs, so that a training that goes on gives the same bits as one that
//! was never stopped.
//!
//! **Layout**, little-endian: eight bytes [`MAGIC`]; the version, u32; bytes of the whole file, u64; bytes of a number
//! (4 or 8), u32; the name of the arithmetic and the name of the training (see [`training`]), each a u32 length and
//! text; the counters; θ, the moments and the running statistics, each a u64 count and numbers; the history of `lbfgs`,
//! where it is the optimiser; SHA-256 of all before it.
//! Where a training stands in the order of its examples follows from the number of steps, and so do all random draws.

use sha2::{Digest, Sha256};
use traipse_sweep::RunSettings;
use traipse_sweep::run_id;
use traipse_sweep::settings::Schedule;

use super::batches::Batches;
use super::full_batch::FullBatch;
use super::lbfgs::{Lbfgs, Pair};
use super::{Trainer, UpdateSums};
use crate::kernels::{Buffer, Real};
use crate::network::Network;
use crate::numerics;
use crate::problem::Problem;

/// What a checkpoint begins with.
const MAGIC: [u8; 8] = *b"TRAIPSEC";
/// Raised whenever the layout changes.
const VERSION: u32 = 1;
/// Bytes before the length of the whole, with it.
const HEAD: usize = 20;
/// Bytes of a SHA-256.
const DIGEST: usize = 32;
/// Most bytes of a name.
const MAX_NAME: usize = 256;

/// A checkpoint that this training cannot go on from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Something else.
    #[error("this is no checkpoint of a training: give a file that a training wrote, or train from step 0")]
    Foreign,
    /// Written by another version of the program.
    #[error("the checkpoint has layout {found}, and this program reads layout {known}: train from step 0")]
    Version {
        /// In the checkpoint.
        found: u32,
        /// Here.
        known: u32,
    },
    /// Cut short, or something stands behind it.
    #[error("the checkpoint has {found} bytes instead of {expected}: take an earlier one, or train from step 0")]
    Length {
        /// Bytes there.
        found: u64,
        /// Bytes that there should be.
        expected: u64,
    },
    /// Some bit changed.
    #[error("the checkpoint is damaged ({what}): take an earlier one, or train from step 0")]
    Damaged {
        /// How that was seen.
        what: &'static str,
    },
    /// Other arithmetic gives other bits.
    #[error("the checkpoint's arithmetic is {found}, and this training's {expected}: train from step 0")]
    Numerics {
        /// In the checkpoint.
        found: String,
        /// Here.
        expected: String,
    },
    /// Some setting that acts before the checkpoint's step differs.
    #[error("the checkpoint at step {step} is of a training with other {what}: train from step 0")]
    Settings {
        /// Its step.
        step: u64,
        /// What differs.
        what: &'static str,
    },
    /// The training is already over there.
    #[error("the checkpoint is at step {step}, and this training ends at step {end}: train from step 0")]
    Beyond {
        /// The checkpoint's step.
        step: u64,
        /// The training's last.
        end: u64,
    },
}

impl<T: Real> Trainer<T> {
    /// Appends a checkpoint: θ, the optimiser's moments, running statistics, counters and sums. Cost: one pass over these.
    pub fn save(&self, out: &mut Vec<u8>) {
        let first = out.len();
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend([0; HEAD - 12]);
        out.extend((T::BYTES as u32).to_le_bytes());
        put_text(out, &numerics());
        put_text(out, &training(&self.problem));
        let UpdateSums { n_steps, length, square, batch_loss } = self.sums;
        for count in [self.steps_done, self.examples_seen, self.rates_digest, n_steps] {
            out.extend(count.to_le_bytes());
        }
        for number in [self.rate_time, length, square, batch_loss] {
            out.extend(number.to_le_bytes());
        }
        let mut flat = vec![T::ZERO; self.problem.n_parameters()];
        for values in self.kept() {
            self.network.unpack(values, &mut flat);
            put_numbers(out, &flat);
        }
        put_numbers(out, &self.buffers);
        if let Some(FullBatch { lbfgs, .. }) = &self.full_batch {
            save_lbfgs(&self.network, lbfgs, out);
        }
        let whole = (out.len() - first + DIGEST) as u64;
        out[first + HEAD - 8..first + HEAD].copy_from_slice(&whole.to_le_bytes());
        let digest = Sha256::digest(&out[first..]);
        out.extend(digest);
    }

    /// A training that goes on where the checkpoint was made.
    ///
    /// Length and stop may differ from those of the training that wrote it; every setting that acts before its step may
    /// not, which rules out another length where the rate's course depends on it (`cosine`, `linear`).
    ///
    /// # Errors
    /// If the bytes are damaged, or are no checkpoint of this training.
    pub fn restore(problem: &Problem, bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut reader = Reader::new(bytes)?;
        check_names::<T>(problem, &mut reader)?;
        let [steps_done, examples_seen, rates_digest, n_steps] = reader.array(u64::from_le_bytes)?;
        let [rate_time, length, square, batch_loss] = reader.array(f64::from_le_bytes)?;
        let mut trainer = Self::new(problem);
        trainer.check_course(steps_done, rates_digest)?;
        trainer.read_values(&mut reader)?;
        reader.end()?;
        trainer.sums = UpdateSums { n_steps, length, square, batch_loss };
        (trainer.steps_done, trainer.examples_seen) = (steps_done, examples_seen);
        trainer.batches = Batches::after(problem, steps_done);
        if trainer.fork.as_ref().is_some_and(|fork| fork.step < steps_done) {
            trainer.enter_fork();
        }
        (trainer.rates_digest, trainer.rate_time) = (rates_digest, rate_time);
        Ok(trainer)
    }

    /// What is kept in panel layout.
    pub(super) fn kept(&self) -> impl Iterator<Item = &Buffer<T>> {
        std::iter::once(&self.parameters).chain(self.moments.iter().filter(|moment| !moment.is_empty()))
    }

    fn read_values(&mut self, reader: &mut Reader<'_>) -> Result<(), CheckpointError> {
        let Self { network, parameters, moments, buffers, full_batch, .. } = self;
        read_panels(network, reader, parameters)?;
        for moment in moments.iter_mut().filter(|moment| !moment.is_empty()) {
            read_panels(network, reader, moment)?;
        }
        reader.numbers(buffers)?;
        if let Some(FullBatch { lbfgs, .. }) = full_batch {
            read_lbfgs(network, reader, lbfgs)?;
        }
        Ok(())
    }

    /// Whether this training's first steps had the checkpoint's rates, and it goes on from there.
    fn check_course(&self, step: u64, rates_digest: u64) -> Result<(), CheckpointError> {
        let end = self.problem.course().total_steps;
        if step > end {
            return Err(CheckpointError::Beyond { step, end });
        }
        if self.rates_before(step).fold(0, chain) != rates_digest {
            return Err(CheckpointError::Settings { step, what: "learning rates before that step" });
        }
        Ok(())
    }
}

/// Goes on with a digest of learning rates.
pub(super) fn chain(digest: u64, rate: f64) -> u64 {
    /// 2⁶⁴ divided by the golden ratio, odd.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    (digest.rotate_left(29) ^ rate.to_bits()).wrapping_mul(FACTOR)
}

/// The name of a training up to any step: like a run's id, without length, stop and the course of the rate, which is
/// compared step by step.
fn training(problem: &Problem) -> String {
    let RunSettings { data, model, train, streams, fork } = problem.settings();
    let mut settings = RunSettings {
        data: data.clone(),
        model: model.clone(),
        train: train.clone(),
        streams: *streams,
        fork: fork.clone(),
    };
    settings.streams.seed = 0;
    let train = &mut settings.train;
    (train.epochs, train.steps, train.examples, train.stop) = (None, None, None, None);
    (train.schedule, train.warmup_epochs, train.learning_rate) = (Schedule::Constant, 0.0, 0.0);
    run_id(&settings, &problem.data().hash)
}

fn check_names<T: Real>(problem: &Problem, reader: &mut Reader<'_>) -> Result<(), CheckpointError> {
    let [bytes] = reader.array(u32::from_le_bytes)?;
    let name = |arithmetic: &str, bytes: u32| format!("{arithmetic} in numbers of {bytes} bytes");
    let (found, expected) = (name(reader.text()?, bytes), name(&numerics(), T::BYTES as u32));
    if found != expected {
        return Err(CheckpointError::Numerics { found, expected });
    }
    if reader.text()? != training(problem) {
        let [step] = reader.array(u64::from_le_bytes)?;
        return Err(CheckpointError::Settings { step, what: "data, model, optimiser or seeds" });
    }
    Ok(())
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

fn put_numbers<T: Real>(out: &mut Vec<u8>, values: &[T]) {
    out.extend((values.len() as u64).to_le_bytes());
    out.reserve(values.len() * T::BYTES);
    values.iter().for_each(|value| value.put(out));
}

/// Whether it is stuck, how many pairs there are, whether its value is known, the value; the gradient, and all pairs.
fn save_lbfgs<T: Real>(network: &Network<T>, lbfgs: &Lbfgs<T>, out: &mut Vec<u8>) {
    for flag in [u32::from(lbfgs.is_stuck), lbfgs.pairs.len() as u32, u32::from(lbfgs.value.is_some())] {
        out.extend(flag.to_le_bytes());
    }
    out.extend(lbfgs.value.unwrap_or(0.0).to_le_bytes());
    let mut flat = vec![T::ZERO; network.shape.n_parameters];
    let pairs = lbfgs.pairs.iter().flat_map(|pair| [&pair.s, &pair.y]);
    for values in std::iter::once(&lbfgs.gradient).chain(pairs) {
        network.unpack(values, &mut flat);
        put_numbers(out, &flat);
    }
}

fn read_lbfgs<T: Real>(
    network: &Network<T>,
    reader: &mut Reader<'_>,
    lbfgs: &mut Lbfgs<T>,
) -> Result<(), CheckpointError> {
    let [is_stuck, n_pairs, is_known] = reader.array(u32::from_le_bytes)?;
    let [value] = reader.array(f64::from_le_bytes)?;
    if n_pairs as usize > lbfgs.history {
        return Err(CheckpointError::Damaged { what: "its history is too long" });
    }
    lbfgs.is_stuck = is_stuck != 0;
    lbfgs.value = (is_known != 0).then_some(value);
    read_panels(network, reader, &mut lbfgs.gradient)?;
    for _ in 0..n_pairs {
        let mut pair = Pair::zeros(lbfgs.gradient.len());
        read_panels(network, reader, &mut pair.s)?;
        read_panels(network, reader, &mut pair.y)?;
        pair.complete();
        lbfgs.pairs.push_back(pair);
    }
    Ok(())
}

fn read_panels<T: Real>(
    network: &Network<T>,
    reader: &mut Reader<'_>,
    values: &mut [T],
) -> Result<(), CheckpointError> {
    let mut flat = vec![T::ZERO; network.shape.n_parameters];
    reader.numbers(&mut flat)?;
    network.pack(&flat, values);
    Ok(())
}

/// Reads what stands between the head and the digest, never beyond.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Behind the head, once head, length and digest are found to be right.
    fn new(bytes: &'a [u8]) -> Result<Self, CheckpointError> {
        let (Some(head), true) = (bytes.first_chunk::<HEAD>(), bytes.starts_with(&MAGIC)) else {
            return Err(CheckpointError::Foreign);
        };
        let mut head = Self { rest: &head[MAGIC.len()..] };
        let ([version], [whole]) = (head.array(u32::from_le_bytes)?, head.array(u64::from_le_bytes)?);
        if version != VERSION {
            return Err(CheckpointError::Version { found: version, known: VERSION });
        }
        if whole != bytes.len() as u64 || bytes.len() < HEAD + DIGEST {
            return Err(CheckpointError::Length { found: bytes.len() as u64, expected: whole });
        }
        let (before, digest) = bytes.split_at(bytes.len() - DIGEST);
        if Sha256::digest(before)[..] != *digest {
            return Err(CheckpointError::Damaged { what: "its SHA-256 is another" });
        }
        Ok(Self { rest: &before[HEAD..] })
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], CheckpointError> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(CheckpointError::Damaged { what: "it ends early" })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<V, const BYTES: usize, const N: usize>(
        &mut self,
        from: impl Fn([u8; BYTES]) -> V,
    ) -> Result<[V; N], CheckpointError> {
        let bytes = self.take(N * BYTES)?.as_chunks::<BYTES>().0;
        Ok(std::array::from_fn(|i| from(bytes[i])))
    }

    fn text(&mut self) -> Result<&'a str, CheckpointError> {
        let [n] = self.array(u32::from_le_bytes)?;
        if n as usize > MAX_NAME {
            return Err(CheckpointError::Damaged { what: "a name is too long" });
        }
        std::str::from_utf8(self.take(n as usize)?).map_err(|_| CheckpointError::Damaged { what: "a name is no text" })
    }

    /// Exactly as many numbers as are wanted.
    fn numbers<T: Real>(&mut self, out: &mut [T]) -> Result<(), CheckpointError> {
        let [n] = self.array(u64::from_le_bytes)?;
        if n != out.len() as u64 {
            return Err(CheckpointError::Damaged { what: "a tensor has another size" });
        }
        let bytes = self.take(out.len() * T::BYTES)?;
        bytes.chunks_exact(T::BYTES).zip(out).for_each(|(bytes, out)| *out = T::get(bytes));
        Ok(())
    }

    fn end(&self) -> Result<(), CheckpointError> {
        if self.rest.is_empty() { Ok(()) } else { Err(CheckpointError::Damaged { what: "it ends late" }) }
    }
}
