//! Cells that are neighbours along an axis: equal in all else, by two consecutive values of it in the order of the file.

use super::Plan;
use super::grid::{Block, Digit};

/// Two cells that differ in one axis (or in axes that are zipped) by two consecutive values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbours {
    /// The axis' value in the first cell, for people.
    pub level_a: String,
    /// In the second.
    pub level_b: String,
    /// The first cell.
    pub cell_a: u64,
    /// The second cell.
    pub cell_b: u64,
    /// What the two have in common, as a cell's label; `all` where that is nothing.
    pub label: String,
}

impl Plan {
    /// The axes that have two values in one product of the grid, by the names of their columns, in the order of the
    /// file; zipped axes are one, their names joined by `+`.
    #[must_use]
    pub fn contrast_axes(&self) -> Vec<String> {
        let mut names = Vec::new();
        for digit in self.grid.blocks.iter().flat_map(|block| &block.digits).filter(|digit| digit.n > 1) {
            let name = self.axis_name(digit);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// At most how many neighbours an axis has: those of excluded cells are counted.
    #[must_use]
    pub fn max_neighbours(&self, axis: &str) -> u64 {
        let of = |(block, digit): (&Block, &Digit)| block.n_jobs / self.grid.n_replicates / digit.n * (digit.n - 1);
        self.digits(axis).map(of).fold(0, u64::saturating_add)
    }

    /// The neighbours along an axis, by their first cell. Cells of different products are none; neither are excluded
    /// ones.
    pub fn neighbours<'a>(&'a self, axis: &'a str) -> impl Iterator<Item = Neighbours> + 'a {
        self.digits(axis).flat_map(move |(block, digit)| {
            let indices = (0..block.n_jobs).step_by(self.grid.n_replicates as usize);
            let with_next = indices.filter(|&index| digit.at(index) + 1 < digit.n as usize);
            with_next.filter_map(move |index| self.next_along(block, digit, index))
        })
    }

    fn next_along(&self, block: &Block, digit: &Digit, index: u64) -> Option<Neighbours> {
        let next = index + digit.weight;
        if block.excludes(index) || block.excludes(next) {
            return None;
        }
        let level = |index: u64| {
            let labels = digit.members.iter().map(|member| member.setting.label(&member.values[digit.at(index)]));
            labels.collect::<Vec<_>>().join(" ")
        };
        let cell = |index: u64| block.first_cell + index / self.grid.n_replicates;
        let run = self.settings_of(block.first_job + index);
        let varies = |key: &str| digit.members.iter().any(|member| member.setting.key == key);
        let common = self.columns.iter().filter(|source| !varies(&source.column.key));
        let labels: Vec<String> = common.filter_map(|source| source.label(&run)).collect();
        Some(Neighbours {
            level_a: level(index),
            level_b: level(next),
            cell_a: cell(index),
            cell_b: cell(next),
            label: if labels.is_empty() { "all".into() } else { labels.join(" ") },
        })
    }

    fn digits<'a>(&'a self, axis: &'a str) -> impl Iterator<Item = (&'a Block, &'a Digit)> + 'a {
        let all = self.grid.blocks.iter().flat_map(|block| block.digits.iter().map(move |digit| (block, digit)));
        all.filter(move |(_, digit)| digit.n > 1 && self.axis_name(digit) == axis)
    }

    fn axis_name(&self, digit: &Digit) -> String {
        let name = |key: &str| {
            let known = self.columns.iter().find(|source| source.column.key == key);
            known.map_or_else(|| key.to_owned(), |source| source.column.name.clone())
        };
        digit.members.iter().map(|member| name(member.setting.key)).collect::<Vec<_>>().join("+")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::spec::{Format, parse};

    fn plan(text: &str) -> Plan {
        let spec = parse(text, Format::Toml, "test.toml").unwrap_or_else(|error| panic!("{error}"));
        Plan::new(Arc::new(spec)).unwrap()
    }

    #[test]
    fn neighbours_are_equal_in_all_else() {
        let plan = plan(
            "name = 'a'\n[axes]\n'model.hidden' = [[], [8], [4, 4]]\n'train.momentum' = [0.5, 0]\n[replicates]\nseed = 3",
        );
        assert_eq!(plan.contrast_axes(), ["hidden", "momentum"]);
        let along = |axis| plan.neighbours(axis).map(|pair| (pair.cell_a, pair.cell_b)).collect::<Vec<_>>();
        assert_eq!(along("hidden"), [(0, 2), (1, 3), (2, 4), (3, 5)]);
        assert_eq!(along("momentum"), [(0, 1), (2, 3), (4, 5)]);
        assert_eq!((plan.max_neighbours("hidden"), plan.max_neighbours("momentum")), (4, 3));
        let last = plan.neighbours("hidden").last().unwrap();
        assert_eq!((last.level_a.as_str(), last.level_b.as_str(), last.label.as_str()), ("8", "4-4", "momentum=0"));
    }

    #[test]
    fn zipped_axes_are_one_and_excluded_cells_none() {
        let plan = plan(
            "name = 'a'\n[axes]\n'train.momentum' = [0, 0.5, 0.9]\n'train.batch_size' = [8, 16, 32]\n'data.seed' = [1, 2]\n[grid]\nzip = [['train.momentum', 'train.batch_size']]\nexclude = [{ 'train.momentum' = 0, 'data.seed' = 2 }]",
        );
        assert_eq!(plan.contrast_axes(), ["momentum+batch_size", "data.seed"]);
        let along = |axis| plan.neighbours(axis).map(|pair| (pair.cell_a, pair.cell_b)).collect::<Vec<_>>();
        assert_eq!(along("momentum+batch_size"), [(0, 2), (2, 4), (3, 5)]);
        assert_eq!(along("data.seed"), [(2, 3), (4, 5)]);
        assert_eq!(plan.neighbours("momentum+batch_size").next().unwrap().level_b, "0.5 16");
    }
}
