//! Permutation alignment by weight matching: which hidden unit of one network is which of another's.
//!
//! Permuting a hidden layer's units, with the weights into and out of them, leaves the function as it is. So two
//! networks can be far apart, with a barrier between them, and yet be equal. Weight matching (Ainsworth, Hayase,
//! Srinivasa 2022, *Git Re-Basin*, algorithm 1) looks for the permutations π that bring B nearest to A:
//! max ⟨θ_A, π(θ_B)⟩, which is min ‖θ_A − π(θ_B)‖. With all layers but one fixed that is a linear assignment problem;
//! the layers are solved one by one in random order until none gains any more. The result is a local optimum, so several
//! starts are tried, and the best one is kept.
//!
//! What is permuted are the channels of every value between the input and the logits: of dense layers and convolutions,
//! with biases, norms and running statistics. Values that are added (residual connections) share one permutation.

mod assign;
mod descent;
mod gains;
mod symmetry;

use traipse_sweep::network::Network;
use traipse_sweep::streams::{Philox, Purpose};

use crate::{Element, Missing};
use descent::Descent;
pub use symmetry::Symmetry;

/// Starts of the search: layer by layer from the input, no permutation at all, then random ones.
pub const STARTS: u64 = 4;

/// Channels of one value above which there is no alignment: the assignment takes time in proportion to their cube, and
/// memory to their square (2¹² channels: 256 MiB).
pub const MAX_CHANNELS: usize = 4_096;

/// For every group of a [`Symmetry`]: the channel of B that takes the place of channel i.
pub type Permutations = Vec<Vec<usize>>;

/// How B's channels fit A's.
#[derive(Clone, Debug, PartialEq)]
pub struct Matching {
    /// Which of B's channels goes where.
    pub permutations: Permutations,
    /// ⟨θ_A, θ_B⟩ as they are.
    pub raw_objective: f64,
    /// ⟨θ_A, π(θ_B)⟩.
    pub objective: f64,
    /// The objective at the best start and after every change from there: it never falls.
    pub history: Vec<f64>,
}

/// Finds the permutations of B's channels that bring its weights nearest to A's, as far as the search goes.
///
/// Cost: a sweep takes two products of n × n × (weights of a channel) and one assignment problem, O(n³), a layer of n
/// channels; there are some five sweeps a start. Memory: three matrices of n × n numbers, and the weights of one layer
/// twice, in f64.
///
/// # Errors
/// [`Missing::NoAlignment`] where channels of the network cannot be permuted on their own, or there are too many.
///
/// # Panics
/// If θ does not have one value a parameter.
pub fn match_weights<T: Element>(network: &Network, a: &[T], b: &[T], seed: u64) -> Result<Matching, Missing> {
    let symmetry = Symmetry::of(network)?;
    let stream = Philox::new(seed, Purpose::Alignment);
    let mut descent = Descent::new(&symmetry, [a, b]);
    let raw_objective = descent.objective(&symmetry.identity());
    let mut best: Option<Matching> = None;
    for start in 0..STARTS {
        let mut draws = stream.at(start);
        let from = match start {
            0 => descent.forward(),
            1 => symmetry.identity(),
            _ => symmetry.random(&mut draws),
        };
        let (permutations, history) = descent.run(from, &mut draws);
        let objective = descent.objective(&permutations);
        if best.as_ref().is_none_or(|best| objective > best.objective) {
            best = Some(Matching { permutations, raw_objective, objective, history });
        }
    }
    Ok(best.expect("there is at least one start"))
}
