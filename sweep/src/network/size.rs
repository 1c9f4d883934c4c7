//! A model's depth and width as the tables have them: from the settings alone, without the data.

use super::{Shape, Words};
use crate::settings::{ModelKind, ModelSettings};

impl ModelSettings {
    /// Hidden layers: all with weights but the last. A residual block counts as two; its projection does not count.
    #[must_use]
    pub fn depth(&self) -> u32 {
        let count = |words: &String| match Words::read(words) {
            Ok(Words::Conv { .. } | Words::Dense { .. }) => 1,
            Ok(Words::Block { .. }) => 2,
            _ => 0,
        };
        match (self.kind, self.preset) {
            (kind, _) if kind.is_planted() => 0,
            (ModelKind::Mlp | ModelKind::Noop, _) => u32::try_from(self.hidden.len()).unwrap_or(u32::MAX),
            // No preset has more or fewer layers for another image.
            (_, Some(preset)) => preset.layers(Shape::dense(1), self.width).iter().map(count).sum(),
            (_, None) => self.layers.iter().map(count).sum(),
        }
    }

    /// The widest hidden layer of an `mlp`, or the channels of a `resnet` preset's first stage; none of anything else.
    #[must_use]
    pub fn typical_width(&self) -> Option<u32> {
        match (self.kind, self.preset) {
            (kind, _) if kind.is_planted() => None,
            (ModelKind::Mlp | ModelKind::Noop, _) => self.hidden.iter().max().copied(),
            (_, Some(preset)) if preset.kind() == ModelKind::Resnet => Some(self.width.unwrap_or(super::preset::WIDTH)),
            _ => None,
        }
    }
}
