//! Input bytes, packed for products: zeros that eight neighbours share are left out, which is exact.
//!
//! A skipped term is 0 · w; adding it changes no finite sum. For MNIST more than half of all terms go.

use crate::data::Scaling;

use super::lanes::Lanes;
use super::{Buffer, Op, ROWS, WIDTH, padded};

/// A chunk of examples as bytes, rows and columns padded with zeros to multiples of eight.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    bytes: Vec<u8>,
    n_features: usize,
    n_rows: usize,
}

/// Groups of eight (examples for the forward pass, features for the weights' gradient), each a list of k's at which
/// any of the eight is not zero: the offset of row k in a panel, and eight values.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    starts: Vec<u32>,
    offsets: Vec<u32>,
    words: Vec<[u8; ROWS]>,
    values: Buffer,
    depth: usize,
}

impl Raw {
    /// Room for `capacity` examples.
    pub(crate) fn new(capacity: usize, n_features: usize) -> Self {
        Self { bytes: vec![0; padded(capacity) * padded(n_features)], n_features, n_rows: 0 }
    }

    /// Copies examples in.
    ///
    /// # Panics
    /// If there are more than the capacity.
    pub(crate) fn fill(&mut self, all: &[u8], rows: &[u32]) {
        let (n, stride) = (self.n_features, padded(self.n_features));
        self.n_rows = rows.len();
        for (&row, to) in rows.iter().zip(self.bytes.chunks_exact_mut(stride)) {
            to[..n].copy_from_slice(&all[row as usize * n..][..n]);
        }
        self.bytes[rows.len() * stride..padded(rows.len()) * stride].fill(0);
    }

    /// ‖x‖² of example `row`, from exact integer sums.
    pub(crate) fn square(&self, row: usize, scaling: Scaling) -> f64 {
        let stride = padded(self.n_features);
        let bytes = &self.bytes[row * stride..][..self.n_features];
        let first: u64 =
            bytes.chunks(1024).map(|part| u64::from(part.iter().map(|&b| u32::from(b)).sum::<u32>())).sum();
        let second: u64 = bytes
            .chunks(1024)
            .map(|part| u64::from(part.iter().map(|&b| u32::from(b) * u32::from(b)).sum::<u32>()))
            .sum();
        let (scale, offset) = (f64::from(scaling.scale), f64::from(scaling.offset));
        scale * scale * second as f64 + 2.0 * scale * offset * first as f64 + offset * offset * bytes.len() as f64
    }
}

impl Packed {
    /// Room for a product over `depth` k's in `n_groups` groups of eight.
    pub(crate) fn new(n_groups: usize, depth: usize) -> Self {
        let n = n_groups * depth;
        Self {
            starts: vec![0; n_groups + 1],
            offsets: vec![0; n + 1],
            words: vec![[0; ROWS]; n + 1],
            values: Buffer::zeros(n * ROWS),
            depth: 0,
        }
    }

    /// One more than the largest k of the last packing.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Values (eight a k) and offsets of one group.
    #[inline(always)]
    pub(crate) fn group(&self, group: usize) -> (&[f32], &[u32]) {
        let (from, to) = (self.starts[group] as usize, self.starts[group + 1] as usize);
        (&self.values[from * ROWS..to * ROWS], &self.offsets[from..to])
    }
}

/// Packs groups of eight examples, k over features.
pub(crate) struct PackRows<'a> {
    /// From here.
    pub(crate) raw: &'a Raw,
    /// How bytes become numbers.
    pub(crate) scaling: Scaling,
    /// To here.
    pub(crate) packed: &'a mut Packed,
}

/// Packs groups of eight features, k over examples.
pub(crate) struct PackColumns<'a> {
    /// From here.
    pub(crate) raw: &'a Raw,
    /// How bytes become numbers.
    pub(crate) scaling: Scaling,
    /// To here.
    pub(crate) packed: &'a mut Packed,
}

impl Op for PackRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { raw, scaling, packed } = self;
        let (n, stride, dense) = (raw.n_features, padded(raw.n_features), scaling.offset != 0.0);
        packed.depth = n;
        let mut list = List { offsets: &mut packed.offsets, words: &mut packed.words, count: 0, dense };
        for (group, rows) in raw.bytes.chunks_exact(ROWS * stride).take(raw.n_rows.div_ceil(ROWS)).enumerate() {
            for first in (0..n).step_by(ROWS) {
                let mut block = [0; ROWS];
                for (r, row) in block.iter_mut().enumerate() {
                    *row = word(&rows[r * stride + first..]);
                }
                for (k, column) in (first..n).zip(transpose_bytes(block)) {
                    list.push(k, column);
                }
            }
            packed.starts[group + 1] = list.count as u32;
        }
        let count = list.count;
        convert(&packed.words[..count], &mut packed.values, scaling);
    }
}

impl Op for PackColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { raw, scaling, packed } = self;
        let (n, stride, dense) = (raw.n_features, padded(raw.n_features), scaling.offset != 0.0);
        packed.depth = raw.n_rows;
        let mut list = List { offsets: &mut packed.offsets, words: &mut packed.words, count: 0, dense };
        for (group, first) in (0..n).step_by(ROWS).enumerate() {
            for (k, row) in raw.bytes.chunks_exact(stride).take(raw.n_rows).enumerate() {
                list.push(k, word(&row[first..]));
            }
            packed.starts[group + 1] = list.count as u32;
        }
        let count = list.count;
        convert(&packed.words[..count], &mut packed.values, scaling);
    }
}

#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    let mut eight = [0; ROWS];
    eight.copy_from_slice(&bytes[..ROWS]);
    u64::from_le_bytes(eight)
}

/// Entries as they are found.
struct List<'a> {
    offsets: &'a mut [u32],
    words: &'a mut [[u8; ROWS]],
    count: usize,
    dense: bool,
}

impl List<'_> {
    /// Writes the entry always and counts it only if it is kept: no branch to mispredict.
    #[inline(always)]
    fn push(&mut self, k: usize, word: u64) {
        self.offsets[self.count] = (k * WIDTH) as u32;
        self.words[self.count] = word.to_le_bytes();
        self.count += usize::from(self.dense | (word != 0));
    }
}

#[inline(always)]
fn convert(words: &[[u8; ROWS]], values: &mut [f32], scaling: Scaling) {
    for (value, &byte) in values.iter_mut().zip(words.as_flattened()) {
        *value = f32::from(byte).mul_add(scaling.scale, scaling.offset);
    }
}

/// Transposes 8 × 8 bytes: byte j of word i becomes byte i of word j.
#[inline(always)]
fn transpose_bytes(mut x: [u64; 8]) -> [u64; 8] {
    for i in [0, 1, 2, 3] {
        exchange::<4>(&mut x, i, 0x0000_0000_ffff_ffff);
    }
    for i in [0, 1, 4, 5] {
        exchange::<2>(&mut x, i, 0x0000_ffff_0000_ffff);
    }
    for i in [0, 2, 4, 6] {
        exchange::<1>(&mut x, i, 0x00ff_00ff_00ff_00ff);
    }
    x
}

/// Exchanges the bytes outside `mask` of word i with those inside it of word i + D.
#[inline(always)]
fn exchange<const D: usize>(x: &mut [u64; 8], i: usize, mask: u64) {
    let (low, high) = (x[i], x[i + D]);
    x[i] = low & mask | (high & mask) << (D * 8);
    x[i + D] = (low >> (D * 8)) & mask | high & !mask;
}
