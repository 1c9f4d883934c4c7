//! Why settings make no network.

use std::fmt;

use super::{MAX_FEATURES, MAX_LAYERS, MAX_PARAMETERS, MAX_WIDTH, Shape};

/// Settings that make no network for their data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The kind trains nothing.
    #[error("model.kind = \"noop\" has no network: nothing is trained")]
    NoNetwork,
    /// Neither a preset nor layers.
    #[error("model.kind = \"{kind}\" needs its layers: give model.preset = \"{example}\", or model.layers")]
    Neither {
        /// The kind.
        kind: &'static str,
        /// A preset of that kind.
        example: &'static str,
    },
    /// A preset and layers.
    #[error("model.preset and model.layers both say what the layers are: keep one of the two")]
    Both,
    /// A preset of another kind.
    #[error("model.preset = \"{preset}\" is no {kind}: use model.kind = \"{wanted}\"")]
    Preset {
        /// The preset.
        preset: &'static str,
        /// The kind that was asked for.
        kind: &'static str,
        /// The kind that it is.
        wanted: &'static str,
    },
    /// Data without features, with too many, or without outputs.
    #[error(
        "the data have examples of {input} numbers and {n_outputs} outputs: give 1 to {MAX_FEATURES} numbers and at least one output"
    )]
    Data {
        /// The shape of an example.
        input: Shape,
        /// Classes, or numbers to predict.
        n_outputs: usize,
    },
    /// Too many layers.
    #[error("{key} has {found} layers: give at most {MAX_LAYERS}")]
    Layers {
        /// The dotted key.
        key: &'static str,
        /// How many.
        found: usize,
    },
    /// A probability outside its bounds.
    #[error("model.dropout = {rate} is no probability below 1: give a number from 0 to below 1")]
    Dropout {
        /// What was found.
        rate: f64,
    },
    /// A layer that does not fit.
    #[error("{place}: {reason}")]
    Layer {
        /// Which.
        place: Place,
        /// Why not.
        reason: Reason,
    },
}

/// Where a layer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `model.hidden[number]`, counted from 0.
    Hidden(usize),
    /// `model.layers[number]`, counted from 0, with its words.
    Layers(usize, String),
    /// The same of a preset.
    Preset(&'static str, usize, String),
    /// The dense layer to the outputs.
    Last,
}

/// Why a layer does not fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Reason {
    /// Not words of the grammar.
    #[error("{problem}: write {WORDS}")]
    Words {
        /// What is wrong with them.
        problem: String,
    },
    /// A layer without units.
    #[error("a layer of width 0: use widths of at least 1")]
    Width,
    /// A layer over images that reads none.
    #[error(
        "this layer needs an image, but its input is flat ({input}): put it before dense layers and \"pool global\", \
         or use image data"
    )]
    Flat {
        /// Of the input.
        input: Shape,
    },
    /// A kernel larger than what it reads.
    #[error(
        "a {kernel}×{kernel} kernel does not fit its {}×{} input ({input}){}: use padding or a smaller kernel",
        .input.height, .input.width, padded(*.padding)
    )]
    Kernel {
        /// Its side.
        kernel: usize,
        /// Zeros on each side of the input.
        padding: usize,
        /// Of the input.
        input: Shape,
    },
    /// A window larger than what it reads.
    #[error(
        "a {size}×{size} window does not fit its {}×{} input ({input}): pool less, or earlier layers with a smaller stride",
        .input.height, .input.width
    )]
    Window {
        /// Its side.
        size: usize,
        /// Of the input.
        input: Shape,
    },
    /// A window over all of an image that is not square.
    #[error("a global pool needs a square image, but its input is {input}: use \"dense\" layers, which take any shape")]
    NotSquare {
        /// Of the input.
        input: Shape,
    },
    /// A block of dense layers with a stride.
    #[error("a block on a flat input ({input}) has no stride: write \"block {width}\"")]
    Stride {
        /// Of the input.
        input: Shape,
        /// Of the block.
        width: usize,
    },
    /// Too many numbers.
    #[error(
        "its output ({output}) brings the values of one example to more than {MAX_FEATURES} numbers (its input is {input}): \
         use fewer channels, or pool earlier"
    )]
    Features {
        /// Of the input.
        input: Shape,
        /// Of the output.
        output: Shape,
    },
    /// Too many parameters.
    #[error(
        "its weights ({input} to {output}) bring the network to more than {MAX_PARAMETERS} parameters: use narrower or fewer \
         layers"
    )]
    Parameters {
        /// Of the input.
        input: Shape,
        /// Of the output.
        output: Shape,
    },
}

/// What a layer may say.
const WORDS: &str = "\"conv 16 3x3\" (then \"stride 2\", \"pad 1\"), \"pool max 2\" or \"pool average 2\" (then \"stride 2\"), \
                     \"pool global\", \"dense 120\", \"block 32\" (then \"stride 2\") or \"dropout 0.5\"";

impl Reason {
    /// Words with a number out of bounds.
    pub(super) fn number(what: &str, found: &str, least: u32) -> Self {
        Self::Words { problem: format!("{what} is `{found}`, not a whole number from {least} to {MAX_WIDTH}") }
    }
}

fn padded(padding: usize) -> String {
    if padding == 0 { String::new() } else { format!(" with {padding} of padding") }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden(at) => write!(f, "model.hidden[{at}]"),
            Self::Layers(at, words) => write!(f, "model.layers[{at}] \"{words}\""),
            Self::Preset(preset, at, words) => write!(f, "layer {at} of model.preset = \"{preset}\", \"{words}\""),
            Self::Last => write!(f, "the dense layer to the outputs"),
        }
    }
}
