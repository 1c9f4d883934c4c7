//! Examples on their way into a network.

use crate::data::{Dataset, Scaling, Split, Values};
use crate::kernels::{
    Buffer, ColumnSquares, ExampleSquares, Examples, Family, Op, PackColumns, PackRows, Packed, ROWS, Real, WIDTH,
    padded, panels,
};
use crate::layers::{Input, Noise};

use super::{Network, augment, value_numbers};

/// Room for the changed images of one panel, of whichever kind the data are; none where nothing is changed.
#[derive(Debug, Default)]
struct Changed {
    bytes: Vec<u8>,
    floats: Vec<f32>,
}

/// One chunk of examples, packed or in panels.
#[derive(Debug)]
pub(super) struct InputBuffer<T> {
    rows: Vec<u32>,
    changed: Changed,
    /// By rows and by columns; none where the network reads panels.
    packed: Option<[Packed<T>; 2]>,
    values: Buffer<T>,
    /// Whether the columns are those of these rows.
    has_columns: bool,
    /// Whether all of it came from another buffer since the last load.
    is_taken_over: bool,
}

impl<T: Real> InputBuffer<T> {
    pub(super) fn new(network: &Network<T>, capacity: usize) -> Self {
        let n_features = network.shape.input.n_features();
        let packed = network.packs.map(|_| {
            let groups = panels(capacity) * (WIDTH / ROWS);
            [Packed::new(groups, n_features), Packed::new(padded(n_features) / ROWS, capacity)]
        });
        let n = if network.packs.is_some() { 0 } else { value_numbers(n_features, capacity) };
        let n_changed = if network.augment.is_empty() { 0 } else { WIDTH * n_features };
        let changed = Changed { bytes: vec![0; n_changed], floats: vec![0.0; n_changed] };
        Self {
            rows: Vec::with_capacity(capacity),
            changed,
            packed,
            values: Buffer::zeros(n),
            has_columns: false,
            is_taken_over: false,
        }
    }

    /// Exchanges all with a buffer of the same size for the same data: if the next load asks for the same rows unchanged,
    /// they are there.
    pub(super) fn take_over(&mut self, other: &mut Self) {
        std::mem::swap(self, other);
        self.is_taken_over = true;
    }

    /// Takes in examples; with noise, those of a training step, changed as the settings say.
    pub(super) fn load(
        &mut self,
        network: &Network<T>,
        data: &Dataset,
        split: &Split,
        rows: &[u32],
        noise: Option<Noise>,
    ) {
        if std::mem::take(&mut self.is_taken_over) && network.augment.is_empty() && self.rows == rows {
            return;
        }
        self.has_columns = false;
        self.rows.clear();
        self.rows.extend_from_slice(rows);
        match (&mut self.packed, network.packs) {
            (Some([by_rows, _]), Some(scaling)) => {
                let examples = examples(split, &self.rows, scaling);
                network.isa.run(PackRows { examples, packed: by_rows });
            }
            _ => {
                let noise = noise.filter(|_| !network.augment.is_empty());
                unpack(Source { network, data, split, rows, noise }, &mut self.changed, &mut self.values);
            }
        }
    }

    /// Makes ready what gradients by weights read.
    pub(super) fn prepare_columns(&mut self, network: &Network<T>, split: &Split) {
        if std::mem::replace(&mut self.has_columns, true) {
            return;
        }
        if let (Some([_, by_columns]), Some(scaling)) = (&mut self.packed, network.packs) {
            let examples = examples(split, &self.rows, scaling);
            network.isa.run(PackColumns { examples, packed: by_columns });
        }
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

/// What is unpacked.
#[derive(Clone, Copy)]
struct Source<'a, T> {
    network: &'a Network<T>,
    data: &'a Dataset,
    split: &'a Split,
    rows: &'a [u32],
    noise: Option<Noise>,
}

/// Writes examples in panels; lanes beyond the last hold the last again.
fn unpack<T: Real>(source: Source<'_, T>, changed: &mut Changed, out: &mut [T]) {
    let Source { network, data, split, rows, .. } = source;
    let n_features = split.n_features();
    let height = padded(n_features) * WIDTH;
    for panel in 0..panels(rows.len()) {
        let out = out[panel * height..][..n_features * WIDTH].as_chunks_mut::<WIDTH>().0;
        match split.values() {
            Values::Floats(values) => {
                let examples = source.examples(panel, values, &mut changed.floats);
                for (feature, out) in out.iter_mut().enumerate() {
                    for (out, example) in out.iter_mut().zip(examples) {
                        *out = T::of(f64::from(example[feature]));
                    }
                }
            }
            Values::Bytes(bytes) => {
                let examples = source.examples(panel, bytes, &mut changed.bytes);
                let scalings = Scalings { all: &data.scalings, pixels: n_features / data.scalings.len().max(1) };
                network.isa.run(Unpack { examples: &examples, scalings, out });
            }
        }
    }
}

impl<T: Real> Source<'_, T> {
    /// The examples of a panel, changed where there is noise.
    fn examples<'v, V: Copy + Default>(&self, panel: usize, values: &'v [V], changed: &'v mut [V]) -> [&'v [V]; WIDTH] {
        let (first, n_features) = (panel * WIDTH, self.split.n_features());
        let used = (self.rows.len() - first).min(WIDTH);
        let start = |lane: usize| self.rows[first + lane.min(used - 1)] as usize * n_features;
        let Some(noise) = self.noise else {
            return std::array::from_fn(|lane| &values[start(lane)..][..n_features]);
        };
        for (lane, image) in changed.chunks_exact_mut(n_features).take(used).enumerate() {
            image.copy_from_slice(&values[start(lane)..][..n_features]);
            let draws = &mut noise.augment(first + lane);
            augment::change(&self.network.augment, draws, self.network.shape.input, image);
        }
        let changed = &*changed;
        std::array::from_fn(|lane| &changed[lane.min(used - 1) * n_features..][..n_features])
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
