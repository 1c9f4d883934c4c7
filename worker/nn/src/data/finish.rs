//! From decoded examples to a data set: the subset in use, the label noise, the scaling, the hash.

use traipse_sweep::network::Shape;
use traipse_sweep::settings::DataSettings;

use super::{Dataset, Error, Split, hash, noise, scale, subset};

/// What a decoder or generator makes.
#[derive(Clone, Debug)]
pub(super) struct Decoded {
    /// Where the examples are images.
    pub(super) image: Option<Shape>,
    /// Classes, or numbers in a target.
    pub(super) n_outputs: usize,
    /// The byte that becomes 1 where `scale = "unit"`.
    pub(super) full_scale: f64,
    /// At least one example.
    pub(super) train: Split,
    /// At least one example, of as many features.
    pub(super) test: Split,
}

/// Takes the training subset, replaces labels, scales, and hashes what is left.
pub(super) fn finish(settings: &DataSettings, decoded: Decoded) -> Result<Dataset, Error> {
    let Decoded { image, n_outputs, full_scale, train, mut test } = decoded;
    let n_features = train.n_features();
    let shape = image.unwrap_or(Shape::dense(n_features));
    let mut train = subset::limit(settings, n_outputs, train)?;
    noise::replace(settings, n_outputs, &mut train)?;
    let scalings = scale::scale(settings.scale, full_scale, shape, &mut train, &mut test);
    let hash = hash::hash(shape, n_outputs, &scalings, &train, &test);
    Ok(Dataset { n_features, n_classes: n_outputs, image, train, test, scaling: scalings[0], scalings, hash })
}
