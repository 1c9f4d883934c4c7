//! What is measured: the default probes' settings, and the sub-tables that switch on the others.

use serde::{Deserialize, Serialize};

use super::{SnapshotRule, Span, SweepSpec};

/// A probe that must be asked for, as columns and tables name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probe {
    /// `[probes.hessian]`: both ends of the spectrum, certificate, directions.
    Hessian,
    /// `[probes.trace]`: trace and Frobenius norm.
    Trace,
    /// `[probes.spectrum]`: spectral density by stochastic Lanczos quadrature.
    Spectrum,
    /// `[probes.gradients]`: noise scale, cosines, error in f32.
    Gradients,
    /// `[probes.sharpness]`: along the gradient and at random.
    Sharpness,
    /// `[probes.predictions]`: how predictions change.
    Predictions,
    /// `[probes.polish]`: L-BFGS from the end.
    Polish,
    /// `[probes.interpolation]`: the loss along segments of the path.
    Interpolation,
    /// `[probes.surface]`: two-dimensional slices.
    Surface,
    /// `[probes.layers]`: distances and gradients layer by layer.
    Layers,
    /// `[probes.dimension]`: windowed components and those of the increments.
    Dimension,
    /// `[probes.diffusion]`: exponents of the mean squared displacement.
    Diffusion,
    /// `[fork]`, which brings columns of its own.
    Fork,
    /// `[[compare]]`, likewise.
    Compare,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Probes {
    /// The probe set: the first n of a fixed, class-balanced order of the training examples.
    pub examples: ProbeExamples,
    /// Null models of the path.
    pub nulls: Nulls,
    /// `[probes.hessian]`.
    pub hessian: Option<Hessian>,
    /// `[probes.trace]`.
    pub trace: Option<Trace>,
    /// `[probes.spectrum]`.
    pub spectrum: Option<Spectrum>,
    /// `[probes.gradients]`.
    pub gradients: Option<GradientNoise>,
    /// `[probes.sharpness]`.
    pub sharpness: Option<Sharpness>,
    /// `[probes.predictions]`.
    pub predictions: Option<Predictions>,
    /// `[probes.polish]`.
    pub polish: Option<Polish>,
    /// `[probes.interpolation]`.
    pub interpolation: Option<Interpolation>,
    /// `[probes.surface]`.
    pub surface: Option<Surface>,
    /// `[probes.layers]`.
    pub layers: Option<Layers>,
    /// `[probes.dimension]`.
    pub dimension: Option<Dimension>,
    /// `[probes.diffusion]`.
    pub diffusion: Option<Diffusion>,
}

/// How many training examples the probes see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeExamples {
    /// That many, or all where there are fewer.
    First(u64),
    /// All.
    All,
}

/// At which snapshots a probe measures: those whose step one of the rules names; the start and the end always.
pub type At = Vec<SnapshotRule>;

/// Null models of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nulls {
    /// Which, without repeats; may be empty.
    pub kinds: Vec<NullKind>,
    /// Samples of each.
    pub samples: u32,
}

/// A null model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NullKind {
    /// N1: steps of the observed norms in independent random directions.
    Walk,
    /// N2: the same layer by layer: each layer's steps keep that layer's observed norms.
    LayerWalk,
    /// N3: the observed steps in random order, within blocks of equal learning rate.
    Shuffled,
    /// N4: the observed steps with random signs.
    Signs,
    /// N5: a walk whose optimiser steps have the run's momentum, with the observed norms between snapshots.
    MomentumWalk,
}

/// Both ends of the Hessian's spectrum by Lanczos, the certificate, overlaps and curvature along directions.
#[derive(Clone, Debug, PartialEq)]
pub struct Hessian {
    /// When.
    pub at: At,
    /// How many of the largest.
    pub top: u32,
    /// Lanczos steps: as many Hessian-vector products, and as many vectors of the size of θ in memory.
    pub iterations: u32,
}

/// Trace of the Hessian.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// When.
    pub at: At,
    /// Hutchinson's estimator, or Hutch++.
    pub method: TraceMethod,
    /// Hessian-vector products.
    pub samples: u32,
}

/// An estimator of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TraceMethod {
    /// Mean of z'Hz over random signs.
    Hutchinson,
    /// A third of the products for a subspace, whose trace is exact, the rest for what is left (Meyer et al. 2021).
    #[serde(rename = "hutch++")]
    HutchPlusPlus,
}

/// Spectral density by stochastic Lanczos quadrature.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// When.
    pub at: At,
    /// Random start vectors.
    pub draws: u32,
    /// Lanczos steps of each: that many nodes.
    pub iterations: u32,
}

/// Gradient statistics beyond the default ones.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientNoise {
    /// When.
    pub at: At,
    /// Minibatches of the training's size whose gradients are compared.
    pub batches: u32,
}

/// How the loss rises nearby.
#[derive(Clone, Debug, PartialEq)]
pub struct Sharpness {
    /// When.
    pub at: At,
    /// Radius as a share of ‖θ‖.
    pub radius: f64,
    /// Random directions.
    pub samples: u32,
}

/// How predictions on the test set change.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// When; each is compared with the one before.
    pub at: At,
}

/// Full-batch L-BFGS on the objective from the last snapshot, in f64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polish {
    /// Most iterations.
    pub iterations: u32,
}

/// The loss along segments of the path.
#[derive(Clone, Debug, PartialEq)]
pub struct Interpolation {
    /// Interior points of a segment.
    pub points: u32,
    /// Which segments.
    pub segments: Vec<Segment>,
    /// Snapshots that `snapshot-end` and `consecutive` take.
    pub at: At,
}

/// Kinds of segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Segment {
    /// From the start to the end.
    StartEnd,
    /// From each chosen snapshot, and from every t*, to the end.
    SnapshotEnd,
    /// From each snapshot to the next.
    Consecutive,
}

/// Two-dimensional slices of the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    /// Which planes.
    pub planes: Vec<Plane>,
    /// Points along each side.
    pub points: u32,
}

/// Kinds of planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plane {
    /// Through the path's mean along its first two principal components.
    Pca,
    /// Through the end along two random directions, filter-normalised (Li et al. 2018).
    Random,
    /// Through the start, the snapshot at half the steps and the end.
    ThreePoint,
}

/// Distances and gradients layer by layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    /// When.
    pub at: At,
}

/// Components in windows of the path, and of its increments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Windows of equal numbers of snapshots.
    pub windows: u32,
    /// Components whose subspaces are compared between windows.
    pub components: u32,
}

/// Exponents of the mean squared displacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diffusion {
    /// Largest lag as a share of a window's length, in percent.
    pub max_lag_percent: u32,
}

impl NullKind {
    /// Every null, in the order of the documentation.
    pub const EVERY: [Self; 5] = [Self::Walk, Self::LayerWalk, Self::Shuffled, Self::Signs, Self::MomentumWalk];

    /// The word used in the spec and in `nulls.kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Walk => "walk",
            Self::LayerWalk => "layer-walk",
            Self::Shuffled => "shuffled",
            Self::Signs => "signs",
            Self::MomentumWalk => "momentum-walk",
        }
    }
}

impl SweepSpec {
    /// Whether a probe is asked for.
    #[must_use]
    pub fn asks_for(&self, probe: Probe) -> bool {
        let probes = &self.probes;
        match probe {
            Probe::Hessian => probes.hessian.is_some(),
            Probe::Trace => probes.trace.is_some(),
            Probe::Spectrum => probes.spectrum.is_some(),
            Probe::Gradients => probes.gradients.is_some(),
            Probe::Sharpness => probes.sharpness.is_some(),
            Probe::Predictions => probes.predictions.is_some(),
            Probe::Polish => probes.polish.is_some(),
            Probe::Interpolation => probes.interpolation.is_some(),
            Probe::Surface => probes.surface.is_some(),
            Probe::Layers => probes.layers.is_some(),
            Probe::Dimension => probes.dimension.is_some(),
            Probe::Diffusion => probes.diffusion.is_some(),
            Probe::Fork => self.forks(),
            Probe::Compare => !self.compare.is_empty(),
        }
    }
}

impl Default for Probes {
    fn default() -> Self {
        Self {
            examples: ProbeExamples::First(5000),
            nulls: Nulls::default(),
            hessian: None,
            trace: None,
            spectrum: None,
            gradients: None,
            sharpness: None,
            predictions: None,
            polish: None,
            interpolation: None,
            surface: None,
            layers: None,
            dimension: None,
            diffusion: None,
        }
    }
}

impl Default for Nulls {
    fn default() -> Self {
        Self { kinds: vec![NullKind::Walk, NullKind::Signs, NullKind::Shuffled], samples: 200 }
    }
}

/// Every five epochs, the default of all probes that cost much.
fn every_five_epochs() -> At {
    vec![SnapshotRule::Every { interval: Span::Epochs(5), from: None, to: None }]
}

fn every_epoch() -> At {
    vec![SnapshotRule::Every { interval: Span::Epochs(1), from: None, to: None }]
}

impl Default for Hessian {
    fn default() -> Self {
        Self { at: every_five_epochs(), top: 10, iterations: 60 }
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self { at: every_five_epochs(), method: TraceMethod::HutchPlusPlus, samples: 30 }
    }
}

impl Default for Spectrum {
    fn default() -> Self {
        Self { at: Vec::new(), draws: 4, iterations: 60 }
    }
}

impl Default for GradientNoise {
    fn default() -> Self {
        Self { at: every_five_epochs(), batches: 16 }
    }
}

impl Default for Sharpness {
    fn default() -> Self {
        Self { at: every_five_epochs(), radius: 0.01, samples: 8 }
    }
}

impl Default for Predictions {
    fn default() -> Self {
        Self { at: every_epoch() }
    }
}

impl Default for Polish {
    fn default() -> Self {
        Self { iterations: 100 }
    }
}

impl Default for Interpolation {
    fn default() -> Self {
        Self { points: 25, segments: vec![Segment::StartEnd], at: every_five_epochs() }
    }
}

impl Default for Surface {
    fn default() -> Self {
        Self { planes: vec![Plane::Pca], points: 21 }
    }
}

impl Default for Layers {
    fn default() -> Self {
        Self { at: every_epoch() }
    }
}

impl Default for Dimension {
    fn default() -> Self {
        Self { windows: 3, components: 2 }
    }
}

impl Default for Diffusion {
    fn default() -> Self {
        Self { max_lag_percent: 50 }
    }
}
