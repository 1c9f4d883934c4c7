//! Random sweeps: products, zips, exclusions, replicates, comparisons, forks, both orders.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use traipse_sweep::Plan;
use traipse_sweep::spec::{self, Format};

use super::dice::Dice;

/// How many different ones there are: each is read once in a thread.
const N_SPECS: u64 = 400;

/// A sweep to submit.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    /// Canonical JSON.
    pub(crate) text: Arc<str>,
    pub(crate) plan: Arc<Plan>,
}

thread_local! {
    static KNOWN: RefCell<BTreeMap<u64, Drawn>> = const { RefCell::new(BTreeMap::new()) };
}

/// One of them. Which one depends on the dice alone.
pub(crate) fn draw(dice: &mut Dice) -> Drawn {
    let number = dice.below(N_SPECS);
    if let Some(known) = KNOWN.with_borrow(|known| known.get(&number).cloned()) {
        return known;
    }
    let drawn = made(&mut Dice::new(number));
    KNOWN.with_borrow_mut(|known| known.insert(number, drawn.clone()));
    drawn
}

fn made(dice: &mut Dice) -> Drawn {
    let text = text(dice);
    let spec = spec::parse(&text, Format::Json, "spec").unwrap_or_else(|error| panic!("{text}: {error}"));
    let text = Arc::from(spec.canonical_json());
    let plan = Plan::new(Arc::new(spec)).unwrap_or_else(|error| panic!("{text}: {error}"));
    Drawn { text, plan: Arc::new(plan) }
}

fn text(dice: &mut Dice) -> String {
    let forks = dice.once_in(8);
    let mut parts = vec![r#""spec":1"#.to_owned(), r#""name":"simulated""#.to_owned()];
    if forks {
        return forked(dice);
    }
    parts.push(r#""model":{"kind":"noop"}"#.to_owned());
    let (axes, grid) = axes(dice);
    if !axes.is_empty() {
        parts.push(format!(r#""axes":{{{}}}"#, axes.join(",")));
    }
    if !grid.is_empty() {
        parts.push(format!(r#""grid":{{{}}}"#, grid.join(",")));
    }
    let n_seeds = 1 + dice.below(if axes.len() < 2 { 24 } else { 4 });
    parts.push(format!(r#""replicates":{{"seed":{n_seeds}}}"#));
    if n_seeds > 1 && n_seeds < 9 && dice.once_in(2) {
        let groups = ["pairs_over", "all_over"][dice.below(2) as usize];
        parts.push(format!(r#""compare":[{{"{groups}":"seed","probe":"distance"}}]"#));
    } else if axes.len() == 2 && grid.is_empty() && dice.once_in(2) {
        parts.push(r#""compare":[{"neighbours_over":"train.learning_rate","probe":"distance"}]"#.to_owned());
    }
    parts.push(execution(dice));
    format!("{{{}}}", parts.join(","))
}

/// Axes, and what the grid says of them.
fn axes(dice: &mut Dice) -> (Vec<String>, Vec<String>) {
    let rates = r#""train.learning_rate":[0.1,0.2,0.3]"#.to_owned();
    let batches = r#""train.batch_size":[32,64,128]"#.to_owned();
    match dice.below(6) {
        0 => (vec![], vec![]),
        1 => (vec![rates], vec![]),
        2 => (vec![rates, batches], vec![]),
        3 => (vec![rates, batches], vec![r#""zip":[["train.learning_rate","train.batch_size"]]"#.to_owned()]),
        _ => {
            let exclude = r#""exclude":[{"train.learning_rate":0.3,"train.batch_size":64},{"train.batch_size":32,"train.learning_rate":0.1}]"#;
            (vec![rates, batches], vec![exclude.to_owned()])
        }
    }
}

fn forked(dice: &mut Dice) -> String {
    let n_branches = 2 + dice.below(2);
    format!(
        r#"{{"spec":1,"name":"simulated","model":{{"kind":"mlp","hidden":[4]}},"data":{{"name":"digits"}},
            "train":{{"epochs":4}},"axes":{{"fork.epoch":[1,2]}},"fork":{{"branches":{n_branches}}},
            "replicates":{{"seed":2}},"compare":[{{"pairs_over":"branch","probe":"distance"}}],{}}}"#,
        execution(dice)
    )
}

fn execution(dice: &mut Dice) -> String {
    let order = ["grid", "balanced"][dice.below(2) as usize];
    let max_attempts = 1 + dice.below(5);
    format!(r#""execution":{{"order":"{order}","max_attempts":{max_attempts}}}"#)
}
