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

#[cfg(test)]
mod tests {
    use std::f64::consts::{SQRT_2, TAU};

    use traipse_sweep::streams::{Philox, Purpose};

    use super::*;

    const ALL: [Activation; 6] = [
        Activation::Relu,
        Activation::Tanh,
        Activation::Gelu,
        Activation::Silu,
        Activation::Sigmoid,
        Activation::Identity,
    ];

    /// f, f′ and f″ in closed form, by libm, from other expressions than the kernel's.
    fn closed(activation: Activation, z: f64) -> [f64; 3] {
        // σ′ = 1 / (4 cosh²(z/2)), which rounds well on both sides.
        let sigmoid = 1.0 / (1.0 + libm::exp(-z));
        let bell = 0.25 / (libm::cosh(z / 2.0) * libm::cosh(z / 2.0));
        let turn = -bell * libm::tanh(z / 2.0);
        match activation {
            Activation::Identity => [z, 1.0, 0.0],
            Activation::Relu => [z.max(0.0), f64::from(u8::from(z > 0.0)), 0.0],
            Activation::Tanh => {
                let slope = 1.0 / (libm::cosh(z) * libm::cosh(z));
                [libm::tanh(z), slope, -2.0 * libm::tanh(z) * slope]
            }
            Activation::Sigmoid => [sigmoid, bell, turn],
            Activation::Silu => [z * sigmoid, sigmoid + z * bell, 2.0 * bell + z * turn],
            Activation::Gelu => {
                let (density, p) = (libm::exp(-0.5 * z * z) / libm::sqrt(TAU), 0.5 * libm::erfc(-z / SQRT_2));
                [z * p, p + z * density, (2.0 - z * z) * density]
            }
        }
    }

    /// f, f′ and f″ as layers see them: where slopes are not kept, the output tells them.
    fn found<T: Real>(activation: Activation, z: &[T]) -> [Vec<T>; 3] {
        let (mut value, mut slope, mut bend) = (vec![T::ZERO; z.len()], vec![T::ONE; z.len()], vec![T::ZERO; z.len()]);
        if is_smooth(activation) {
            activate(activation, z, &mut value, &mut slope, &mut bend);
        } else {
            activate(activation, z, &mut value, &mut [], &mut []);
            if activation == Activation::Relu {
                slope.iter_mut().zip(&value).for_each(|(slope, &value)| {
                    *slope = if value > T::ZERO { T::ONE } else { T::ZERO };
                });
            }
        }
        [value, slope, bend]
    }

    fn check<T: Real>(allowed: f64) {
        let mut draws = Philox::new(1, Purpose::Init).at(0);
        let z: Vec<T> = (0..20_000).map(|_| T::of(24.0 * draws.next_f64() - 12.0)).collect();
        for activation in ALL {
            let found = found(activation, &z);
            for (i, z) in z.iter().map(|z| z.wide()).enumerate() {
                for (order, wanted) in closed(activation, z).into_iter().enumerate() {
                    let value = found[order][i].wide();
                    let size = wanted.abs().max(z.abs()).max(1.0);
                    assert!(
                        (value - wanted).abs() <= allowed * size,
                        "{activation:?}, order {order} at {z}: {value}, {wanted}"
                    );
                }
            }
        }
    }

    #[test]
    fn values_slopes_and_bends_are_the_closed_forms() {
        check::<f64>(2e-15);
        check::<f32>(4e-7);
    }

    /// Far out nothing overflows (f32's error function ends within a bit of ±1), and what is not a number stays.
    #[test]
    fn ends_are_finite_and_what_breaks_is_seen() {
        fn check<T: Real>() {
            for activation in ALL {
                for z in [-1e4, -90.0, 90.0, 1e4] {
                    let found = found(activation, &[T::of(z)]).map(|found| found[0].wide());
                    let wanted = closed(activation, z);
                    let size = z.abs().max(1.0);
                    let finite = [0, 1].iter().all(|&i| (found[i] - wanted[i]).abs() <= 1e-7 * size);
                    assert!(finite && found[2].abs() < 1e-20, "{activation:?} at {z}: {found:?}, {wanted:?}");
                }
                let [value, _, _] = found(activation, &[T::of(f64::NAN)]);
                assert!(value[0] != value[0], "{activation:?} hides what is not a number");
            }
        }
        check::<f32>();
        check::<f64>();
    }
}
