//! Examples on their way into a network.

use crate::data::{Dataset, Scaling, Split, Values};
use crate::kernels::{
    Buffer, ColumnSquares, ExampleSquares, Examples, Family, Op, PackColumns, PackRows, Packed, ROWS, Real, WIDTH,
    padded, panels,
};
use crate::layers::Input;

use super::{Network, value_numbers};

/// One chunk of examples, packed or in panels.
#[derive(Debug)]
pub(super) struct InputBuffer<T> {
    rows: Vec<u32>,
    /// By rows and by columns; none where the network reads panels.
    packed: Option<[Packed<T>; 2]>,
    values: Buffer<T>,
}

impl<T: Real> InputBuffer<T> {
    pub(super) fn new(network: &Network<T>, capacity: usize) -> Self {
        let n_features = network.shape.input.n_features();
        let packed = network.packs.map(|_| {
            let groups = panels(capacity) * (WIDTH / ROWS);
            [Packed::new(groups, n_features), Packed::new(padded(n_features) / ROWS, capacity)]
        });
        let n = if network.packs.is_some() { 0 } else { value_numbers(n_features, capacity) };
        Self { rows: Vec::with_capacity(capacity), packed, values: Buffer::zeros(n) }
    }

    /// Takes in examples.
    pub(super) fn load(&mut self, network: &Network<T>, data: &Dataset, split: &Split, rows: &[u32]) {
        self.rows.clear();
        self.rows.extend_from_slice(rows);
        match (&mut self.packed, network.packs) {
            (Some([by_rows, _]), Some(scaling)) => {
                let examples = examples(split, &self.rows, scaling);
                network.isa.run(PackRows { examples, packed: by_rows });
            }
            _ => unpack(network, data, split, rows, &mut self.values),
        }
    }

    /// Makes ready what gradients by weights read.
    pub(super) fn prepare_columns(&mut self, network: &Network<T>, split: &Split) {
        if let (Some([_, by_columns]), Some(scaling)) = (&mut self.packed, network.packs) {
            let examples = examples(split, &self.rows, scaling);
            network.isa.run(PackColumns { examples, packed: by_columns });
        }
    }

    /// The numbers in panels, to be changed before they are read; empty where bytes are packed.
    pub(super) fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// ‖x‖² of every example.
    pub(super) fn squares(&self, network: &Network<T>, split: &Split, out: &mut [f64]) {
        match network.packs {
            Some(scaling) => network.isa.run(ExampleSquares { examples: examples(split, &self.rows, scaling), out }),
            None => {
                let features = split.n_features();
                network.isa.run(ColumnSquares { values: &self.values, features, out });
            }
        }
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.values.len() * T::BYTES + self.packed.iter().flatten().map(Packed::n_bytes).sum::<usize>()
    }

    pub(super) fn n(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    pub(super) fn get(&self) -> Input<'_, T> {
        match &self.packed {
            Some([rows, columns]) => Input::Packed { rows, columns },
            None => Input::Values(&self.values),
        }
    }
}

fn examples<'a>(split: &'a Split, rows: &'a [u32], scaling: Scaling) -> Examples<'a> {
    Examples { bytes: split.bytes(), n_features: split.n_features(), rows, scaling }
}

/// Writes examples in panels; lanes beyond the last hold the last again.
fn unpack<T: Real>(network: &Network<T>, data: &Dataset, split: &Split, rows: &[u32], out: &mut [T]) {
    let n_features = split.n_features();
    let height = padded(n_features) * WIDTH;
    let lanes = |panel: usize| {
        let row = move |lane: usize| rows[(panel * WIDTH + lane).min(rows.len() - 1)] as usize;
        std::array::from_fn::<usize, WIDTH, _>(|lane| row(lane) * n_features)
    };
    for panel in 0..panels(rows.len()) {
        let out = out[panel * height..][..n_features * WIDTH].as_chunks_mut::<WIDTH>().0;
        let starts = lanes(panel);
        match split.values() {
            Values::Floats(values) => {
                for (feature, out) in out.iter_mut().enumerate() {
                    for (out, start) in out.iter_mut().zip(starts) {
                        *out = T::of(f64::from(values[start + feature]));
                    }
                }
            }
            Values::Bytes(bytes) => {
                let examples = starts.map(|start| &bytes[start..][..n_features]);
                let scalings = Scalings { all: &data.scalings, pixels: n_features / data.scalings.len().max(1) };
                network.isa.run(Unpack { examples: &examples, scalings, out });
            }
        }
    }
}

/// One scaling for every `pixels` features.
#[derive(Clone, Copy)]
struct Scalings<'a> {
    all: &'a [Scaling],
    pixels: usize,
}

/// Turns 32 examples' bytes into rows of features.
struct Unpack<'a, T> {
    examples: &'a [&'a [u8]; WIDTH],
    scalings: Scalings<'a>,
    out: &'a mut [[T; WIDTH]],
}

impl<T: Real> Op for Unpack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let parts = self.out.chunks_mut(self.scalings.pixels);
        for (part, (scaling, out)) in self.scalings.all.iter().zip(parts).enumerate() {
            let first = part * self.scalings.pixels;
            let mut bytes = [0u8; WIDTH];
            for (feature, out) in (first..).zip(out) {
                for (byte, example) in bytes.iter_mut().zip(self.examples) {
                    *byte = example[feature];
                }
                for (out, byte) in out.iter_mut().zip(bytes) {
                    *out = T::of(f64::from(f32::from(byte).mul_add(scaling.scale, scaling.offset)));
                }
            }
        }
    }
}
