//! Conflicts between settings in any cell of the grid.
//!
//! A conflict is decided by a few settings, so that only the axes over these are walked, never the grid.

use crate::plan::grid::{Block, Grid};
use crate::settings::conflict::{RULES, Rule};
use crate::spec::SweepSpec;
use crate::spec::error::Fault;
use crate::spec::read::Places;

/// Most combinations of values that a rule looks at in all products together; of more, that many, evenly spread.
const MAX_COMBINATIONS: u64 = 1 << 14;
/// Combinations that are looked at in every product, however many there are.
const MIN_COMBINATIONS: u64 = 16;

/// Refuses a spec with a conflict in some cell.
pub(super) fn check(spec: &SweepSpec, places: &Places, grid: &Grid) -> Result<(), Fault> {
    let most = (MAX_COMBINATIONS / grid.blocks.len().max(1) as u64).max(MIN_COMBINATIONS);
    for (product, block) in grid.blocks.iter().enumerate() {
        for rule in RULES {
            if let Some((message, help)) = broken(spec, block, rule, most) {
                return Err(Fault::new(&place(spec, places, product, rule), rule.key, message, help));
            }
        }
    }
    Ok(())
}

/// What is wrong with the first cell of the block that breaks the rule.
fn broken(spec: &SweepSpec, block: &Block, rule: &Rule, most: u64) -> Option<(String, String)> {
    let decides = |key: &str| rule.key == key || rule.others.contains(&key);
    let digits: Vec<usize> = (0..block.digits.len())
        .filter(|&at| block.digits[at].members.iter().any(|member| decides(member.setting.key)))
        .collect();
    let n = digits.iter().fold(1_u64, |n, &at| n.saturating_mul(block.digits[at].n));
    let stride = n.div_ceil(most).max(1);
    (0..n.div_ceil(stride)).find_map(|combination| {
        let index = index(block, &digits, combination * stride);
        let excluded = |exclusion: &crate::plan::exclude::Rule| {
            exclusion.is_about(&digits) && exclusion.matches(&block.digits, index)
        };
        if block.rules.iter().any(excluded) {
            return None;
        }
        let mut run = spec.base.clone();
        block.apply(index, &mut run);
        rule.broken(&run)
    })
}

/// The index of the job whose `digits` show that combination and whose others show their first value.
fn index(block: &Block, digits: &[usize], mut combination: u64) -> u64 {
    let mut index = 0;
    for &at in digits.iter().rev() {
        let digit = &block.digits[at];
        index += combination % digit.n * digit.weight;
        combination /= digit.n;
    }
    index
}

/// Where the setting at fault stands, else one of those that decide.
fn place(spec: &SweepSpec, places: &Places, product: usize, rule: &Rule) -> std::ops::Range<usize> {
    let axis = |key: &str| {
        let at = spec.products[product].axes.iter().position(|axis| axis.key == key)?;
        Some(places.axes.get(product)?.get(at)?.key.clone())
    };
    let given = |key: &str| places.given.get(key).cloned();
    let keys = || std::iter::once(&rule.key).chain(rule.others);
    keys().find_map(|key| axis(key).or_else(|| given(key))).unwrap_or(0..0)
}
