//! What a data set needs and what it ignores.

use serde_json::json;

use super::Check;
use crate::settings::{DataName, RunSettings};
use crate::spec::catalogue::SETTINGS;
use crate::spec::error::Fault;

/// Checks `[data]` and its axes.
pub(super) fn check(check: &Check<'_>) -> Result<(), Fault> {
    let is_used = |name: &DataName| check.some_run_has("data.name", json!(name), check.spec.base.data.name == *name);
    let used: Vec<DataName> = DataName::ALL.into_iter().filter(is_used).collect();
    folder(check, &used)?;
    ignored(check, &used)
}

/// A file-backed set needs its folder.
fn folder(check: &Check<'_>, used: &[DataName]) -> Result<(), Fault> {
    let given = check.spec.base.data.dir.is_some() || check.axis("data.dir").is_some();
    match used.iter().find(|name| name.has_files()) {
        Some(&name) if !given => {
            let word = name.as_str();
            let message = format!("{word} is read from files and needs a folder");
            let help = format!("add dir = \"data/{word}\" to [data]: the folder that holds {}", files(name));
            Err(check.fault("data.name", "data.dir", &message, &help))
        }
        _ => Ok(()),
    }
}

/// What the folder holds, in words.
fn files(name: DataName) -> &'static str {
    match name {
        DataName::Cifar10 => "data_batch_1.bin to data_batch_5.bin and test_batch.bin, or cifar-10-binary.tar.gz",
        DataName::Cifar100 => "train.bin and test.bin, or cifar-100-binary.tar.gz",
        DataName::Npz => "one .npz file with the arrays x_train, y_train, x_test, y_test",
        DataName::Csv => "train.csv and test.csv",
        _ => "the four IDX files, plain or .gz",
    }
}

/// A key that no set of the sweep reads is an error: somebody believes that it does something.
fn ignored(check: &Check<'_>, used: &[DataName]) -> Result<(), Fault> {
    let defaults = RunSettings::default();
    for setting in SETTINGS.iter().filter(|setting| setting.key.starts_with("data.")) {
        let given = (setting.get)(&check.spec.base) != (setting.get)(&defaults) || check.axis(setting.key).is_some();
        if given && !used.iter().any(|name| name.reads(setting.key)) {
            let names: Vec<&str> = used.iter().map(|name| name.as_str()).collect();
            let readers = DataName::ALL.into_iter().filter(|name| name.reads(setting.key)).map(DataName::as_str);
            let message = match setting.key {
                "data.dir" if used == [DataName::Digits] => "digits is embedded and reads no folder".to_owned(),
                _ => format!("{} does not read this", names.join(", ")),
            };
            let field = setting.key.trim_start_matches("data.");
            let help = format!("leave {field} out, or use data.name = {}", readers.collect::<Vec<_>>().join(", "));
            return Err(check.fault(setting.key, setting.key, &message, &help));
        }
    }
    Ok(())
}
