//! What is checked before anything starts: that every size in the sweep can be trained, and that its data is there.

use traipse_sweep::FailureClass;
use traipse_sweep::network::Network;
use traipse_sweep::settings::{Course, DataSettings, Loss, ModelKind};
use traipse_worker::data::{self, Cache};

use crate::data_sizes::{DataSizes, KnownSizes};
use crate::error::Error;
use crate::output::Screen;
use crate::output::style;
use crate::sizes::{self, Shape};
use crate::spec_file::SpecFile;

/// The course of every size, on data of those sizes.
///
/// # Errors
/// If one cannot be trained: the file, the cell and the setting are named.
pub(crate) fn courses(
    file: &SpecFile,
    shapes: &[Shape],
    sizes_of: impl Fn(&DataSettings) -> DataSizes,
) -> Result<Vec<Course>, Error> {
    let checked = |shape: &Shape| course(shape, sizes_of(&shape.settings.data)).map_err(|what| at(file, shape, &what));
    shapes.iter().map(checked).collect()
}

fn course(shape: &Shape, data: DataSizes) -> Result<Course, String> {
    let course = shape.settings.train.course(data.n_train);
    if shape.settings.model.kind == ModelKind::Noop {
        // Nothing is trained: what does not fit disturbs nobody.
        return Ok(course.unwrap_or(Course { batch_rows: 1, steps_per_epoch: 1, total_steps: 1 }));
    }
    Network::of(&shape.settings, data.shape, data.n_outputs as usize).map_err(|error| error.to_string())?;
    fits(shape, data)?;
    let course = course.map_err(|error| error.to_string())?;
    forks(shape, &course)?;
    Ok(course)
}

/// Whether the fork comes before the end.
fn forks(shape: &Shape, course: &Course) -> Result<(), String> {
    let Some(fork) = &shape.settings.fork else { return Ok(()) };
    let (step, end) = (fork.step(course.steps_per_epoch), course.total_steps);
    if step < end {
        return Ok(());
    }
    let key = if fork.step.is_some() { "fork.step" } else { "fork.epoch" };
    Err(format!("{key} is step {step}, but the training ends after step {end}: fork earlier, or train longer"))
}

/// Whether what is wanted of the examples can be trained as the settings say.
fn fits(shape: &Shape, data: DataSizes) -> Result<(), String> {
    let (name, settings) = (shape.settings.data.name.as_str(), &shape.settings);
    if data.is_regression && settings.train.loss == Loss::CrossEntropy {
        return Err(format!(
            "train.loss = \"cross-entropy\" needs classes, but the data of {name} have targets: use train.loss = \"mse\""
        ));
    }
    if data.is_regression && settings.train.stop.is_some() {
        return Err(format!("train.stop needs classes, but the data of {name} have targets: leave it out"));
    }
    if !settings.train.augment.is_empty() && (data.shape.height, data.shape.width) == (1, 1) {
        let shape = data.shape;
        return Err(format!(
            "train.augment needs images, but the examples of {name} are {shape} numbers: leave it out, or use a set of images"
        ));
    }
    if data.is_regression && settings.data.label_noise > 0.0 {
        return Err(format!("data.label_noise needs classes, but the data of {name} have targets: leave it out"));
    }
    Ok(())
}

fn at(file: &SpecFile, shape: &Shape, what: &str) -> Error {
    if file.spec().products.iter().all(|product| product.axes.is_empty()) {
        return Error::wrong_use(format!("{}: {what}", file.file));
    }
    Error::wrong_use(format!("{}: in the cell {}: {what}", file.file, file.plan.cell_label(shape.job)))
}

/// Checks every size against the data as it lies on this machine, which `cache` keeps.
///
/// # Errors
/// If the data cannot be read, or a size cannot be trained on it.
pub(crate) fn strictly(file: &SpecFile, cache: &Cache) -> Result<(), Error> {
    let shapes = sizes::shapes(&file.plan);
    let mut loaded = Vec::new();
    for data in trained_on(&shapes) {
        let set = cache.get(&data).map_err(|error| unreadable(file, error))?;
        loaded.push((data, DataSizes::from(&*set)));
    }
    let known = KnownSizes(loaded);
    courses(file, &shapes, |data| known.of(data)).map(drop)
}

/// The same where the data can be read here; where it cannot, the published sizes are taken, and a note says so.
///
/// # Errors
/// If the data are there and damaged, or a size cannot be trained.
pub(crate) fn where_readable(file: &SpecFile, screen: &Screen) -> Result<(), Error> {
    let shapes = sizes::shapes(&file.plan);
    let mut loaded = Vec::new();
    for data in trained_on(&shapes) {
        match data::load(&data) {
            Ok(set) => loaded.push((data, DataSizes::from(&*set))),
            Err(error @ (data::Error::Folder { .. } | data::Error::Missing { .. } | data::Error::Read { .. })) => {
                screen.note(format!(
                    "{}: the data cannot be read here, so that only its published sizes are checked; workers must read it ({error})",
                    style::warning("note"),
                ));
            }
            Err(error) => return Err(unreadable(file, error)),
        }
    }
    let known = KnownSizes(loaded);
    courses(file, &shapes, |data| known.of(data)).map(drop)
}

/// Settings that fit no data are the file's fault; all else is the environment's.
fn unreadable(file: &SpecFile, error: data::Error) -> Error {
    match error.class() {
        FailureClass::Invalid => Error::wrong_use(format!("{}: {error}", file.file)),
        _ => Error::environment(error),
    }
}

/// The data sets that some run really reads.
fn trained_on(shapes: &[Shape]) -> Vec<DataSettings> {
    let reads = shapes.iter().filter(|shape| shape.settings.model.kind != ModelKind::Noop).cloned();
    sizes::data_sets(&reads.collect::<Vec<_>>())
}
