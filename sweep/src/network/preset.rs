//! Named networks, in the words of `model.layers`.

use super::Shape;
use crate::settings::{ModelKind, Preset};

/// Channels of a residual network's first stage where `model.width` does not say (He et al. 2016).
pub(super) const WIDTH: u32 = 16;
/// Side below which LeNet-5 pads its first convolution: it was drawn for 32×32 pixels, two more each side than MNIST's.
const LENET_SIDE: usize = 32;

impl Preset {
    /// The word of the spec.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lenet5 => "lenet5",
            Self::Resnet8 => "resnet8",
            Self::Resnet20 => "resnet20",
        }
    }

    /// The kind of model that it is.
    #[must_use]
    pub fn kind(self) -> ModelKind {
        match self {
            Self::Lenet5 => ModelKind::Cnn,
            Self::Resnet8 | Self::Resnet20 => ModelKind::Resnet,
        }
    }

    /// Its layers but for the last dense one, in words, for images of that shape.
    #[must_use]
    pub fn layers(self, input: Shape, width: Option<u32>) -> Vec<String> {
        match self {
            Self::Lenet5 => lenet5(input),
            Self::Resnet8 => resnet(width.unwrap_or(WIDTH), 1),
            Self::Resnet20 => resnet(width.unwrap_or(WIDTH), 3),
        }
    }
}

fn lenet5(input: Shape) -> Vec<String> {
    let pad = if input.height.min(input.width) < LENET_SIDE { 2 } else { 0 };
    [&format!("conv 6 5x5 pad {pad}"), "pool average 2", "conv 16 5x5", "pool average 2", "dense 120", "dense 84"]
        .map(str::to_owned)
        .into()
}

fn resnet(width: u32, n_blocks: usize) -> Vec<String> {
    let mut layers = vec![format!("conv {width} 3x3 pad 1")];
    for stage in 0..3 {
        let width = width.saturating_mul(1 << stage);
        let first = if stage == 0 { format!("block {width}") } else { format!("block {width} stride 2") };
        layers.push(first);
        layers.extend((1..n_blocks).map(|_| format!("block {width}")));
    }
    layers.push("pool global".into());
    layers
}
