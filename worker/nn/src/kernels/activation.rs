//! Activations, their slopes and their bends (first and second derivatives).

use traipse_sweep::settings::Activation;

use super::real::Real;

/// Whether slope and bend have to be kept from the forward pass; otherwise the output tells the slope (or it is 1),
/// and the bend is 0.
pub(crate) fn is_smooth(activation: Activation) -> bool {
    !matches!(activation, Activation::Relu | Activation::Identity)
}

/// Writes f(z), and f′(z) and f″(z) where there is room for them. All slices that are not empty are as long as `z`.
#[inline(always)]
pub(crate) fn activate<T: Real>(activation: Activation, z: &[T], value: &mut [T], slope: &mut [T], bend: &mut [T]) {
    match activation {
        Activation::Relu => each(z, value, |z| if z < T::ZERO { T::ZERO } else { z }),
        Activation::Identity => each(z, value, |z| z),
        Activation::Tanh => smooth(z, value, slope, bend, |z| {
            let a = z.tanh();
            let s = a.fma(-a, T::ONE);
            (a, s, T::of(-2.0) * a * s)
        }),
        Activation::Sigmoid => smooth(z, value, slope, bend, |z| {
            let a = z.sigmoid();
            let s = a.fma(-a, a);
            (a, s, s * a.fma(T::of(-2.0), T::ONE))
        }),
        Activation::Silu => smooth(z, value, slope, bend, |z| {
            let s = z.sigmoid();
            let other = T::ONE - s;
            let bend = s * other * z.fma(s.fma(T::of(-2.0), T::ONE), T::of(2.0));
            (z * s, s * z.fma(other, T::ONE), bend)
        }),
        Activation::Gelu => smooth(z, value, slope, bend, |z| {
            let half = T::of(0.5);
            let density = T::of(DENSITY) * (-half * z * z).exp();
            let p = (z * T::of(std::f64::consts::FRAC_1_SQRT_2)).erf().fma(half, half);
            (z * p, z.fma(density, p), density * z.fma(-z, T::of(2.0)))
        }),
    }
}

/// 1 / √2π: the normal density at 0.
const DENSITY: f64 = 0.398_942_280_401_432_7;

#[inline(always)]
fn each<T: Real>(z: &[T], value: &mut [T], f: impl Fn(T) -> T) {
    for (value, &z) in value.iter_mut().zip(z) {
        *value = f(z);
    }
}

#[inline(always)]
fn smooth<T: Real>(z: &[T], value: &mut [T], slope: &mut [T], bend: &mut [T], f: impl Fn(T) -> (T, T, T)) {
    if slope.is_empty() {
        for (value, &z) in value.iter_mut().zip(z) {
            *value = f(z).0;
        }
    } else if bend.is_empty() {
        for ((value, slope), &z) in value.iter_mut().zip(slope).zip(z) {
            (*value, *slope, _) = f(z);
        }
    } else {
        for (((value, slope), bend), &z) in value.iter_mut().zip(slope).zip(bend).zip(z) {
            (*value, *slope, *bend) = f(z);
        }
    }
}
