//! What the examples share: MNIST from its files, and the processor's clock.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use traipse_nn::Dataset;
use traipse_nn::data::{IdxFiles, mnist};
use traipse_sweep::RunSettings;

/// MNIST from the four files in a folder.
pub(crate) fn load(folder: &str, settings: &RunSettings) -> Result<Arc<Dataset>> {
    let read = |name: &str| std::fs::read(Path::new(folder).join(name)).with_context(|| name.to_owned());
    let names = [
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    ];
    let bytes = names.iter().map(|name| read(name)).collect::<Result<Vec<_>>>()?;
    let file = |i: usize| (names[i], &bytes[i][..]);
    let files = IdxFiles { train_images: file(0), train_labels: file(1), test_images: file(2), test_labels: file(3) };
    Ok(Arc::new(mnist(&settings.data, &files)?))
}

/// The processor's time of this process so far.
pub(crate) fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
