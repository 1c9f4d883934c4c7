//! Input bytes, packed for products: zeros that eight neighbours share are left out, which is exact.
//!
//! A skipped term is 0 · w; adding it changes no finite sum. For MNIST more than half of all terms go.

use crate::data::Scaling;

use super::lanes::Family;
use super::{Buffer, Op, ROWS, Real};

/// Bytes in a cache line.
const LINE: usize = 64;

/// A chunk of examples among the bytes of a split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Examples<'a> {
    /// All examples, row after row.
    pub(crate) bytes: &'a [u8],
    /// Bytes in a row.
    pub(crate) n_features: usize,
    /// Which; at least one.
    pub(crate) rows: &'a [u32],
    /// How bytes become numbers.
    pub(crate) scaling: Scaling,
}

/// Groups of eight (examples for the forward pass, features for the weights' gradient), each a list of k's at which
/// any of the eight is not zero: the offset of row k in a panel, and eight values.
#[derive(Clone, Debug)]
pub(crate) struct Packed<T> {
    starts: Vec<u32>,
    offsets: Vec<u32>,
    words: Vec<u64>,
    values: Buffer<T>,
    depth: usize,
}

impl<'a> Examples<'a> {
    /// One example; beyond the last, the last again, whose results nobody reads.
    #[inline(always)]
    pub(crate) fn example(&self, index: usize) -> &'a [u8] {
        let row = self.rows[index.min(self.rows.len() - 1)] as usize;
        &self.bytes[row * self.n_features..][..self.n_features]
    }

    /// Whether zeros have to be kept, since they stand for another number.
    #[inline(always)]
    fn is_dense(&self) -> bool {
        self.scaling.offset != 0.0
    }
}

impl<T: Real> Packed<T> {
    /// Room for a product over `depth` k's in `n_groups` groups of eight.
    pub(crate) fn new(n_groups: usize, depth: usize) -> Self {
        // One word at a time is written eight at once, so there is room for eight more than can be kept.
        let n = n_groups * depth + ROWS;
        Self {
            starts: vec![0; n_groups + 1],
            offsets: vec![0; n],
            words: vec![0; n],
            values: Buffer::zeros(n * ROWS),
            depth: 0,
        }
    }

    /// Memory that it holds.
    pub(crate) fn n_bytes(&self) -> usize {
        self.values.len() * T::BYTES + self.words.len() * 8 + (self.offsets.len() + self.starts.len()) * 4
    }

    /// One more than the largest k of the last packing.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Values (eight a k) and offsets of one group.
    #[inline(always)]
    pub(crate) fn group(&self, group: usize) -> (&[T], &[u32]) {
        let (from, to) = (self.starts[group] as usize, self.starts[group + 1] as usize);
        (&self.values[from * ROWS..to * ROWS], &self.offsets[from..to])
    }
}

/// Packs groups of eight examples, k over features.
pub(crate) struct PackRows<'a, T> {
    /// From here.
    pub(crate) examples: Examples<'a>,
    /// To here.
    pub(crate) packed: &'a mut Packed<T>,
}

/// Packs groups of eight features, k over examples.
pub(crate) struct PackColumns<'a, T> {
    /// From here.
    pub(crate) examples: Examples<'a>,
    /// To here.
    pub(crate) packed: &'a mut Packed<T>,
}

impl<T: Real> Op for PackRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { examples, packed } = self;
        let (n, dense) = (examples.n_features, examples.is_dense());
        packed.depth = n;
        let mut list = List { offsets: &mut packed.offsets, words: &mut packed.words, count: 0, dense };
        for (group, start) in packed.starts[1..].iter_mut().enumerate().take(examples.rows.len().div_ceil(ROWS)) {
            let mut rows = [&[][..]; ROWS];
            for (r, row) in rows.iter_mut().enumerate() {
                *row = examples.example(group * ROWS + r);
                // The next group's rows lie anywhere: the processor cannot guess them.
                examples.example((group + 1) * ROWS + r).iter().step_by(LINE).for_each(F::prefetch);
            }
            for first in (0..n).step_by(ROWS) {
                let mut block = [0; ROWS];
                for (word, row) in block.iter_mut().zip(rows) {
                    *word = word_at(row, first);
                }
                list.push::<F>(first, transpose_bytes::<F>(block), ROWS.min(n - first));
            }
            *start = list.count as u32;
        }
        let count = list.count;
        convert(&packed.words[..count], &mut packed.values, examples.scaling);
    }
}

impl<T: Real> Op for PackColumns<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { examples, packed } = self;
        let (n, dense) = (examples.rows.len(), examples.is_dense());
        packed.depth = n;
        let mut list = List { offsets: &mut packed.offsets, words: &mut packed.words, count: 0, dense };
        for (first, start) in (0..examples.n_features).step_by(ROWS).zip(&mut packed.starts[1..]) {
            for k in (0..n).step_by(ROWS) {
                let mut block = [0; ROWS];
                for (i, word) in block.iter_mut().enumerate() {
                    *word = word_at(examples.example(k + i), first);
                }
                list.push::<F>(k, block, ROWS.min(n - k));
            }
            *start = list.count as u32;
        }
        let count = list.count;
        convert(&packed.words[..count], &mut packed.values, examples.scaling);
    }
}

/// Eight bytes from `first` on; beyond the row's end, zeros.
#[inline(always)]
fn word_at(row: &[u8], first: usize) -> u64 {
    let mut eight = [0; ROWS];
    match row[first..].first_chunk() {
        Some(whole) => eight = *whole,
        None => eight[..row.len() - first].copy_from_slice(&row[first..]),
    }
    u64::from_le_bytes(eight)
}

/// Entries as they are found.
struct List<'a> {
    offsets: &'a mut [u32],
    words: &'a mut [u64],
    count: usize,
    dense: bool,
}

impl List<'_> {
    /// Appends those of the first `n` of eight words, for k from `first` on, that are not zero.
    #[inline(always)]
    fn push<F: Family>(&mut self, first: usize, block: [u64; ROWS], n: usize) {
        let offsets: &mut [u32; ROWS] = (&mut self.offsets[self.count..][..ROWS]).try_into().expect("eight long");
        let words: &mut [u64; ROWS] = (&mut self.words[self.count..][..ROWS]).try_into().expect("eight long");
        // SAFETY: `F` is right by `Isa`.
        self.count += unsafe { F::keep(block, (1u16 << n).wrapping_sub(1) as u8, self.dense, first, offsets, words) };
    }
}

#[inline(always)]
fn convert<T: Real>(words: &[u64], values: &mut [T], scaling: Scaling) {
    for (values, word) in values.as_chunks_mut::<ROWS>().0.iter_mut().zip(words) {
        for (value, byte) in values.iter_mut().zip(word.to_le_bytes()) {
            *value = T::of(f64::from(f32::from(byte).mul_add(scaling.scale, scaling.offset)));
        }
    }
}

/// Transposes 8 × 8 bytes: byte j of word i becomes byte i of word j.
#[inline(always)]
fn transpose_bytes<F: Family>(block: [u64; ROWS]) -> [u64; ROWS] {
    // SAFETY: `F` is right by `Isa`.
    unsafe { F::transpose_bytes(block) }
}
