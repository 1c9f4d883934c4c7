//! Interleaved spiral arms in the plane.

use traipse_sweep::settings::DataSettings;

use super::{Decoded, Error, Wanted, decoded, n_classes};

const N_FEATURES: usize = 2;
/// Turns of an arm from the centre to its end.
const TURNS: f64 = 0.75;

/// Example i is of class c = i mod `classes`: at radius r, uniform in [0, 1), and angle 2π (c / `classes` + 0.75 r) +
/// `noise` times a standard normal.
pub(super) fn spirals(settings: &DataSettings) -> Result<Decoded, Error> {
    let n_classes = n_classes(settings)?;
    decoded(settings, N_FEATURES, n_classes, |draws, row, values| {
        let class = row % n_classes;
        let radius = draws.next_f64();
        let turn = class as f64 / n_classes as f64 + TURNS * radius;
        let (sin, cos) = libm::sincos(core::f64::consts::TAU * turn + settings.noise * draws.normal());
        values.extend([(radius * cos) as f32, (radius * sin) as f32]);
        Wanted::Class(class as u8)
    })
}
