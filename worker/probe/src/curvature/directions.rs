//! Directions in weight space along which curvature is asked for.

use std::io;

use crate::{Trajectory, lanes};

/// The first `n` principal directions of a path about its mean, as unit vectors: the sums of its snapshots weighted by
/// their scores (which sum to 0, so that the mean drops out). A component without variance is the zero vector.
///
/// `scores` are by snapshot, then component. Cost: reads every snapshot once, n multiply-adds a parameter of each.
/// Memory: n vectors in f64.
///
/// # Errors
/// If the snapshots cannot be read.
///
/// # Panics
/// If there are not scores of `n` components for every snapshot.
pub fn principal(trajectory: &Trajectory, scores: &[Vec<f64>], n: usize) -> io::Result<Vec<Vec<f64>>> {
    assert_eq!(scores.len(), trajectory.n_snapshots(), "every snapshot has its scores");
    let mut directions = vec![Vec::new(); n];
    let mut values = Vec::new();
    for part in trajectory.parts(trajectory.part_len(usize::MAX)) {
        let start = directions.first().map_or(0, Vec::len);
        directions.iter_mut().for_each(|direction| direction.resize(start + part.len, 0.0));
        for (at, scores) in scores.iter().enumerate() {
            part.read(at, &mut values)?;
            for (direction, score) in directions.iter_mut().zip(scores) {
                let entries = direction[start..].iter_mut().zip(&values);
                entries.for_each(|(entry, value)| *entry += score * value);
            }
        }
    }
    for direction in &mut directions {
        let norm = lanes::norm_square(direction).sqrt();
        if norm > 0.0 {
            direction.iter_mut().for_each(|entry| *entry /= norm);
        }
    }
    Ok(directions)
}
