//! What is compared with the nulls, and how it is measured.

use std::borrow::Cow;

use traipse_sweep::spec;

use crate::dimension::Found;
use crate::pca::fill_centred_positions;
use crate::{Lanczos, Missing, spectrum};

/// What is compared with the nulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statistic {
    /// Share of the variance along the first principal component.
    PcaExplained1,
    /// (Σλ)² / Σλ² of the principal components' variances.
    PcaParticipation,
    /// ‖Σ steps‖² / Σ‖step‖² over the steps between snapshots: 1 for a walk, their number for a line.
    Persistence,
    /// Share of the second component; this and the following where the dimension is asked for, see
    /// [`Dimension`](crate::dimension::Dimension).
    PcaExplained2,
    /// Share of the third component.
    PcaExplained3,
    /// How closely scores follow cosines.
    LissajousCorrelation,
    /// Share of the first component of the steps.
    IncrementsExplained1,
    /// (Σλ)² / Σλ² of the steps.
    IncrementsParticipation,
    /// Share of the first component in a window of the path, counted from 1.
    WindowExplained(u32),
    /// Largest principal angle between a window, counted from 1, and the next.
    WindowAngle(u32),
}

impl Statistic {
    /// Those of every run, in the order of the tables.
    pub const DEFAULT: [Self; 3] = [Self::PcaExplained1, Self::PcaParticipation, Self::Persistence];

    /// Those that come with the dimension, in the order of the tables.
    #[must_use]
    pub fn of_dimension(settings: &spec::Dimension) -> Vec<Self> {
        let whole = [
            Self::PcaExplained2,
            Self::PcaExplained3,
            Self::LissajousCorrelation,
            Self::IncrementsExplained1,
            Self::IncrementsParticipation,
        ];
        let windows = (1..=settings.windows).map(Self::WindowExplained);
        whole.into_iter().chain(windows).chain((1..settings.windows).map(Self::WindowAngle)).collect()
    }

    /// The word used in `nulls.statistic`.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        match self {
            Self::PcaExplained1 => "pca_explained_1".into(),
            Self::PcaExplained2 => "pca_explained_2".into(),
            Self::PcaExplained3 => "pca_explained_3".into(),
            Self::PcaParticipation => "pca_participation".into(),
            Self::Persistence => "persistence".into(),
            Self::LissajousCorrelation => "lissajous_correlation".into(),
            Self::IncrementsExplained1 => "increments_explained_1".into(),
            Self::IncrementsParticipation => "increments_participation".into(),
            Self::WindowExplained(window) => format!("window_explained_{window}").into(),
            Self::WindowAngle(window) => format!("window_angle_{window}").into(),
        }
    }

    /// Whether every run has it.
    pub(super) fn is_default(self) -> bool {
        Self::DEFAULT.contains(&self)
    }

    /// Whether it is a function of the steps as a set, which no order of theirs changes.
    pub(super) fn is_kept_by_shuffle(self) -> bool {
        matches!(self, Self::Persistence | Self::IncrementsExplained1 | Self::IncrementsParticipation)
    }
}

/// The values of [`Statistic::of_dimension`], in its order.
pub(super) fn of_dimension(found: &Found) -> Vec<Result<f64, Missing>> {
    let increments = found.increments.as_ref().map_err(|missing| *missing);
    // The steps of a path in one dimension have one component, or none.
    let first = increments.map(|shares| shares.explained.first().copied().unwrap_or(1.0));
    let mut values = found.explained.to_vec();
    values.extend([found.lissajous, first, increments.map(|shares| shares.participation)]);
    values.extend(&found.window_explained);
    values.extend(&found.window_angles);
    values
}

/// The statistics of a step Gram matrix, with their room kept between samples.
#[derive(Debug, Default)]
pub(super) struct Measure {
    centred: Vec<f64>,
    means: Vec<f64>,
    lanczos: Lanczos,
    pub(super) trace_of_steps: f64,
}

impl Measure {
    /// The three statistics in order, of n steps with that dense Gram matrix.
    pub(super) fn statistics(&mut self, steps: &[f64], n: usize) -> [f64; 3] {
        let width = n + 1;
        self.centred.resize(width * width, 0.0);
        self.means.resize(width, 0.0);
        let displacement_square: f64 = steps.iter().sum();
        self.trace_of_steps = steps.iter().step_by(width).sum();
        fill_centred_positions(steps, n, &mut self.centred, &mut self.means);
        let total: f64 = self.centred.iter().step_by(width + 1).sum();
        let squares = spectrum::dot(&self.centred, &self.centred);
        if !squares.is_finite() || total <= 0.0 {
            return [f64::NAN; 3];
        }
        let largest = self.lanczos.largest_eigenvalue(&self.centred, width);
        [f64::min(largest / total, 1.0), total * total / squares, displacement_square / self.trace_of_steps]
    }
}
