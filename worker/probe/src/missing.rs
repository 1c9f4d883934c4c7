//! Why a measure has no value.

use std::fmt;

/// Why a measure has no value; its text is what the tables' `status` columns say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    /// Nothing was trained.
    Noop,
    /// A loss or an update stopped being finite, so there is no end to refer to.
    Diverged,
    /// One snapshot is not a path.
    OneSnapshot,
    /// More snapshots than [`StepGram::MAX_SNAPSHOTS`](crate::StepGram::MAX_SNAPSHOTS).
    TooManySnapshots,
    /// All snapshots are equal.
    DidNotMove,
    /// The training was shorter than four times t*, or the objective rose above the threshold again.
    NotConverged,
    /// The objective was nowhere below its start.
    NeverFell,
    /// The loss on the probe set was not finite.
    NotFinite,
    /// The window has fewer than two steps.
    ShortWindow,
    /// Putting the steps in another order leaves their sum, and so the statistic, as it is.
    KeptByShuffle,
    /// No two steps of the window share a learning rate.
    NothingToShuffle,
    /// Fewer than three snapshots to fit a slope to.
    FewPoints,
    /// Hidden channels that cannot be permuted on their own, or too many of them.
    NoAlignment,
    /// Stability threshold and noise floor are known of `sgd` alone: others scale their steps by what they saw.
    NoThreshold,
    /// The training set has no two examples.
    FewExamples,
    /// tr(HΣ) is below 0: the weights are not about a minimum.
    NegativeNoiseCurvature,
    /// Fewer than three lags to fit an exponent to.
    FewLags,
    /// Every step between snapshots is the same, so that steps have no variance.
    EqualSteps,
    /// One of the windows of the path has no step, or the weights did not move in it.
    StillWindow,
    /// Snapshots that are unequally far apart have no common lags.
    UnequalStrides,
    /// The steps of this optimiser have no momentum that stays.
    NoMomentum,
    /// A norm's scale is no matrix, and a matrix of zeros has no singular value to divide by.
    NoMatrix,
    /// The iteration for a largest singular value did not settle.
    NotSettled,
    /// The gradient is zero, and so has no direction.
    ZeroGradient,
    /// The training set does not have two minibatches.
    FewBatches,
    /// What is left of ‖g‖² without its noise is not above 0.
    NoiseDominates,
    /// The training itself is in f64.
    DoublePrecision,
    /// The targets are numbers.
    NoClasses,
    /// The outputs are no probabilities.
    NoProbabilities,
    /// There are no test examples.
    NoTestSet,
    /// The points do not span a plane.
    NoPlane,
}

impl Missing {
    /// The text of the `status` columns: a word, or a word and an explanation after a colon.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Noop => "noop: nothing was trained",
            Self::Diverged => "diverged",
            Self::OneSnapshot => "one-snapshot: a path needs two",
            Self::TooManySnapshots => "too-many-snapshots: the matrix is kept for at most 256",
            Self::DidNotMove => "did-not-move: the weights are equal at every snapshot",
            Self::NotConverged => "not-converged",
            Self::NeverFell => "never-fell: the objective was nowhere below its start",
            Self::NotFinite => "not-finite: the loss on the probe set overflowed",
            Self::ShortWindow => "short-window: fewer than two steps between snapshots",
            Self::KeptByShuffle => "kept-by-shuffle: another order of the steps leaves their sum unchanged",
            Self::NothingToShuffle => "nothing-to-shuffle: no two steps share a learning rate",
            Self::FewPoints => "few-points: a slope needs three snapshots in the last factor 4 of time",
            Self::NoAlignment => "no-alignment: channels of this network cannot be permuted on their own",
            Self::NoThreshold => "no-threshold: stability threshold and noise floor are known of sgd alone",
            Self::FewExamples => "few-examples: noise needs two",
            Self::NegativeNoiseCurvature => "negative-noise-curvature: the noise points to where the loss is concave",
            Self::FewLags => "few-lags: an exponent needs three lags in a window",
            Self::EqualSteps => "equal-steps: all steps between snapshots are equal and have no variance",
            Self::StillWindow => "still-window: a window of the path has no step, or the weights did not move in it",
            Self::UnequalStrides => "unequal-strides: a mean over a window's origins needs snapshots equally far apart",
            Self::NoMomentum => "no-momentum: the optimiser has none that stays from step to step",
            Self::NoMatrix => "no-matrix: scales of a norm, or weights that are all zero, have no stable rank",
            Self::NotSettled => "not-settled: the largest singular value did not settle in 300 products",
            Self::NoClasses => "no-classes: the targets are numbers",
            Self::NoProbabilities => "no-probabilities: outputs trained by mse are no logarithms of probabilities",
            Self::NoTestSet => "no-test-set",
            Self::ZeroGradient => "zero-gradient: a gradient of zero has no direction",
            Self::FewBatches => "few-batches: the training set does not have two minibatches",
            Self::NoiseDominates => "noise-dominates: the probe set's gradient is within its sampling noise",
            Self::DoublePrecision => "double-precision: the training itself is in f64",
            Self::NoPlane => "no-plane: the points do not span a plane",
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
