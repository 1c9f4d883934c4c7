//! More than two members: means over all their pairs.

use std::rc::Rc;

use traipse_probe::predictions::Predictions;
use traipse_probe::{Element, Missing, lanes};
use traipse_sweep::columns::comparisons as columns;
use traipse_sweep::spec::{Align, Compare, Instant};

use super::lens::{self, Wanted};
use super::party::{Party, Place};
use super::reason::{self, Reasons};
use super::{Fault, Signals, aligns, file, place_cells};
use crate::run::rows::Row;

/// Bytes of weights and predictions that are held at once, beside those of one pair; more are read again for each pair.
const HELD_BYTES: usize = 256 << 20;

/// One row an instant and alignment.
///
/// Members without weights there are left out, and the status says why; the means are over the pairs of the others.
pub(super) fn rows<T: Element>(
    signals: &Signals<'_>,
    compare: &Compare,
    parties: &[Party<'_>],
) -> Result<Vec<Row>, Fault> {
    let mut rows = Vec::new();
    for &instant in &compare.at {
        for align in aligns(compare) {
            signals.next()?;
            let mut reasons = Reasons::default();
            let first = parties.first().and_then(|party| party.step_at(instant).ok());
            let mut row = place_cells(instant, align, [first, None]);
            let there = usable(parties, instant, &mut reasons);
            if there.len() < 2 {
                reasons.add(reason::TOO_FEW_MEMBERS);
            } else {
                let wanted = Wanted::of(compare.probe);
                if wanted.curve {
                    reasons.add(reason::MORE_THAN_TWO);
                }
                let means = means::<T>(signals, wanted, align, &there, &mut reasons)?;
                row.push((&columns::DISTANCE, means.distance.value().into()));
                row.push((&columns::PREDICTION_DISAGREEMENT, means.disagreement.value().into()));
                row.push((&columns::PREDICTION_KL, means.divergence.value().into()));
            }
            row.push((&columns::STATUS, reasons.text().into()));
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Those that have weights there, with the step.
fn usable<'a>(parties: &'a [Party<'a>], instant: Instant, reasons: &mut Reasons) -> Vec<(&'a Party<'a>, u64)> {
    let step = |party: &'a Party<'a>| match party.step_at(instant) {
        Ok(step) => Some((party, step)),
        Err(why) => {
            reasons.add(why);
            None
        }
    };
    parties.iter().filter_map(step).collect()
}

#[derive(Default)]
struct Means {
    distance: Mean,
    disagreement: Mean,
    divergence: Mean,
}

#[derive(Default)]
struct Mean {
    sum: f64,
    n: u64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.n += 1;
    }

    fn value(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }
}

fn means<T: Element>(
    signals: &Signals<'_>,
    mut wanted: Wanted,
    align: Align,
    members: &[(&Party<'_>, u64)],
    reasons: &mut Reasons,
) -> Result<Means, Fault> {
    let parties: Vec<&Party<'_>> = members.iter().map(|member| member.0).collect();
    if wanted.distance && !lens::all_same_network(&parties) {
        reasons.add(reason::DIFFERENT_NETWORKS);
        wanted.distance = false;
    }
    let mut gallery = Gallery::<T>::new(members, wanted.predictions);
    let mut means = Means::default();
    for (i, party) in parties.iter().enumerate() {
        let here = gallery.get(i)?;
        for j in i + 1..members.len() {
            signals.next()?;
            let there = gallery.get(j)?;
            if wanted.distance {
                match distance(party, &here.place, &there.place, align) {
                    Ok(distance) => means.distance.add(distance),
                    Err(missing) => {
                        reasons.add(missing.as_str());
                        wanted.distance = false;
                    }
                }
            }
            if let [Some(a), Some(b)] = [&here, &there].map(|portrait| portrait.predictions.as_ref()) {
                disagreement([a, b], &mut means, reasons);
            }
        }
    }
    Ok(means)
}

fn distance<T: Element>(party: &Party<'_>, a: &Place<T>, b: &Place<T>, align: Align) -> Result<f64, Missing> {
    let aligned = match align {
        Align::None => None,
        Align::Weights => Some(lens::align(&party.problem, a, b, party.settings.streams.seed)?),
    };
    let b = aligned.as_ref().unwrap_or(b);
    Ok(lanes::distance_square(&a.theta, &b.theta).sqrt())
}

fn disagreement(sides: [&Result<Predictions, Missing>; 2], means: &mut Means, reasons: &mut Reasons) {
    match sides {
        [Ok(a), Ok(b)] => {
            means.disagreement.add(a.disagreement(b));
            if let Some(divergence) = reasons.or_null(a.symmetrised_divergence(b)) {
                means.divergence.add(divergence);
            }
        }
        _ => sides.into_iter().filter_map(|side| side.as_ref().err()).for_each(|why| reasons.add(why.as_str())),
    }
}

/// A member at the instant.
struct Portrait<T> {
    place: Place<T>,
    /// Where they are wanted.
    predictions: Option<Result<Predictions, Missing>>,
}

/// The members, as many of them held as there is room for.
struct Gallery<'a, T> {
    members: &'a [(&'a Party<'a>, u64)],
    with_predictions: bool,
    held: Vec<Option<Rc<Portrait<T>>>>,
    left: usize,
}

impl<'a, T: Element> Gallery<'a, T> {
    fn new(members: &'a [(&'a Party<'a>, u64)], with_predictions: bool) -> Self {
        Self { members, with_predictions, held: members.iter().map(|_| None).collect(), left: HELD_BYTES }
    }

    fn get(&mut self, at: usize) -> Result<Rc<Portrait<T>>, file::Error> {
        if let Some(held) = &self.held[at] {
            return Ok(Rc::clone(held));
        }
        let (party, step) = self.members[at];
        let place = party.place(step)?.expect("a step at which a party says that it has a snapshot");
        let predictions = self.with_predictions.then(|| lens::predict(party, &place));
        let data = party.problem.data();
        // Of predictions, in f64 and with a class an example.
        let n_predicted = if self.with_predictions { data.test.len() * (party.problem.n_outputs() + 1) } else { 0 };
        let n_bytes = size_of_val(&place.theta[..]) + (place.buffers.len() + n_predicted) * size_of::<f64>();
        let portrait = Rc::new(Portrait { place, predictions });
        if let Some(left) = self.left.checked_sub(n_bytes) {
            self.left = left;
            self.held[at] = Some(Rc::clone(&portrait));
        }
        Ok(portrait)
    }
}
