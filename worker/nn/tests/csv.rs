//! Tables, good and bad.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod files;

use files::gzip;
use traipse_nn::Dataset;
use traipse_nn::data::{Error, csv};
use traipse_sweep::settings::{DataName, DataSettings};

fn decode(train: impl AsRef<[u8]>, test: impl AsRef<[u8]>) -> Result<Dataset, Error> {
    let settings = DataSettings { name: DataName::Csv, ..DataSettings::default() };
    csv(&settings, ("train.csv", train.as_ref()), ("test.csv", test.as_ref()))
}

/// Features, labels and targets of the training table.
type Row = (&'static str, &'static str, &'static [f32], &'static [u8], &'static [f32]);

#[test]
fn columns_are_found_by_name_or_by_place() {
    let rows: [Row; 9] = [
        ("1,2,0\n3,4,1\n", "5,6,2\n", &[1.0, 2.0, 3.0, 4.0], &[0, 1], &[]),
        ("a,b,c\n1,2,0\n3,4,1\n", "a,b,c\n5,6,1", &[1.0, 2.0, 3.0, 4.0], &[0, 1], &[]),
        ("label,b\n 7 , 2.5 \n0,-4e-1\n", "label,b\n1,1\n", &[2.5, -0.4], &[7, 0], &[]),
        ("b,Class\r\n2,1\r\n4,0\r\n", "b,Class\r\n1,1\r\n", &[2.0, 4.0], &[1, 0], &[]),
        ("\"x, y\",target\n2,1\n4,0\n", "\"x, y\",target\n1,1\n", &[2.0, 4.0], &[1, 0], &[]),
        ("x,target\n2,1.0\n4,0\n", "x,target\n1,1\n", &[2.0, 4.0], &[], &[1.0, 0.0]),
        ("x,target\n2,1\n4,0\n", "x,target\n1,0.5\n", &[2.0, 4.0], &[], &[1.0, 0.0]),
        ("1,2,-1\n3,4,1\n", "5,6,1\n", &[1.0, 2.0, 3.0, 4.0], &[], &[-1.0, 1.0]),
        (
            "target_1,x,target_2\n2,1,3\n4,0,5\n",
            "target_1,x,target_2\n1,1,1\n",
            &[1.0, 0.0],
            &[],
            &[2.0, 3.0, 4.0, 5.0],
        ),
    ];
    for (train, test, features, labels, targets) in rows {
        let data = decode(train, test).unwrap_or_else(|error| panic!("{train}: {error}"));
        assert_eq!(data.train.floats(), features, "{train}");
        assert_eq!((data.train.labels(), data.train.numbers()), (labels, targets), "{train}");
        assert_eq!(data.hash, decode(gzip(train.as_bytes()), test).unwrap().hash, "{train}");
    }
}

#[test]
fn outputs_are_counted_over_both_tables() {
    let outputs =
        |train, test| decode(train, test).map(|data: Dataset| (data.n_classes, data.is_regression())).unwrap();
    assert_eq!(outputs("1,0\n2,1\n", "1,4\n"), (5, false));
    assert_eq!(outputs("1,0.5\n2,1\n", "1,4\n"), (1, true));
    assert_eq!(outputs("x,target1,target2\n1,0,1\n2,1,1\n", "x,target1,target2\n1,4,1\n"), (2, true));
}

#[test]
fn bad_tables_are_named_by_line_and_field() {
    let test = "a,label\n1,0\n";
    let rows: Vec<(&[u8], &str, &[&str])> = vec![
        (b"", test, &["train.csv", "no rows"]),
        (b"a,label\n", test, &["train.csv", "no rows"]),
        (b"label\n1\n", test, &["train.csv", "line 1", "no feature"]),
        (b"a,label\n1,0\n2\n", test, &["train.csv", "line 3", "1 fields", "expected 2"]),
        (b"a,label\n1,0\n\nx,0\n", test, &["train.csv", "line 4", "field 1", "`x`", "finite number"]),
        (b"a,label\n1,0\n,0\n", test, &["line 3", "field 1", "``"]),
        (b"1,,0\n2,2,1\n", "1,1,0\n", &["train.csv", "line 1", "field 2", "``"]),
        (b"1,?,0\n2,2,1\n", "1,1,0\n", &["test.csv", "line 1", "3 without names", "1,?,0"]),
        (b"a,label\n1,0\nNaN,0\n", test, &["line 3", "field 1", "`NaN`"]),
        (b"a,label\n1,cat\n", test, &["train.csv", "line 2", "label `cat`", "field 2", "number the classes"]),
        (b"a,label\n1,256\n", test, &["label `256`"]),
        (b"a,label\n1,1.0\n", test, &["label `1.0`"]),
        (b"a,label\n\xff\xfe,1\n", test, &["line 2", "field 1", "UTF-8"]),
        (b"b,label\n1,0\n", test, &["test.csv", "line 1", "a,label", "b,label", "train.csv"]),
        (b"1,0\n", test, &["test.csv", "a,label", "2 without names"]),
        (b"a,label\n1,0\n", "a,label\n1,0\n1e99,0\n", &["test.csv", "line 3", "`1e99`"]),
    ];
    for (train, test, wanted) in rows {
        let error = decode(train, test).unwrap_err().to_string();
        for part in wanted {
            assert!(error.contains(part), "{error} lacks {part}");
        }
    }
}
