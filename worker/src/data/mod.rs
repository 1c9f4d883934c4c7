//! Data sets: loaded once a process, whatever the number of its slots and workers.

mod error;
mod files;
mod published;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use traipse_nn::Dataset;
use traipse_nn::data as decode;
use traipse_sweep::settings::{DataName, DataSettings};

pub use error::Error;
pub use files::{file_names, is_present};
pub use published::{PUBLISHED, Published, PublishedFile, Sizes, published};

/// Data sets above this many are dropped where no job uses them.
const MAX_UNUSED: usize = 4;

/// Reads and decodes a data set, or draws it. Names of files: those of [`file_names`], each plain or with `.gz`.
///
/// # Errors
/// If a file is missing, unreadable, or not what it should be; or if the settings do not fit the data.
pub fn load(settings: &DataSettings) -> Result<Arc<Dataset>, Error> {
    let data = match settings.name {
        DataName::Digits => decode::digits(settings)?,
        DataName::Blobs | DataName::Spirals | DataName::Teacher | DataName::Regression => decode::synthetic(settings)?,
        _ => files::load(settings)?,
    };
    Ok(Arc::new(data))
}

/// The data sets that a process has loaded.
#[derive(Default)]
pub struct Cache {
    sets: Mutex<BTreeMap<String, Arc<Slot>>>,
}

/// One data set's place: whoever comes second waits for the first to load it.
#[derive(Default)]
struct Slot(Mutex<Option<Arc<Dataset>>>);

impl Cache {
    /// The data set of these settings, loaded now if it was not before. A failure is not kept: the next job tries again.
    ///
    /// # Errors
    /// As [`load`].
    pub fn get(&self, settings: &DataSettings) -> Result<Arc<Dataset>, Error> {
        let slot = self.slot(settings);
        let mut set = lock(&slot.0);
        if let Some(data) = &*set {
            return Ok(data.clone());
        }
        let data = load(settings)?;
        tracing::info!(
            name = ?settings.name,
            n_train = data.train.len(),
            n_test = data.test.len(),
            hash = %data.hash,
            "data set loaded"
        );
        *set = Some(data.clone());
        Ok(data)
    }

    fn slot(&self, settings: &DataSettings) -> Arc<Slot> {
        let key = format!("{settings:?}");
        let mut sets = lock(&self.sets);
        if sets.len() > MAX_UNUSED && !sets.contains_key(&key) {
            sets.retain(|_, slot| slot.is_used());
        }
        sets.entry(key).or_default().clone()
    }
}

impl Slot {
    /// Somebody loads it or has it.
    fn is_used(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) > 1 || lock(&self.0).as_ref().is_some_and(|data| Arc::strong_count(data) > 1)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(lock(&self.sets).keys()).finish()
    }
}

/// A panic while loading leaves nothing half-made: the set is there or it is not.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use traipse_sweep::FailureClass;

    use super::*;

    fn digits(train_limit: Option<u64>) -> DataSettings {
        DataSettings { train_limit, ..DataSettings::default() }
    }

    #[test]
    fn a_set_is_loaded_once() {
        let cache = Cache::default();
        let first = cache.get(&digits(None)).unwrap();
        assert!(Arc::ptr_eq(&first, &cache.get(&digits(None)).unwrap()));
        assert!(!Arc::ptr_eq(&first, &cache.get(&digits(Some(100))).unwrap()));
    }

    #[test]
    fn unused_sets_are_dropped() {
        let cache = Cache::default();
        let used = cache.get(&digits(Some(50))).unwrap();
        for limit in 100..110 {
            cache.get(&digits(Some(limit))).unwrap();
        }
        assert!(lock(&cache.sets).len() <= MAX_UNUSED + 2, "{cache:?}");
        assert!(Arc::ptr_eq(&used, &cache.get(&digits(Some(50))).unwrap()));
    }

    #[test]
    fn settings_that_do_not_fit_are_invalid_and_files_can_be_put_right() {
        assert_eq!(load(&digits(Some(1))).unwrap_err().class(), FailureClass::Invalid);
        let drawn = DataSettings { name: DataName::Blobs, examples: 1, ..DataSettings::default() };
        assert_eq!(load(&drawn).unwrap_err().class(), FailureClass::Invalid);
        let mnist = |dir: Option<&str>| {
            load(&DataSettings { name: DataName::Mnist, dir: dir.map(str::to_owned), ..DataSettings::default() })
        };
        assert_eq!(mnist(None).unwrap_err().class(), FailureClass::Invalid);
        let error = mnist(Some("/nonexistent/mnist")).unwrap_err();
        assert_eq!(error.class(), FailureClass::Transient);
        assert!(error.to_string().contains("/nonexistent/mnist"), "{error}");
    }
}
