//! The schema of `[[compare]]`.

use serde_json::{Map, Value as Json, json};

use super::{setting_schema, table, words_schema};
use crate::spec::catalogue::{MAX_POINTS, REPLICATE_KEYS, SETTINGS};
use crate::spec::read::compare::{ALIGN_WORDS, MEASURE_WORDS, OVER, PROBE_WORDS};

/// One table, or a list of them.
pub(super) fn schema() -> Json {
    let one = one();
    json!({ "anyOf": [one, { "type": "array", "items": one }] })
}

fn one() -> Json {
    let axes: Vec<&str> = REPLICATE_KEYS.into_iter().chain(SETTINGS.iter().map(|setting| setting.key)).collect();
    let mut properties = Map::new();
    let mut put = |key: &str, mut schema: Json, doc: &str| {
        schema["description"] = json!(doc);
        properties.insert(key.to_owned(), schema);
    };
    for (key, doc) in OVER.iter().map(|(key, _)| *key).zip([
        "every two values of this axis, for every setting of all else",
        "neighbouring values of this axis",
        "all values of this axis together",
    ]) {
        put(key, json!({ "anyOf": [{ "enum": axes }, { "type": "string", "pattern": "^replicates\\." }] }), doc);
    }
    put("probe", json!({ "enum": PROBE_WORDS, "default": "interpolation" }), "what is measured");
    let instant = json!({ "type": "string", "pattern": "^(start|end|(epochs?|steps?) [0-9]+)$" });
    let at = json!({ "anyOf": [instant, { "type": "array", "minItems": 1, "uniqueItems": true, "items": instant }],
        "default": ["end"] });
    put("at", at, "at which snapshots");
    let points = json!({ "type": "integer", "minimum": 1, "maximum": MAX_POINTS, "default": 25 });
    put("points", points, "interior points of a segment (interpolation)");
    put("measure", words_schema(&MEASURE_WORDS, false), "on which examples (interpolation)");
    put("align", words_schema(&ALIGN_WORDS, false), "how members are aligned first (interpolation, distance)");
    put("where", wanted(), "only members that have one of these values of each");
    let most = json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX });
    put("max_pairs", most, "of the pairs of one setting of all else only so many, well spread");
    let mut schema = table("runs that are measured together", properties);
    let has = |key: &&str| json!({ "required": [key] });
    let keys: Vec<&str> = OVER.iter().map(|(key, _)| *key).collect();
    schema["anyOf"] = keys.iter().map(has).collect();
    let two = |skip: usize| json!({ "required": super::without(&keys, skip) });
    schema["not"] = json!({ "anyOf": (0..keys.len()).map(two).collect::<Vec<_>>() });
    schema
}

fn wanted() -> Json {
    let of = |items: Json| json!({ "type": "array", "minItems": 1, "items": items });
    let settings = SETTINGS.iter().map(|setting| (setting.key.to_owned(), of(setting_schema(setting))));
    let seed = json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX });
    let seeds = REPLICATE_KEYS.iter().map(|key| ((*key).to_owned(), of(seed.clone())));
    let mut schema =
        table("settings, or replicates, with the values that members may have", settings.chain(seeds).collect());
    schema["minProperties"] = json!(1);
    schema
}
