//! Distances of a path that is too long for its step Gram matrix, from one reading of the weights.

use std::io;

use crate::Trajectory;
use crate::lanes::{self, Lanes, fold};

/// Bytes of a snapshot's part at most: a few of them are held at a time.
pub(crate) const PART_BYTES: usize = 1 << 20;

/// What a path's geometry needs; every list has one entry a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chords {
    /// ‖θₜ − θ₀‖².
    pub(crate) from_start: Vec<f64>,
    /// ‖θₜ − θ_T‖².
    pub(crate) to_end: Vec<f64>,
    /// (θₜ − θ₀) · (θ_T − θ₀).
    pub(crate) along_displacement: Vec<f64>,
    /// ‖θₜ − θₜ₋₁‖²; 0 at the start.
    pub(crate) step_squares: Vec<f64>,
    /// (θₜ₋₁ − θₜ₋₂) · (θₜ − θₜ₋₁); 0 before the third.
    pub(crate) turning_products: Vec<f64>,
}

/// The sums of one snapshot under way.
#[derive(Clone, Copy, Default)]
struct Sums {
    from_start: Lanes,
    to_end: Lanes,
    along_displacement: Lanes,
    step_square: Lanes,
    turning_product: Lanes,
}

impl Chords {
    /// Cost: reads every snapshot once. Memory: 640 bytes a snapshot while it lasts, and five parts of snapshots.
    pub(crate) fn of(trajectory: &Trajectory) -> io::Result<Self> {
        let n = trajectory.n_snapshots();
        let mut sums = vec![Sums::default(); n];
        let [mut start, mut end, mut before_last, mut last, mut now] = [const { Vec::new() }; 5];
        for part in trajectory.parts(trajectory.part_len(PART_BYTES)) {
            part.read(0, &mut start)?;
            part.read(n - 1, &mut end)?;
            for (t, sums) in sums.iter_mut().enumerate() {
                part.read(t, &mut now)?;
                lanes::add(&mut sums.from_start, [&now, &start], |[now, start]| (now - start) * (now - start));
                lanes::add(&mut sums.to_end, [&now, &end], |[now, end]| (now - end) * (now - end));
                let three = [&start[..], &now, &end];
                lanes::add(&mut sums.along_displacement, three, |[start, now, end]| (now - start) * (end - start));
                if t > 0 {
                    lanes::add(&mut sums.step_square, [&last, &now], |[last, now]| (now - last) * (now - last));
                }
                if t > 1 {
                    let three = [&before_last[..], &last, &now];
                    lanes::add(&mut sums.turning_product, three, |[before, last, now]| (last - before) * (now - last));
                }
                std::mem::swap(&mut before_last, &mut last);
                std::mem::swap(&mut last, &mut now);
            }
        }
        let list = |of: fn(&Sums) -> Lanes| sums.iter().map(|sums| fold(of(sums))).collect();
        Ok(Self {
            from_start: list(|sums| sums.from_start),
            to_end: list(|sums| sums.to_end),
            along_displacement: list(|sums| sums.along_displacement),
            step_squares: list(|sums| sums.step_square),
            turning_products: list(|sums| sums.turning_product),
        })
    }
}

/// ‖θₜ − θₐ‖² of every snapshot t. Cost and memory as [`Chords::of`], or less.
pub(crate) fn squares_from(trajectory: &Trajectory, a: usize) -> io::Result<Vec<f64>> {
    let mut sums = vec![Lanes::default(); trajectory.n_snapshots()];
    let (mut from, mut now) = (Vec::new(), Vec::new());
    for part in trajectory.parts(trajectory.part_len(PART_BYTES)) {
        part.read(a, &mut from)?;
        for (t, sum) in sums.iter_mut().enumerate() {
            part.read(t, &mut now)?;
            lanes::add(sum, [&now, &from], |[now, from]| (now - from) * (now - from));
        }
    }
    Ok(sums.into_iter().map(fold).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Form, Snapshot};

    #[test]
    fn they_are_the_products_of_whole_snapshots() {
        for (n_snapshots, n_parameters) in [(1, 3), (2, 300), (7, 1_000)] {
            let value = |t: usize, i: usize| ((t * 31 + i * 17) % 23) as f32 / 7.0 - 1.0;
            let weights: Vec<Vec<f32>> =
                (0..n_snapshots).map(|t| (0..n_parameters).map(|i| value(t, i)).collect()).collect();
            let mut trajectory = Trajectory::in_memory(Form::f32(n_parameters));
            for (t, theta) in weights.iter().enumerate() {
                trajectory.push(t as u64, &Snapshot::f32(theta.clone())).unwrap();
            }
            let chords = Chords::of(&trajectory).unwrap();
            let (start, end) = (&weights[0][..], &weights[n_snapshots - 1][..]);
            for (t, now) in weights.iter().enumerate() {
                assert_eq!(chords.from_start[t], lanes::distance_square(now, start));
                assert_eq!(chords.to_end[t], lanes::distance_square(now, end));
                assert_eq!(chords.along_displacement[t], lanes::dot_of_differences([start, now], [start, end]));
                let step = |t: usize| [&weights[t - 1][..], &weights[t][..]];
                let (mut square, mut product) = (0.0, 0.0);
                if t > 0 {
                    square = lanes::dot_of_differences(step(t), step(t));
                }
                if t > 1 {
                    product = lanes::dot_of_differences(step(t - 1), step(t));
                }
                assert_eq!((chords.step_squares[t], chords.turning_products[t]), (square, product));
                let squares = squares_from(&trajectory, t).unwrap();
                assert!(squares.iter().zip(&weights).all(|(found, of)| *found == lanes::distance_square(of, now)));
            }
        }
    }
}
