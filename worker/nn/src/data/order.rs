//! Class-balanced orders of the training examples.

use traipse_sweep::streams::{Philox, Purpose};

use super::{Dataset, Split, Targets};

/// The fixed class-balanced order of the training rows, the same for every run on these data.
///
/// Each class's rows are shuffled by its own stream (seed 0, [`Purpose::ProbeOrder`], epoch = class); then classes
/// take turns in ascending order, one row each, classes that have run out left out. So any prefix holds every class
/// equally often, up to one, while all last. A regression has one class. Cost: O(rows).
#[must_use]
pub fn probe_order(data: &Dataset) -> Vec<u32> {
    balanced(&data.train, data.n_classes, Philox::new(0, Purpose::ProbeOrder))
}

/// Classes, or one where there are none.
pub(super) fn n_groups(split: &Split, n_outputs: usize) -> usize {
    match split.targets() {
        Targets::Classes(_) => n_outputs,
        Targets::Numbers(_) => 1,
    }
}

/// Rows by turns of the classes, each class shuffled by `streams.at(class)`.
pub(super) fn balanced(split: &Split, n_outputs: usize, streams: Philox) -> Vec<u32> {
    let mut classes: Vec<Vec<u32>> = vec![Vec::new(); n_groups(split, n_outputs)];
    match split.targets() {
        Targets::Classes(labels) => {
            (0u32..).zip(labels).for_each(|(row, &label)| classes[usize::from(label)].push(row));
        }
        Targets::Numbers(_) => classes[0].extend(0..split.len() as u32),
    }
    for (class, rows) in classes.iter_mut().enumerate() {
        streams.at(class as u64).shuffle(rows);
    }
    let longest = classes.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|turn| classes.iter().filter_map(move |rows| rows.get(turn).copied())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::digits_with;
    use traipse_sweep::settings::DataSettings;

    #[test]
    fn a_prefix_holds_every_class_equally_often() {
        let data = digits_with(&DataSettings::default());
        let order = probe_order(&data);
        let mut counts = [0; 10];
        for &row in &order[..1000] {
            counts[usize::from(data.train.labels()[row as usize])] += 1;
        }
        assert_eq!(counts, [100; 10]);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.iter().enumerate().all(|(i, &row)| i == row as usize), "a permutation of all rows");
        assert_eq!(order, probe_order(&data));
    }
}
