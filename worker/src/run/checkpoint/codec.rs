//! Numbers and blobs into a writer and out of a reader, digested on the way.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};
use traipse_nn::{Loss, UpdateSums};
use traipse_probe::gradients::Gradients;

use super::super::journey::Point;
use super::Error;

/// What a length promises is read in pieces of this size at most: a lie allocates no more than there is.
const PIECE_BYTES: u64 = 1 << 20;

/// A writer that remembers the digest of what it was given.
pub(super) struct Sink<'a> {
    out: &'a mut dyn Write,
    digest: Sha256,
}

impl<'a> Sink<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, digest: Sha256::new() }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.out.write_all(bytes)
    }

    pub(super) fn number(&mut self, number: u64) -> io::Result<()> {
        self.bytes(&number.to_le_bytes())
    }

    pub(super) fn float(&mut self, value: f64) -> io::Result<()> {
        self.bytes(&value.to_le_bytes())
    }

    pub(super) fn blob(&mut self, blob: &[u8]) -> io::Result<()> {
        self.number(blob.len() as u64)?;
        self.bytes(blob)
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.out.write_all(&self.digest.finalize())?;
        self.out.flush()
    }
}

/// A reader that remembers the digest of what it gave.
pub(super) struct Source<'a> {
    input: &'a mut dyn Read,
    digest: Sha256,
}

impl<'a> Source<'a> {
    pub(super) fn new(input: &'a mut dyn Read) -> Self {
        Self { input, digest: Sha256::new() }
    }

    pub(super) fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|error| short(part, error))?;
        self.digest.update(bytes);
        Ok(bytes)
    }

    pub(super) fn number(&mut self, part: &'static str) -> Result<u64, Error> {
        self.array(part).map(u64::from_le_bytes)
    }

    pub(super) fn float(&mut self, part: &'static str) -> Result<f64, Error> {
        self.array(part).map(f64::from_le_bytes)
    }

    /// That many bytes.
    pub(super) fn exactly(&mut self, part: &'static str, n_bytes: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let mut left = n_bytes as u64;
        while left > 0 {
            let before = bytes.len();
            let found = (&mut *self.input).take(left.min(PIECE_BYTES)).read_to_end(&mut bytes).map_err(Error::Io)?;
            if found == 0 {
                return Err(Error::Short { part });
            }
            self.digest.update(&bytes[before..]);
            left -= found as u64;
        }
        Ok(bytes)
    }

    pub(super) fn blob(&mut self, part: &'static str, most: u64) -> Result<Vec<u8>, Error> {
        let n_bytes = self.number(part)?;
        let fits = usize::try_from(n_bytes).ok().filter(|_| n_bytes <= most);
        let n_bytes = fits.ok_or_else(|| Error::Part { part, found: format!("{n_bytes} bytes long") })?;
        self.exactly(part, n_bytes)
    }

    /// Compares the digest; nothing may come after it.
    pub(super) fn finish(self) -> Result<(), Error> {
        let mut there = [0; 32];
        self.input.read_exact(&mut there).map_err(|error| short("digest", error))?;
        let is_end = self.input.read(&mut [0]).map_err(Error::Io)? == 0;
        if is_end && there[..] == self.digest.finalize()[..] { Ok(()) } else { Err(Error::Damaged) }
    }
}

fn short(part: &'static str, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { Error::Short { part } } else { Error::Io(error) }
}

pub(super) fn put_point(sink: &mut Sink<'_>, point: &Point) -> io::Result<()> {
    sink.number(point.step)?;
    sink.number(point.examples_seen)?;
    [point.epoch, point.rate_time, point.learning_rate].into_iter().try_for_each(|value| sink.float(value))?;
    let UpdateSums { n_steps, length, square, batch_loss } = point.updates;
    sink.number(n_steps)?;
    [length, square, batch_loss].into_iter().try_for_each(|value| sink.float(value))?;
    let Gradients { loss, penalty, gradient_norm, objective_gradient_norm, noise_trace } = point.on_probe_set;
    put_loss(sink, loss)?;
    [penalty, gradient_norm, objective_gradient_norm].into_iter().try_for_each(|value| sink.float(value))?;
    put_option(sink, noise_trace)?;
    put_loss(sink, point.on_test_set)?;
    put_option(sink, point.curvature_update)
}

pub(super) fn take_point(source: &mut Source<'_>) -> Result<Point, Error> {
    const PART: &str = "points";
    let float = |source: &mut Source<'_>| source.float(PART);
    Ok(Point {
        step: source.number(PART)?,
        examples_seen: source.number(PART)?,
        epoch: float(source)?,
        rate_time: float(source)?,
        learning_rate: float(source)?,
        updates: UpdateSums {
            n_steps: source.number(PART)?,
            length: float(source)?,
            square: float(source)?,
            batch_loss: float(source)?,
        },
        on_probe_set: Gradients {
            loss: take_loss(source)?,
            penalty: float(source)?,
            gradient_norm: float(source)?,
            objective_gradient_norm: float(source)?,
            noise_trace: take_option(source)?,
        },
        on_test_set: take_loss(source)?,
        curvature_update: take_option(source)?,
    })
}

fn put_option(sink: &mut Sink<'_>, value: Option<f64>) -> io::Result<()> {
    sink.bytes(&[u8::from(value.is_some())])?;
    sink.float(value.unwrap_or(0.0))
}

fn take_option(source: &mut Source<'_>) -> Result<Option<f64>, Error> {
    let [is_there] = source.array("points")?;
    let value = source.float("points")?;
    Ok((is_there == 1).then_some(value))
}

fn put_loss(sink: &mut Sink<'_>, loss: Loss) -> io::Result<()> {
    let Loss { mean, error, n } = loss;
    [mean, error].into_iter().try_for_each(|value| sink.float(value))?;
    sink.number(n)
}

fn take_loss(source: &mut Source<'_>) -> Result<Loss, Error> {
    Ok(Loss { mean: source.float("points")?, error: source.float("points")?, n: source.number("points")? })
}
