//! Arrays of the user's own, as `numpy.savez` and `numpy.savez_compressed` write them: `x_train`, `y_train`, `x_test`,
//! `y_test`.

mod npy;
mod zip;

use std::borrow::Cow;

use traipse_sweep::network::Shape;
use traipse_sweep::settings::{DataName, DataSettings};

use super::file::Named;
use super::finish::{Decoded, finish};
use super::{Dataset, Error, MAX_EXAMPLES, Split, Targets, Values};
use npy::Array;
pub use npy::ArrayFault;
use zip::Zip;
pub use zip::ZipFault;

const FULL_SCALE: f64 = 255.0;
/// Labels are bytes.
const MAX_CLASSES: i64 = 256;

/// Decodes an `.npz` file.
///
/// Examples are (n, features), (n, height, width) or (n, channels, height, width); `u8` stay bytes, all else becomes
/// `f32`. What is wanted of them is (n,) or (n, 1) whole numbers from 0, which are classes, or (n,) or (n, outputs)
/// floats, which are targets.
///
/// # Errors
/// If the file is damaged, lacks an array, or an array is not what it should be; the message names both.
pub fn npz(settings: &DataSettings, file: Named<'_>) -> Result<Dataset, Error> {
    if settings.name != DataName::Npz {
        return Err(Error::Name { found: settings.name.as_str(), expected: "npz" });
    }
    let zip = Zip::new(file)?;
    let arrays = ["x_train", "y_train", "x_test", "y_test"].map(|name| Source { file: file.0, name }.read(&zip));
    let [x_train, y_train, x_test, y_test] = arrays;
    let (x_train, y_train, x_test, y_test) = (x_train?, y_train?, x_test?, y_test?);
    let (image, train_shape) = x_train.image()?;
    let (_, test_shape) = x_test.image()?;
    if train_shape != test_shape {
        let (found, expected) = (x_test.array.shape, x_train.array.shape);
        return Err(x_test.source.fault(ArrayFault::Shapes { found, expected }));
    }
    let [n_train, n_test] = [y_train.targets(&x_train)?, y_test.targets(&x_test)?];
    let n_outputs = n_outputs(&y_train, &n_train, &y_test, &n_test)?;
    let split = |x: &Loaded<'_, '_>, targets| Ok(Split::new(train_shape.n_features(), x.values()?, targets));
    let (train, test) = (split(&x_train, n_train)?, split(&x_test, n_test)?);
    finish(settings, Decoded { image, n_outputs, full_scale: FULL_SCALE, train, test })
}

/// Where an array comes from, for messages.
#[derive(Clone, Copy)]
struct Source<'a> {
    file: &'a str,
    name: &'static str,
}

struct Loaded<'a, 'z> {
    source: Source<'a>,
    array: Array<Cow<'z, [u8]>>,
}

impl<'a> Source<'a> {
    fn read<'z>(self, zip: &Zip<'z>) -> Result<Loaded<'a, 'z>, Error> {
        let bytes = zip.member(&format!("{}.npy", self.name))?;
        let array = Array::new(bytes).map_err(|fault| self.fault(fault))?;
        Ok(Loaded { source: self, array })
    }

    fn fault(self, source: ArrayFault) -> Error {
        Error::Array { file: self.file.to_owned(), array: self.name, source }
    }
}

impl Loaded<'_, '_> {
    /// The shape of one example, and whether it is an image.
    fn image(&self) -> Result<(Option<Shape>, Shape), Error> {
        let shape = match self.array.shape[..] {
            [_, features] => Shape::dense(features),
            [_, height, width] => Shape { channels: 1, height, width },
            [_, channels, height, width] => Shape { channels, height, width },
            _ => return Err(self.shape_fault("(n, features), (n, height, width) or (n, channels, height, width)")),
        };
        let n = self.array.shape[0];
        if n as u64 > MAX_EXAMPLES {
            let (file, found) = (self.source.file.to_owned(), n as u64);
            return Err(Error::TooMany { file, found, what: "examples", limit: MAX_EXAMPLES });
        }
        if n == 0 || shape.channels == 0 || shape.height == 0 || shape.width == 0 {
            return Err(self.shape_fault("at least one example and one number in each"));
        }
        Ok(((self.array.shape.len() > 2).then_some(shape), shape))
    }

    fn values(&self) -> Result<Values, Error> {
        match self.array.bytes() {
            Some(bytes) => Ok(Values::Bytes(bytes.to_vec())),
            None => Ok(Values::Floats(self.floats()?)),
        }
    }

    fn floats(&self) -> Result<Vec<f32>, Error> {
        let floats = self.array.floats();
        match floats.iter().position(|value| !value.is_finite()) {
            Some(at) => {
                let row = at / (floats.len() / self.array.shape[0]);
                Err(self.source.fault(ArrayFault::NotFinite { row }))
            }
            None => Ok(floats),
        }
    }

    /// What is wanted of each example of `x`.
    fn targets(&self, x: &Self) -> Result<Targets, Error> {
        let (found, expected) = (self.array.shape.first().copied().unwrap_or(0), x.array.shape[0]);
        let integers = self.array.integers();
        match self.array.shape[..] {
            [_] | [_, 1] => {}
            [_, width] if width > 1 && integers.is_none() => {}
            _ if integers.is_none() => return Err(self.shape_fault("(n,) or (n, outputs)")),
            _ => return Err(self.shape_fault("(n,): one class an example")),
        }
        if found != expected {
            return Err(self.source.fault(ArrayFault::Rows { found, expected, examples: x.source.name }));
        }
        let Some(integers) = integers else { return Ok(Targets::Numbers(self.floats()?)) };
        let class = |(row, label): (usize, i64)| {
            let fits = (0..MAX_CLASSES).contains(&label);
            if fits { Ok(label as u8) } else { Err(self.source.fault(ArrayFault::Label { found: label, row })) }
        };
        integers.into_iter().enumerate().map(class).collect::<Result<_, _>>().map(Targets::Classes)
    }

    fn shape_fault(&self, expected: &'static str) -> Error {
        self.source.fault(ArrayFault::Shape { found: self.array.shape.clone(), expected })
    }
}

/// Classes of both splits, or numbers in a target.
fn n_outputs(
    y_train: &Loaded<'_, '_>,
    train: &Targets,
    y_test: &Loaded<'_, '_>,
    test: &Targets,
) -> Result<usize, Error> {
    match (train, test) {
        (Targets::Classes(train), Targets::Classes(test)) => {
            Ok(train.iter().chain(test).map(|&label| usize::from(label) + 1).max().unwrap_or(1))
        }
        (Targets::Numbers(train), Targets::Numbers(test)) => {
            let outputs = |y: &Loaded<'_, '_>, numbers: &[f32]| numbers.len() / y.array.shape[0];
            let (found, expected) = (outputs(y_test, test), outputs(y_train, train));
            if found == expected {
                Ok(found)
            } else {
                Err(y_test.source.fault(ArrayFault::Outputs { found, expected }))
            }
        }
        _ => Err(y_test.source.fault(ArrayFault::Kinds)),
    }
}
