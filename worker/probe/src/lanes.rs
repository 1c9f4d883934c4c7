//! Sums over weights in f64, in sixteen lanes: one fixed order, whatever the machine.
//!
//! Lane `l` sums the terms `l`, `l + 16`, `l + 32`, …; the lanes are then folded in halves. No term is fused into a
//! multiply-add, so the bits do not depend on what the processor can do.

/// Lanes of every reduction over weights.
pub const LANES: usize = 16;

/// A sum under way.
pub(crate) type Lanes = [f64; LANES];

/// ‖a‖².
#[must_use]
pub fn norm_square<T: Copy + Into<f64>>(a: &[T]) -> f64 {
    reduce([a], |[a]| a * a)
}

/// a · b.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn dot<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    reduce([a, b], |[a, b]| a * b)
}

/// a · (c − b), the difference taken in f64.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn dot_with_difference<T: Copy + Into<f64>>(a: &[T], [b, c]: [&[T]; 2]) -> f64 {
    reduce([a, b, c], |[a, b, c]| a * (c - b))
}

/// ‖a − b‖², the differences taken in f64.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn distance_square<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    reduce([a, b], |[a, b]| (a - b) * (a - b))
}

/// (b − a) · (d − c), the differences taken in f64.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn dot_of_differences<T: Copy + Into<f64>>([a, b]: [&[T]; 2], [c, d]: [&[T]; 2]) -> f64 {
    reduce([a, b, c, d], |[a, b, c, d]| (b - a) * (d - c))
}

/// The lanes' sum, in halves.
#[must_use]
pub(crate) fn fold(mut lanes: Lanes) -> f64 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Adds term(slices[0][i], slices[1][i], …) to lane i modulo sixteen. Going on with the next part of the same slices
/// gives the sum over all of them, if every part but the last has a multiple of sixteen terms.
pub(crate) fn add<T: Copy + Into<f64>, const K: usize>(
    lanes: &mut Lanes,
    slices: [&[T]; K],
    term: impl Fn([f64; K]) -> f64,
) {
    let n = slices[0].len();
    assert!(slices.iter().all(|slice| slice.len() == n), "weights of one network have one length");
    let mut sums = *lanes;
    let whole = n - n % LANES;
    for at in (0..whole).step_by(LANES) {
        let chunks = slices.map(|slice| &slice[at..at + LANES]);
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += term(chunks.map(|chunk| chunk[lane].into()));
        }
    }
    for at in whole..n {
        sums[at - whole] += term(slices.map(|slice| slice[at].into()));
    }
    *lanes = sums;
}

/// Σᵢ term(slices[0][i], slices[1][i], …) in lanes.
fn reduce<T: Copy + Into<f64>, const K: usize>(slices: [&[T]; K], term: impl Fn([f64; K]) -> f64) -> f64 {
    let mut lanes = Lanes::default();
    add(&mut lanes, slices, term);
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
            assert_eq!(norm_square(&a), pairs().map(|(a, _)| a * a).sum::<f64>());
            assert_eq!(dot(&a, &b), pairs().map(|(a, b)| a * b).sum::<f64>());
            assert_eq!(dot_with_difference(&a, [&b, &a]), pairs().map(|(a, b)| a * (a - b)).sum::<f64>());
            assert_eq!(distance_square(&a, &b), pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>());
            assert_eq!(dot_of_differences([&a, &b], [&a, &b]), distance_square(&a, &b));
        }
    }

    #[test]
    fn parts_add_up_to_the_whole_bit_for_bit() {
        let a: Vec<f64> = (0..203).map(|i| 1.0 / f64::from(i + 3)).collect();
        for cut in [0, 16, 64, 192] {
            let mut lanes = Lanes::default();
            add(&mut lanes, [&a[..cut]], |[a]| a * a);
            add(&mut lanes, [&a[cut..]], |[a]| a * a);
            assert_eq!(fold(lanes).to_bits(), norm_square(&a).to_bits());
        }
    }
}
