//! Activations on one tile, and their slopes.

use traipse_sweep::settings::Activation;

use super::math::{erf, exp, sigmoid, tanh};
use super::tile::Tile;

/// Whether the slope has to be kept from the forward pass; otherwise the output tells it (or it is 1).
pub(crate) fn needs_slope(activation: Activation) -> bool {
    !matches!(activation, Activation::Relu | Activation::Identity)
}

/// Replaces z by f(z), and writes f′(z) to `slopes` where it is wanted and has to be kept.
#[inline(always)]
pub(crate) fn activate(activation: Activation, tile: &mut Tile, slopes: Option<&mut [f32]>) {
    match activation {
        Activation::Relu => each(tile, None, |z| (if z < 0.0 { 0.0 } else { z }, 0.0)),
        Activation::Identity => {}
        Activation::Tanh => each(tile, slopes, |z| {
            let a = tanh(z);
            (a, a.mul_add(-a, 1.0))
        }),
        Activation::Sigmoid => each(tile, slopes, |z| {
            let a = sigmoid(z);
            (a, a.mul_add(-a, a))
        }),
        Activation::Silu => each(tile, slopes, |z| {
            let s = sigmoid(z);
            (z * s, s * z.mul_add(1.0 - s, 1.0))
        }),
        Activation::Gelu => each(tile, slopes, |z| {
            const DENSITY: f32 = 0.398_942_3;
            let p = erf(z * std::f32::consts::FRAC_1_SQRT_2).mul_add(0.5, 0.5);
            (z * p, z.mul_add(DENSITY * exp(-0.5 * z * z), p))
        }),
    }
}

#[inline(always)]
fn each(tile: &mut Tile, slopes: Option<&mut [f32]>, f: impl Fn(f32) -> (f32, f32)) {
    let values = tile.0.as_flattened_mut();
    match slopes {
        Some(slopes) => {
            for (value, slope) in values.iter_mut().zip(slopes) {
                (*value, *slope) = f(*value);
            }
        }
        None => {
            for value in values {
                *value = f(*value).0;
            }
        }
    }
}

/// Multiplies the gradient by the activation into that by the pre-activation: by f′, kept or told by the output.
#[inline(always)]
pub(crate) fn slope(activation: Activation, tile: &mut Tile, outputs: &[f32], slopes: &[f32]) {
    let values = tile.0.as_flattened_mut();
    match activation {
        Activation::Identity => {}
        Activation::Relu => {
            for (value, &output) in values.iter_mut().zip(outputs) {
                *value = if output > 0.0 { *value } else { 0.0 };
            }
        }
        _ => {
            for (value, &slope) in values.iter_mut().zip(slopes) {
                *value *= slope;
            }
        }
    }
}
