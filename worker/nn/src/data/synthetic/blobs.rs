//! Gaussian clouds.

use traipse_sweep::settings::DataSettings;

use super::{Decoded, Error, Wanted, decoded, draws, n_classes, n_features};

/// Example i is of class i mod `classes`: its class's centre plus `noise` times a standard normal for every feature.
pub(super) fn blobs(settings: &DataSettings) -> Result<Decoded, Error> {
    let (n_features, n_classes) = (n_features(settings)?, n_classes(settings)?);
    let centres = blob_centres(settings);
    decoded(settings, n_features, n_classes, |draws, row, values| {
        let class = row % n_classes;
        let centre = &centres[class * n_features..][..n_features];
        values.extend(centre.iter().map(|centre| (centre + settings.noise * draws.normal()) as f32));
        Wanted::Class(class as u8)
    })
}

/// The centres of the blobs, classes × features: standard normals.
#[must_use]
pub fn blob_centres(settings: &DataSettings) -> Vec<f64> {
    let mut draws = draws(settings, 0);
    (0..settings.classes * settings.features).map(|_| draws.normal()).collect()
}
