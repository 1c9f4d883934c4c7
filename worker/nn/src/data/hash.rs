//! The name of a data set's content.

use sha2::{Digest, Sha256};
use traipse_sweep::network::Shape;

use super::{Scaling, Split, Targets, Values};

/// SHA-256 over shapes, scalings, examples and what is wanted of them.
///
/// Bytes of one channel with classes have the first form, which does not tell their rows and columns; all else has
/// the second, which begins otherwise.
pub(super) fn hash(shape: Shape, n_outputs: usize, scalings: &[Scaling], train: &Split, test: &Split) -> String {
    let mut hasher = Sha256::new();
    let is_first = shape.channels == 1
        && matches!((train.values(), train.targets()), (Values::Bytes(_), Targets::Classes(_)))
        && scalings.len() == 1;
    if is_first {
        hasher.update(b"traipse data 1");
        for n in [shape.n_features(), n_outputs, train.len(), test.len()] {
            hasher.update((n as u64).to_le_bytes());
        }
    } else {
        hasher.update(b"traipse data 2");
        let kind = (u64::from(matches!(train.values(), Values::Floats(_))) << 1)
            | u64::from(matches!(train.targets(), Targets::Numbers(_)));
        hasher.update(kind.to_le_bytes());
        let Shape { channels, height, width } = shape;
        for n in [channels, height, width, n_outputs, train.len(), test.len(), scalings.len()] {
            hasher.update((n as u64).to_le_bytes());
        }
    }
    for scaling in scalings {
        hasher.update(scaling.scale.to_le_bytes());
        hasher.update(scaling.offset.to_le_bytes());
    }
    for split in [train, test] {
        match split.values() {
            Values::Bytes(bytes) => hasher.update(bytes),
            Values::Floats(floats) => update(&mut hasher, floats),
        }
        match split.targets() {
            Targets::Classes(labels) => hasher.update(labels),
            Targets::Numbers(numbers) => update(&mut hasher, numbers),
        }
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn update(hasher: &mut Sha256, floats: &[f32]) {
    floats.iter().for_each(|value| hasher.update(value.to_le_bytes()));
}
