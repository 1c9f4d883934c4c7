//! What is measured of places: losses, predictions, alignments, with the evaluators that it takes.

use traipse_nn::{Evaluator, Problem};
use traipse_probe::alignment::{Symmetry, match_weights};
use traipse_probe::predictions::Predictions;
use traipse_probe::{Element, Missing};
use traipse_sweep::spec::CompareProbe;

use super::party::{Party, Place, same_network};

/// What a probe fills in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) curve: bool,
    pub(super) distance: bool,
    pub(super) predictions: bool,
}

impl Wanted {
    pub(super) fn of(probe: CompareProbe) -> Self {
        let is = |wanted: CompareProbe| probe == wanted;
        let curve = is(CompareProbe::Interpolation);
        Self {
            curve,
            distance: curve || is(CompareProbe::Distance) || is(CompareProbe::Alignment),
            predictions: curve || is(CompareProbe::Prediction),
        }
    }
}

/// Predictions of a party. Memory: one evaluator.
pub(super) fn predict<T: Element>(party: &Party<'_>, place: &Place<T>) -> Result<Predictions, Missing> {
    let mut evaluator = Evaluator::new(&party.problem);
    Predictions::at(&party.problem, &mut evaluator, &place.theta, &place.buffers)
}

/// The second place with its channels in the order of the first's.
pub(super) fn align<T: Element>(problem: &Problem, a: &Place<T>, b: &Place<T>, seed: u64) -> Result<Place<T>, Missing> {
    let network = problem.network();
    let symmetry = Symmetry::of(network)?;
    let permutations = match_weights(network, &a.theta, &b.theta, seed)?.permutations;
    Ok(Place {
        theta: symmetry.permute(&permutations, &b.theta),
        buffers: symmetry.permute_buffers(&permutations, &b.buffers),
    })
}

/// Whether every two of them share a network.
pub(super) fn all_same_network(parties: &[&Party<'_>]) -> bool {
    parties.windows(2).all(|pair| same_network(pair[0], pair[1]))
}
