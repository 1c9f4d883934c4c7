//! Two members: the segment between them, how far apart they are, and where they disagree.

use traipse_nn::{Evaluator, probe_order};
use traipse_probe::predictions::Predictions;
use traipse_probe::segment::{Curve, Walk, over_mean};
use traipse_probe::{Element, Missing, lanes};
use traipse_sweep::columns::comparisons as columns;
use traipse_sweep::rows::Cell;
use traipse_sweep::spec::{Align, Compare, Measure};

use super::lens::{self, Wanted};
use super::party::{Party, Place, fork_step, is_replicate, same_network};
use super::reason::{self, Reasons};
use super::{Fault, Signals, aligns, file, place_cells};
use crate::run::rows::Row;

/// One row an instant and alignment. Memory: θ of both and once more, and one evaluator at a time.
pub(super) fn rows<T: Element>(
    signals: &Signals<'_>,
    compare: &Compare,
    [a, b]: [&Party<'_>; 2],
) -> Result<Vec<Row>, Fault> {
    let mut rows = Vec::new();
    for &instant in &compare.at {
        let steps = [a.step_at(instant), b.step_at(instant)];
        let pair = match steps {
            [Ok(step_a), Ok(step_b)] => Some(Pair::<T>::load([a, b], [step_a, step_b])?),
            _ => None,
        };
        let predictions = pair.as_ref().filter(|_| Wanted::of(compare.probe).predictions).map(Pair::predictions);
        for align in aligns(compare) {
            signals.next()?;
            let mut reasons = Reasons::default();
            steps.iter().filter_map(|step| step.err()).for_each(|why| reasons.add(why));
            let mut row = place_cells(instant, align, steps.map(Result::ok));
            row.push((&columns::FORK_STEP, fork_step(a, b).into()));
            if let Some(pair) = &pair {
                pair.measure(signals, compare, align, &mut row, &mut reasons)?;
            }
            if let Some(predictions) = &predictions {
                prediction_cells(predictions, &mut row, &mut reasons);
            }
            row.push((&columns::STATUS, reasons.text().into()));
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Two members at one instant.
struct Pair<'a, T> {
    parties: [&'a Party<'a>; 2],
    places: [Place<T>; 2],
}

impl<'a, T: Element> Pair<'a, T> {
    fn load(parties: [&'a Party<'a>; 2], [step_a, step_b]: [u64; 2]) -> Result<Self, file::Error> {
        const THERE: &str = "a step at which a party says that it has a snapshot";
        let places = [parties[0].place(step_a)?.expect(THERE), parties[1].place(step_b)?.expect(THERE)];
        Ok(Self { parties, places })
    }

    /// All but the predictions, which do not depend on the alignment.
    fn measure(
        &self,
        signals: &Signals<'_>,
        compare: &Compare,
        align: Align,
        row: &mut Row,
        reasons: &mut Reasons,
    ) -> Result<(), Fault> {
        let wanted = Wanted::of(compare.probe);
        if !wanted.distance {
            return Ok(());
        }
        let ([a, b], [here, there]) = (self.parties, &self.places);
        if !same_network(a, b) {
            reasons.add(reason::DIFFERENT_NETWORKS);
            return Ok(());
        }
        let aligned = match align {
            Align::None => None,
            Align::Weights => match lens::align(&a.problem, here, there, a.settings.streams.seed) {
                Ok(aligned) => Some(aligned),
                Err(missing) => {
                    reasons.add(missing.as_str());
                    return Ok(());
                }
            },
        };
        let there = aligned.as_ref().unwrap_or(there);
        row.push((&columns::DISTANCE, lanes::distance_square(&here.theta, &there.theta).sqrt().into()));
        if aligned.is_none() {
            row.push((&columns::DISPLACEMENT_COSINE, self.displacement_cosine(reasons)?.into()));
        }
        if wanted.curve {
            let curve = self.curve(signals, compare, there)?;
            self.curve_cells(compare, &curve, row, reasons);
        }
        Ok(())
    }

    fn predictions(&self) -> [Result<Predictions, Missing>; 2] {
        [0, 1].map(|at| lens::predict(self.parties[at], &self.places[at]))
    }

    /// The cosine of the ways from where both were: the fork of two branches, else the start. None where they were
    /// never at one place, or did not move.
    fn displacement_cosine(&self, reasons: &mut Reasons) -> Result<Option<f64>, file::Error> {
        let [a, b] = self.parties;
        let fork = fork_step(a, b);
        let step = fork.unwrap_or(0);
        let Some(origin) = a.place::<T>(step)? else {
            if fork.is_some() {
                reasons.add(reason::NO_FORK_SNAPSHOT);
            }
            return Ok(None);
        };
        // The other one's is looked at and let go: two branches have one trunk, runs of one seed one start.
        if b.place::<T>(step)?.is_none_or(|other| other.theta != origin.theta) {
            return Ok(None);
        }
        let [here, there] = self.places.each_ref().map(|place| &place.theta[..]);
        let dot = lanes::dot_of_differences([&origin.theta, here], [&origin.theta, there]);
        let squares = [here, there].map(|place| lanes::distance_square(&origin.theta, place));
        let is_known = squares.iter().all(|&square| square > 0.0);
        Ok(is_known.then(|| dot / (squares[0].sqrt() * squares[1].sqrt())))
    }

    fn curve(&self, signals: &Signals<'_>, compare: &Compare, there: &Place<T>) -> Result<Curve, Fault> {
        let problem = &self.parties[0].problem;
        // Running statistics are estimated on the training set, also where the loss is measured on the test set alone.
        let needs_rows = compare.measure.contains(&Measure::Train) || problem.n_buffers() > 0;
        let rows = if needs_rows { probe_order(problem.data()) } else { Vec::new() };
        let with_test = compare.measure.contains(&Measure::Test);
        let walk = Walk { n_interior: compare.points, rows: &rows, with_test };
        let ends = [&self.places[0].theta[..], &there.theta];
        let mut go_on = || signals.next().is_ok();
        let curve = Curve::between_while(problem, &mut Evaluator::new(problem), ends, &walk, &mut go_on);
        curve.ok_or(Fault::Stopped)
    }

    fn curve_cells(&self, compare: &Compare, curve: &Curve, row: &mut Row, reasons: &mut Reasons) {
        let [on_train, on_test] = [Measure::Train, Measure::Test].map(|set| compare.measure.contains(&set));
        row.push((&columns::ALPHA, curve.alpha.clone().into()));
        let by_design = !is_replicate(self.parties[0], self.parties[1]);
        if on_train {
            row.push((&columns::TRAIN_LOSS, losses(&curve.train_loss, reasons)));
            row.push((&columns::TRAIN_ERROR, finite(&curve.train_error)));
            barrier_cells(curve, by_design, row, reasons);
        }
        if on_test && !self.parties[0].problem.data().test.is_empty() {
            row.push((&columns::TEST_LOSS, losses(&curve.test_loss, reasons)));
            row.push((&columns::TEST_ERROR, finite(&curve.test_error)));
            let barrier = (!by_design).then(|| over_mean(&curve.test_error));
            row.push((&columns::BARRIER_ERROR, barrier.into()));
        }
    }
}

/// The barrier over the mean of the ends says nothing where one end is better by design.
fn barrier_cells(curve: &Curve, by_design: bool, row: &mut Row, reasons: &mut Reasons) {
    match curve.barriers() {
        Ok(barriers) => row.extend([
            (&columns::BARRIER_MEAN, (!by_design).then_some(barriers.mean).into()),
            (&columns::BARRIER_CHORD, barriers.chord.into()),
            (&columns::BARRIER_MAX, barriers.max.into()),
            (&columns::LOSS_ERROR, curve.loss_error.into()),
            (&columns::VIOLATIONS, barriers.violations.into()),
            (&columns::MIN_SECOND_DIFFERENCE, barriers.min_second_difference.into()),
        ]),
        Err(missing) => reasons.add(missing.as_str()),
    }
}

fn prediction_cells(predictions: &[Result<Predictions, Missing>; 2], row: &mut Row, reasons: &mut Reasons) {
    match predictions {
        [Ok(a), Ok(b)] => {
            row.push((&columns::PREDICTION_DISAGREEMENT, a.disagreement(b).into()));
            row.push((&columns::PREDICTION_KL, reasons.or_null(a.symmetrised_divergence(b)).into()));
        }
        _ => predictions.iter().filter_map(|side| side.as_ref().err()).for_each(|why| reasons.add(why.as_str())),
    }
}

/// A curve; null with a reason where a loss overflowed.
fn losses(values: &[f64], reasons: &mut Reasons) -> Cell {
    let cell = finite(values);
    if cell == Cell::Null {
        reasons.add(Missing::NotFinite.as_str());
    }
    cell
}

/// A curve; null where it has none, as the error of a regression.
fn finite(values: &[f64]) -> Cell {
    if values.iter().all(|value| value.is_finite()) { values.to_vec().into() } else { Cell::Null }
}
