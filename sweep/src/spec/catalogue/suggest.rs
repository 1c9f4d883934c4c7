//! Refusals of unknown keys, with the nearest known one.

use super::{PROBE_TABLES, SETTINGS, STRUCTURE, dotted};
use crate::spec::error::Fault;
use crate::spec::node::{Entry, quote};

/// Common names of other tools for keys of ours.
const ALIASES: &[(&str, &str)] = &[
    ("lr", "train.learning_rate"),
    ("eta", "train.learning_rate"),
    ("batch", "train.batch_size"),
    ("wd", "train.weight_decay"),
    ("beta", "train.momentum"),
    ("seeds", "replicates.seed"),
    ("dataset", "data.name"),
    ("depth", "model.hidden"),
    ("title", "name"),
    ("parameters", "axes"),
    ("trials", "replicates.seed"),
];

/// Refuses an entry whose key its section does not have.
pub(crate) fn other(section: &str, entry: &Entry) -> Result<(), Fault> {
    Err(unknown(section, &entry.key, &entry.key_span))
}

/// The error of an unknown key in a section, with the nearest key there, or anywhere.
pub(crate) fn unknown(section: &str, key: &str, span: &std::ops::Range<usize>) -> Fault {
    let prefix = if section.is_empty() { String::new() } else { format!("{section}.") };
    let here: Vec<&str> =
        all().filter_map(|known| known.strip_prefix(prefix.as_str())).filter(|rest| !rest.contains('.')).collect();
    let elsewhere = || {
        let last = |known: &&str| known.rsplit('.').next() == Some(key);
        all().find(last).or_else(|| ALIASES.iter().find(|(alias, _)| *alias == key).map(|(_, known)| *known))
    };
    let help = if let Some(near) = nearest(key, here.iter().copied()) {
        format!("did you mean `{near}`?")
    } else if let Some(known) = elsewhere() {
        format!("did you mean `{known}`?")
    } else {
        format!("known here: {}", here.join(", "))
    };
    let place = if section.is_empty() { "at the top".to_owned() } else { format!("in [{section}]") };
    Fault::new(span, dotted(section, key), format!("unknown key {} {place}", quote(key)), help)
}

/// The known word nearest to `found`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = found.chars().count();
    if length > 64 {
        return None;
    }
    known
        .map(|word| (strsim::osa_distance(found, word), word))
        .filter(|(distance, word)| *distance <= (length.max(word.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Every dotted key of the grammar.
fn all() -> impl Iterator<Item = &'static str> {
    let settings = SETTINGS.iter().map(|setting| setting.key);
    let probes = PROBE_TABLES
        .iter()
        .flat_map(|table| std::iter::once(table.section).chain(table.keys.iter().map(|key| key.section)));
    STRUCTURE.iter().copied().chain(settings).chain(probes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_are_near_or_absent() {
        let rows = [
            ("train", "learning_rat", "did you mean `learning_rate`?"),
            ("train", "lr", "did you mean `train.learning_rate`?"),
            ("", "momentum", "did you mean `train.momentum`?"),
            ("model", "epochs", "did you mean `train.epochs`?"),
            ("", "axis", "did you mean `axes`?"),
            ("snapshots", "zzzzzz", "known here: at, keep"),
        ];
        for (section, key, help) in rows {
            assert_eq!(unknown(section, key, &(0..1)).help, help, "{section} {key}");
        }
    }
}
