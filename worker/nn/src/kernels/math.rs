//! Elementary functions in `f32` that are the same on every processor: polynomials, fused multiply-adds, selections.
//!
//! Selections keep NaN (no `min`, `max`, `clamp`), so that a training that breaks is seen. No loops and no branches:
//! the compiler turns a loop over them into vector code without changing a bit.

/// eˣ, relative error below 2⁻²³; below −87 it stays at e⁻⁸⁷, above 88 at e⁸⁸.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// 1.5 · 2²³: adding it rounds to an integer, which is then in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, x));
    let p = 1.987_569_1e-4f32.mul_add(r, 1.398_199_9e-3);
    let p = p.mul_add(r, 8.333_452e-3);
    let p = p.mul_add(r, 4.166_579_6e-2);
    let p = p.mul_add(r, 1.666_666_5e-1);
    let p = p.mul_add(r, 0.5);
    let p = (p * r).mul_add(r, r) + 1.0;
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    p * f32::from_bits(exponent)
}

/// Hyperbolic tangent: Cephes' polynomial up to 0.625, beyond it 1 − 2 / (e²ˣ + 1). Relative error below 3 · 2⁻²⁴.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let z = x * x;
    let p = (-5.704_988_7e-3f32).mul_add(z, 2.063_908_8e-2);
    let p = p.mul_add(z, -5.373_971_6e-2);
    let p = p.mul_add(z, 1.333_144_2e-1);
    let p = p.mul_add(z, -3.333_328e-1);
    let near = (p * z).mul_add(x, x);
    let far = (1.0 - 2.0 / (exp(2.0 * x.abs()) + 1.0)).copysign(x);
    if x.abs() < 0.625 { near } else { far }
}

/// σ(x) = 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// σ(x) in `f64`.
#[inline(always)]
pub(crate) fn sigmoid64(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// The error function as a ratio of polynomials on |x| ≤ 3.8325 (beyond, ±1 to the last bit or two); absolute error
/// below 6 · 2⁻²⁴.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    const END: f32 = 3.832_507;
    let x = if x > END { END } else { x };
    let x = if x < -END { -END } else { x };
    let z = x * x;
    let p = (-2.726_142_3e-10f32).mul_add(z, 2.770_681_4e-8);
    let p = p.mul_add(z, -2.101_024e-6);
    let p = p.mul_add(z, -5.692_506_5e-5);
    let p = p.mul_add(z, -7.349_906_4e-4);
    let p = p.mul_add(z, -2.954_6e-3);
    let p = p.mul_add(z, -1.609_603_3e-2);
    let q = (-1.456_607_2e-5f32).mul_add(z, -2.133_740_6e-4);
    let q = q.mul_add(z, -1.682_827e-3);
    let q = q.mul_add(z, -7.373_329_2e-3);
    let q = q.mul_add(z, -1.426_474e-2);
    x * p / q
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest error of `f` against `g` over [−range, range], relative where g is large, absolute where it is small.
    fn worst(range: f64, f: impl Fn(f32) -> f32, g: impl Fn(f64) -> f64, relative: bool) -> f64 {
        let n = 200_000;
        (0..=n)
            .map(|i| ((f64::from(i) / f64::from(n) - 0.5) * 2.0 * range) as f32)
            .map(|x| {
                let wanted = g(f64::from(x));
                let error = (f64::from(f(x)) - wanted).abs();
                if relative && wanted != 0.0 { error / wanted.abs() } else { error }
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn close_to_libm() {
        assert!(worst(86.9, exp, libm::exp, true) < 1.2e-7);
        assert!(worst(20.0, tanh, libm::tanh, true) < 1.8e-7);
        assert!(worst(80.0, sigmoid, |x| 1.0 / (1.0 + libm::exp(-x)), true) < 1.8e-7);
        assert!(worst(6.0, erf, libm::erf, false) < 3.6e-7);
    }

    #[test]
    fn not_a_number_stays() {
        for f in [exp, tanh, sigmoid, erf] {
            assert!(f(f32::NAN).is_nan());
        }
    }

    #[test]
    fn ends_are_finite_and_right() {
        assert_eq!((tanh(1e30), tanh(-1e30), sigmoid(1e30), tanh(0.0)), (1.0, -1.0, 1.0, 0.0));
        assert!(exp(f32::NEG_INFINITY) < 1e-37 && exp(f32::INFINITY).is_finite() && exp(0.0) == 1.0);
    }
}
