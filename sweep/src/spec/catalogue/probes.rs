//! The keys of `[probes]`'s sub-tables, one line each. A sub-table's mere presence switches its probe on.

use serde_json::{Value as Json, json};

use super::macros::{Words, words};
use crate::spec::{At, NullKind, Plane, Probes, Segment, TraceMethod};

words! { NullKind: Walk "walk" LayerWalk "layer-walk" Shuffled "shuffled" Signs "signs" MomentumWalk "momentum-walk"; }
words! { TraceMethod: Hutchinson "hutchinson" HutchPlusPlus "hutch++"; }
words! { Segment: StartEnd "start-end" SnapshotEnd "snapshot-end" Consecutive "consecutive"; }
words! { Plane: Pca "pca" Random "random" ThreePoint "three-point"; }

/// Most samples of a null, random directions, minibatches and iterations of L-BFGS.
const MAX_SAMPLES: u32 = 100_000;
/// Most eigenvalues.
const MAX_TOP: u32 = 1000;
/// Most Lanczos steps, each of which keeps a vector of the size of θ.
const MAX_LANCZOS: u32 = 2000;
/// Most start vectors of a spectral density.
const MAX_DRAWS: u32 = 1000;
/// Largest radius, as a share of ‖θ‖.
const MAX_RADIUS: f64 = 1000.0;
/// Most interior points of a segment.
pub(crate) const MAX_POINTS: u32 = 10_000;
/// Most points along a side of a slice.
const MAX_SIDE: u32 = 501;
/// Most windows of a path, and most components that are compared between them.
const MAX_WINDOWS: u32 = 1000;

/// A sub-table of `[probes]`.
pub(crate) struct ProbeTable {
    /// `hessian` of `[probes.hessian]`.
    pub(crate) name: &'static str,
    /// Its dotted key.
    pub(crate) section: &'static str,
    /// What the probe measures, for the schema.
    pub(crate) doc: &'static str,
    /// Whether a spec has it.
    pub(crate) is_on: fn(&Probes) -> bool,
    /// Switches it on with its defaults, if it is off.
    pub(crate) switch_on: fn(&mut Probes),
    /// Its keys, in the order of the documentation.
    pub(crate) keys: &'static [ProbeKey],
}

/// A key of a sub-table.
pub(crate) struct ProbeKey {
    pub(crate) name: &'static str,
    pub(crate) section: &'static str,
    pub(crate) kind: ProbeKind,
    pub(crate) doc: &'static str,
    /// Reads it; none where the probe is off.
    pub(crate) get: fn(&Probes) -> Option<ProbeValue>,
    /// Writes it where the probe is on; a value of another kind changes nothing.
    pub(crate) set: fn(&mut Probes, ProbeValue),
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ProbeKind {
    /// Rules that choose among the run's snapshots.
    At,
    /// A whole number within bounds.
    Count { min: u32, max: u32 },
    /// A number above zero.
    Positive { max: f64 },
    /// One of some words.
    Word(&'static [&'static str]),
    /// A list of words without repeats, perhaps an empty one.
    Words { words: &'static [&'static str], empty: bool },
}

/// A checked value of a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ProbeValue {
    At(At),
    Count(u32),
    Number(f64),
    Word(usize),
    Words(Vec<usize>),
}

/// A field's type as a [`ProbeValue`].
trait Field: Sized {
    fn value(&self) -> ProbeValue;
    fn of(value: ProbeValue) -> Option<Self>;
}

macro_rules! field {
    ($ty:ty, $variant:ident) => {
        impl Field for $ty {
            fn value(&self) -> ProbeValue {
                ProbeValue::$variant(self.clone())
            }

            fn of(value: ProbeValue) -> Option<Self> {
                if let ProbeValue::$variant(value) = value { Some(value) } else { None }
            }
        }
    };
}

field!(At, At);
field!(u32, Count);
field!(f64, Number);

impl Field for TraceMethod {
    fn value(&self) -> ProbeValue {
        ProbeValue::Word(self.index())
    }

    fn of(value: ProbeValue) -> Option<Self> {
        if let ProbeValue::Word(at) = value { Self::ALL.get(at).copied() } else { None }
    }
}

impl<T: Words> Field for Vec<T> {
    fn value(&self) -> ProbeValue {
        ProbeValue::Words(self.iter().map(|word| word.index()).collect())
    }

    fn of(value: ProbeValue) -> Option<Self> {
        let ProbeValue::Words(indices) = value else { return None };
        indices.into_iter().map(|at| T::ALL.get(at).copied()).collect()
    }
}

/// A probe's sub-table, which is absent where the probe is off.
macro_rules! table {
    ($name:ident, $doc:literal, $($field:ident: $kind:expr, $what:literal;)*) => {
        ProbeTable {
            name: stringify!($name),
            section: concat!("probes.", stringify!($name)),
            doc: $doc,
            is_on: |probes| probes.$name.is_some(),
            switch_on: |probes| {
                probes.$name.get_or_insert_default();
            },
            keys: &[$(ProbeKey {
                name: stringify!($field),
                section: concat!("probes.", stringify!($name), ".", stringify!($field)),
                kind: $kind,
                doc: $what,
                get: |probes| probes.$name.as_ref().map(|table| table.$field.value()),
                set: |probes, value| {
                    if let (Some(table), Some(value)) = (&mut probes.$name, Field::of(value)) {
                        table.$field = value;
                    }
                },
            }),*],
        }
    };
}

const fn count(min: u32, max: u32) -> ProbeKind {
    ProbeKind::Count { min, max }
}

/// Every sub-table, in the order of the documentation.
pub(crate) static PROBE_TABLES: &[ProbeTable] = &[
    ProbeTable {
        name: "nulls",
        section: "probes.nulls",
        doc: "null models of the path",
        is_on: |_| true,
        switch_on: |_| (),
        keys: &[
            ProbeKey {
                name: "kinds",
                section: "probes.nulls.kinds",
                kind: ProbeKind::Words { words: NullKind::NOW, empty: true },
                doc: "which",
                get: |probes| Some(probes.nulls.kinds.value()),
                set: |probes, value| {
                    if let Some(kinds) = Field::of(value) {
                        probes.nulls.kinds = kinds;
                    }
                },
            },
            ProbeKey {
                name: "samples",
                section: "probes.nulls.samples",
                kind: count(1, MAX_SAMPLES),
                doc: "samples of each",
                get: |probes| Some(probes.nulls.samples.value()),
                set: |probes, value| {
                    if let Some(samples) = Field::of(value) {
                        probes.nulls.samples = samples;
                    }
                },
            },
        ],
    },
    table!(hessian, "both ends of the Hessian's spectrum, the certificate, overlaps and curvature along directions",
        at: ProbeKind::At, "at which snapshots";
        top: count(1, MAX_TOP), "how many of the largest eigenvalues";
        iterations: count(2, MAX_LANCZOS), "Lanczos steps, each one Hessian-vector product and one vector in memory";
    ),
    table!(trace, "trace and Frobenius norm of the Hessian",
        at: ProbeKind::At, "at which snapshots";
        method: ProbeKind::Word(TraceMethod::NOW), "the estimator";
        samples: count(3, MAX_SAMPLES), "Hessian-vector products";
    ),
    table!(spectrum, "spectral density of the Hessian by stochastic Lanczos quadrature",
        at: ProbeKind::At, "at which snapshots";
        draws: count(1, MAX_DRAWS), "random start vectors";
        iterations: count(2, MAX_LANCZOS), "Lanczos steps of each: that many nodes";
    ),
    table!(gradients, "noise of minibatch gradients: scale, cosines, error of f32",
        at: ProbeKind::At, "at which snapshots";
        batches: count(2, MAX_SAMPLES), "minibatches of the training's size that are compared";
    ),
    table!(sharpness, "how the loss rises nearby: up the gradient and at random",
        at: ProbeKind::At, "at which snapshots";
        radius: ProbeKind::Positive { max: MAX_RADIUS }, "as a share of the norm of the weights";
        samples: count(1, MAX_SAMPLES), "random directions";
    ),
    table!(predictions, "how predictions on the test set change from one to the next",
        at: ProbeKind::At, "at which snapshots";
    ),
    table!(polish, "full-batch L-BFGS on the objective from the last snapshot",
        iterations: count(1, MAX_SAMPLES), "most iterations";
    ),
    table!(interpolation, "the loss along segments of the path",
        at: ProbeKind::At, "snapshots that the segments snapshot-end and consecutive take";
        points: count(1, MAX_POINTS), "interior points of a segment";
        segments: ProbeKind::Words { words: Segment::NOW, empty: false }, "which";
    ),
    table!(surface, "two-dimensional slices of the loss",
        planes: ProbeKind::Words { words: Plane::NOW, empty: false }, "which";
        points: count(2, MAX_SIDE), "points along each side";
    ),
    table!(layers, "distances and gradients layer by layer",
        at: ProbeKind::At, "at which snapshots";
    ),
    table!(dimension, "components in windows of the path, and of its increments",
        windows: count(2, MAX_WINDOWS), "windows of equal numbers of snapshots";
        components: count(1, MAX_WINDOWS), "components whose subspaces are compared between windows";
    ),
    table!(diffusion, "exponents of the mean squared displacement",
        max_lag_percent: count(1, 100), "largest lag as a share of a window's length";
    ),
];

impl ProbeKey {
    /// The canonical JSON of a value; `rules` writes those of `at`.
    pub(crate) fn to_json(&self, value: &ProbeValue, rules: fn(&At) -> Json) -> Json {
        match (value, self.kind) {
            (ProbeValue::At(at), _) => rules(at),
            (ProbeValue::Count(count), _) => json!(count),
            (ProbeValue::Number(number), _) => json!(number),
            (ProbeValue::Word(at), ProbeKind::Word(words)) => json!(words[*at]),
            (ProbeValue::Words(indices), ProbeKind::Words { words, .. }) => {
                json!(indices.iter().map(|&at| words[at]).collect::<Vec<_>>())
            }
            (ProbeValue::Word(_) | ProbeValue::Words(_), _) => Json::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_tables_own() {
        assert_eq!(NullKind::ALL, NullKind::EVERY);
        assert!(NullKind::EVERY.iter().zip(NullKind::NOW).all(|(kind, word)| kind.as_str() == *word));
        for (segment, word) in Segment::ALL.iter().zip(Segment::NOW) {
            assert_eq!(json!(segment), json!(word));
        }
        for (plane, word) in Plane::ALL.iter().zip(Plane::NOW) {
            assert_eq!(json!(plane), json!(word));
        }
        for (method, word) in TraceMethod::ALL.iter().zip(TraceMethod::NOW) {
            assert_eq!(json!(method), json!(word));
        }
    }

    #[test]
    fn every_key_is_read_back_and_defaults_are_within_bounds() {
        for table in PROBE_TABLES {
            let mut probes = Probes::default();
            assert_eq!((table.is_on)(&probes), table.name == "nulls", "{}", table.name);
            (table.switch_on)(&mut probes);
            assert!((table.is_on)(&probes), "{}", table.name);
            for key in table.keys {
                let value = (key.get)(&probes).unwrap();
                if let (ProbeValue::Count(value), ProbeKind::Count { min, max }) = (&value, key.kind) {
                    assert!((min..=max).contains(value), "{}", key.section);
                }
                let other = match value.clone() {
                    ProbeValue::At(_) => ProbeValue::At(vec![crate::spec::SnapshotRule::Log { n: 7 }]),
                    ProbeValue::Count(count) => ProbeValue::Count(count + 1),
                    ProbeValue::Number(number) => ProbeValue::Number(number / 2.0),
                    ProbeValue::Word(at) => ProbeValue::Word(1 - at),
                    ProbeValue::Words(_) => ProbeValue::Words(vec![2, 0]),
                };
                (key.set)(&mut probes, other.clone());
                assert_eq!((key.get)(&probes), Some(other), "{}", key.section);
            }
        }
    }
}
