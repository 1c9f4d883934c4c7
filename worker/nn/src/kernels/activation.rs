//! Activations on one tile, and their slopes.

use traipse_sweep::settings::Activation;

use super::math::{erf, exp, sigmoid, tanh};
use super::tile::Tile;

/// Whether the slope has to be kept from the forward pass; otherwise the output tells it (or it is 1).
pub(crate) fn needs_slope(activation: Activation) -> bool {
    !matches!(activation, Activation::Relu | Activation::Identity)
}

/// Writes f(z), and f′(z) to `slopes` where it is wanted and has to be kept.
#[inline(always)]
pub(crate) fn activate(activation: Activation, tile: &Tile, out: &mut [f32], slopes: Option<&mut [f32]>) {
    match activation {
        Activation::Relu => each(tile, out, None, |z| (if z < 0.0 { 0.0 } else { z }, 0.0)),
        Activation::Identity => each(tile, out, None, |z| (z, 1.0)),
        Activation::Tanh => each(tile, out, slopes, |z| {
            let a = tanh(z);
            (a, a.mul_add(-a, 1.0))
        }),
        Activation::Sigmoid => each(tile, out, slopes, |z| {
            let a = sigmoid(z);
            (a, a.mul_add(-a, a))
        }),
        Activation::Silu => each(tile, out, slopes, |z| {
            let s = sigmoid(z);
            (z * s, s * z.mul_add(1.0 - s, 1.0))
        }),
        Activation::Gelu => each(tile, out, slopes, |z| {
            const DENSITY: f32 = 0.398_942_3;
            let p = erf(z * std::f32::consts::FRAC_1_SQRT_2).mul_add(0.5, 0.5);
            (z * p, z.mul_add(DENSITY * exp(-0.5 * z * z), p))
        }),
    }
}

#[inline(always)]
fn each(tile: &Tile, out: &mut [f32], slopes: Option<&mut [f32]>, f: impl Fn(f32) -> (f32, f32)) {
    let values = tile.0.as_flattened();
    match slopes {
        Some(slopes) => {
            for ((out, slope), &value) in out.iter_mut().zip(slopes).zip(values) {
                (*out, *slope) = f(value);
            }
        }
        None => {
            for (out, &value) in out.iter_mut().zip(values) {
                *out = f(value).0;
            }
        }
    }
}

/// Turns the gradient by the activation into that by the pre-activation: times f′, kept or told by the output.
#[inline(always)]
pub(crate) fn slope(activation: Activation, tile: &Tile, below: &[f32], slopes: &[f32], out: &mut [f32]) {
    let values = tile.0.as_flattened();
    match activation {
        Activation::Identity => {
            for (out, &value) in out.iter_mut().zip(values) {
                *out = value;
            }
        }
        Activation::Relu => {
            for ((out, &value), &output) in out.iter_mut().zip(values).zip(below) {
                *out = if output > 0.0 { value } else { 0.0 };
            }
        }
        _ => {
            for ((out, &value), &slope) in out.iter_mut().zip(values).zip(slopes) {
                *out = value * slope;
            }
        }
    }
}
