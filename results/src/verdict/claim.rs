//! The claims, in our words, and the rules that decide them.

use serde::Serialize;

/// A claim of the abstract of *Stuck in a What? Adventures in Weight Space* (Lipton 2016, arXiv 1602.07320), in our
/// words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// A1: the weights settle nowhere.
    Settling,
    /// A2: large connected regions of equal loss.
    FlatRegions,
    /// A3: the path has a shape of its own.
    Path,
    /// A4 (H1): after convergence of the loss, large moves through flat regions, not at a critical point.
    Travel,
    /// A5 (H2): locally non-convex, at the start and after partial training.
    NonConvex,
}

impl Claim {
    /// Every claim, in order.
    pub const ALL: [Self; 5] = [Self::Settling, Self::FlatRegions, Self::Path, Self::Travel, Self::NonConvex];

    /// Its short name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Settling => "A1",
            Self::FlatRegions => "A2",
            Self::Path => "A3",
            Self::Travel => "A4",
            Self::NonConvex => "A5",
        }
    }

    /// What it says.
    #[must_use]
    pub fn statement(self) -> &'static str {
        match self {
            Self::Settling => "Weights do not settle at a point",
            Self::FlatRegions => "Networks have large connected regions of equal loss",
            Self::Path => "The path through weight space is low-dimensional beyond what any walk is",
            Self::Travel => {
                "Converged loss, travelling weights: large moves through flat regions, at no critical point"
            }
            Self::NonConvex => "The surface is locally non-convex, at the start and after partial training",
        }
    }

    /// The rule that decides it, with its thresholds.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::Settling => {
                "after t* (a) the travel fraction lies above 0.1 and (b) the distance goes on growing: log-log slope \
                 above 0.1. Contradicted where the distance has stopped growing, or the travel is below 0.01"
            }
            Self::FlatRegions => {
                "(a) more than half of the spectrum lies within ±0.001 of the largest Hessian eigenvalue at the end; \
                 (b) the curvature along the travel from t* to the end is below 0.01 of that eigenvalue; (c) on the \
                 straight segment of that travel the loss rises above its higher end by less than q of its whole fall"
            }
            Self::Path => {
                "the first principal component's share of the path's variance exceeds (a) that of a random walk with \
                 the same step lengths and (b) that of the same steps with random signs: p < 0.05 in most seeds, and \
                 in more than chance gives"
            }
            Self::Travel => {
                "after t* (a) the travel fraction lies above 0.1; (b) the distance goes on growing: log-log slope \
                 above 0.1; (c) the squared gradient of the objective at the end lies above 100 × its arithmetic \
                 error squared and above 2 × the value at which SGD hovers around a minimum; (d) the curvature along \
                 the travel is below 0.01 of the largest Hessian eigenvalue"
            }
            Self::NonConvex => {
                "a certificate (v'Hv of the full objective in f64) is negative (a) at the start and (b) after partial \
                 training, and (c) the loss between siblings of one start or one state lies above the chord by more \
                 than 3 × its arithmetic error"
            }
        }
    }
}
