//! Sums over weights in f64, in sixteen lanes: one fixed order, whatever the machine.
//!
//! Lane `l` sums the terms `l`, `l + 16`, `l + 32`, …; the lanes are then folded in halves. No term is fused into a
//! multiply-add, so the bits do not depend on what the processor can do.

/// Lanes of every reduction over weights.
pub const LANES: usize = 16;

/// ‖a‖².
#[must_use]
pub fn norm_square(a: &[f32]) -> f64 {
    reduce([a], |[a]| a * a)
}

/// a · b.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    reduce([a, b], |[a, b]| a * b)
}

/// ‖a − b‖², the differences taken in f64.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn distance_square(a: &[f32], b: &[f32]) -> f64 {
    reduce([a, b], |[a, b]| (a - b) * (a - b))
}

/// (b − a) · (d − c), the differences taken in f64.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn dot_of_differences([a, b]: [&[f32]; 2], [c, d]: [&[f32]; 2]) -> f64 {
    reduce([a, b, c, d], |[a, b, c, d]| (b - a) * (d - c))
}

/// a · (c − b), the differences taken in f64.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn dot_with_difference(a: &[f32], [b, c]: [&[f32]; 2]) -> f64 {
    reduce([a, b, c], |[a, b, c]| a * (c - b))
}

/// The lanes' sum, in halves.
#[must_use]
pub(crate) fn fold(mut lanes: [f64; LANES]) -> f64 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Σᵢ term(slices[0][i], slices[1][i], …) in lanes.
fn reduce<const K: usize>(slices: [&[f32]; K], term: impl Fn([f64; K]) -> f64) -> f64 {
    let n = slices[0].len();
    assert!(slices.iter().all(|slice| slice.len() == n), "weights of one network have one length");
    let mut lanes = [0.0; LANES];
    let whole = n - n % LANES;
    for at in (0..whole).step_by(LANES) {
        let chunks = slices.map(|slice| &slice[at..at + LANES]);
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += term(chunks.map(|chunk| f64::from(chunk[lane])));
        }
    }
    for at in whole..n {
        lanes[at - whole] += term(slices.map(|slice| f64::from(slice[at])));
    }
    fold(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_right_at_every_length() {
        for n in 0..70_u16 {
            let a: Vec<f32> = (0..n).map(|i| f32::from(i) * 0.5 - 3.0).collect();
            let b: Vec<f32> = (0..n).map(|i| 2.0 - f32::from(i % 7)).collect();
            let pairs = || a.iter().zip(&b).map(|(&a, &b)| (f64::from(a), f64::from(b)));
            assert_eq!(dot(&a, &b), pairs().map(|(a, b)| a * b).sum::<f64>());
            assert_eq!(distance_square(&a, &b), pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>());
            assert_eq!(dot_of_differences([&a, &b], [&a, &b]), distance_square(&a, &b));
            assert_eq!(norm_square(&a), dot(&a, &a));
        }
    }
}
