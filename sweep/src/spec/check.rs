//! Checks of settings against each other: what a data set or a model ignores, and what it cannot do without.

mod conflicts;
mod data;

use serde_json::{Value as Json, json};

use super::catalogue::{SETTINGS, Words};
use super::error::Fault;
use super::read::Places;
use super::{Product, SweepSpec};
use crate::plan::grid::Grid;
use crate::settings::{ModelKind, RunSettings};

/// Checks the base settings and the axes together.
pub(super) fn settings(spec: &SweepSpec, places: &Places) -> Result<(), Fault> {
    let check = Check { spec, places };
    data::check(&check)?;
    check.branches()?;
    check.noop()
}

/// Checks the settings of every cell against each other.
pub(super) fn cells(spec: &SweepSpec, places: &Places, grid: &Grid) -> Result<(), Fault> {
    conflicts::check(spec, places, grid)
}

struct Check<'a> {
    spec: &'a SweepSpec,
    places: &'a Places,
}

impl Check<'_> {
    /// What does nothing ignores every other setting of the model.
    fn noop(&self) -> Result<(), Fault> {
        let noop = self.some_run_has("model.kind", json!("noop"), self.spec.base.model.kind == ModelKind::Noop);
        let trained = ModelKind::ALL.iter().zip(ModelKind::NOW).filter(|(kind, _)| **kind != ModelKind::Noop);
        let trained = trained
            .into_iter()
            .any(|(kind, word)| self.some_run_has("model.kind", json!(word), self.spec.base.model.kind == *kind));
        if !noop || trained {
            return Ok(());
        }
        let defaults = RunSettings::default();
        for setting in SETTINGS.iter().filter(|setting| setting.key.starts_with("model.")) {
            let changed = (setting.get)(&self.spec.base) != (setting.get)(&defaults);
            if setting.key != "model.kind" && (changed || self.axis(setting.key).is_some()) {
                let message = "noop has no network and ignores this";
                return Err(self.fault(setting.key, setting.key, message, "leave it out, or train kind = \"mlp\""));
            }
        }
        Ok(())
    }

    /// Branches need something to branch from, in every product.
    fn branches(&self) -> Result<(), Fault> {
        let forks = |product: &Product| product.axes.iter().any(|axis| axis.key.starts_with("fork."));
        let all = self.spec.base.fork.is_some() || self.spec.products.iter().all(forks);
        if self.spec.n_branches == 1 || all {
            return Ok(());
        }
        let message = "branches of what? Some runs do not fork";
        let help = "add epoch = 0 to [fork], say, or the axis \"fork.epoch\" to every product";
        Err(self.fault("fork.branches", "fork.branches", message, help))
    }

    /// Whether some run has that value: the axis decides where every product has one, else the base may too.
    fn some_run_has(&self, key: &str, value: Json, in_base: bool) -> bool {
        self.spec.products.iter().any(|product| match product.axes.iter().find(|axis| axis.key == key) {
            Some(axis) => axis.values.contains(&value),
            None => in_base,
        })
    }

    /// The first product and position of an axis.
    fn axis(&self, key: &str) -> Option<(usize, usize)> {
        self.spec
            .products
            .iter()
            .enumerate()
            .find_map(|(at, product)| product.axes.iter().position(|axis| axis.key == key).map(|axis| (at, axis)))
    }

    /// An error at the place of `near`: its setting, else its axis, else the top.
    fn fault(&self, near: &str, key: &str, message: &str, help: &str) -> Fault {
        let axis = || {
            let (product, axis) = self.axis(near)?;
            Some(self.places.axes.get(product)?.get(axis)?.key.clone())
        };
        let span = self.places.given.get(near).cloned().or_else(axis).unwrap_or(0..0);
        Fault::new(&span, key, message, help)
    }
}
