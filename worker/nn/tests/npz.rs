//! NumPy's archives, its own and ours, good and bad.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod files;

use files::{arrays, npy, zip};
use traipse_nn::Dataset;
use traipse_nn::data::{Error, Targets, Values, npz};
use traipse_sweep::network::Shape;
use traipse_sweep::settings::{DataName, DataSettings, Scale};

fn decode(bytes: &[u8]) -> Result<Dataset, Error> {
    npz(&DataSettings { name: DataName::Npz, ..DataSettings::default() }, ("mine.npz", bytes))
}

/// The arrays with one replaced.
fn with(name: &str, array: Vec<u8>) -> Vec<u8> {
    let mut members = arrays();
    members.iter_mut().find(|(member, _)| *member == name).unwrap().1 = array;
    zip(&members, true)
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// `make_npz.py` wrote them: images as bytes with int64 classes, stored; float64 rows with float32 targets, deflated.
#[test]
fn what_numpy_wrote_is_read() {
    let data = decode(include_bytes!("fixtures/npz/classes.npz")).unwrap();
    assert_eq!(data.input_shape(), Shape { channels: 2, height: 3, width: 4 });
    assert_eq!((data.n_classes, data.is_regression()), (4, false));
    assert_eq!((data.train.labels(), data.test.labels()), (&[0, 1, 3, 2, 1][..], &[2, 0][..]));
    let bytes: Vec<u8> = (0..120).collect();
    assert_eq!((data.train.bytes(), data.test.len()), (&bytes[..], 2));

    let data = decode(include_bytes!("fixtures/npz/targets.npz")).unwrap();
    assert_eq!(data.input_shape(), Shape::dense(3));
    assert_eq!((data.n_classes, data.is_regression(), data.image), (2, true, None));
    assert_eq!(data.train.floats(), [0.1, 0.2, 0.3, -1.0, 1e-3, 7.5]);
    assert_eq!((data.train.numbers(), data.test.numbers()), (&[1.5, -2.5, 0.0, 4.0][..], &[8.0, 9.0][..]));
}

#[test]
fn bytes_stay_bytes_and_whole_numbers_become_floats() {
    for deflated in [false, true] {
        let data = decode(&zip(&arrays(), deflated)).unwrap();
        assert_eq!(data.input_shape(), Shape { channels: 1, height: 2, width: 3 });
        assert!(matches!(data.train.values(), Values::Bytes(_)) && data.scaling.scale == (1.0f64 / 255.0) as f32);
    }
    let words: Vec<u8> = [7i32, -2].iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut members = arrays();
    members[0].1 = npy("<i4", &[2, 1], &words);
    members[1].1 = npy("|u1", &[2, 1], &[0, 1]);
    members[2].1 = npy("<f4", &[2, 1], &floats(&[1.0, 2.0]));
    let data = decode(&zip(&members, true)).unwrap();
    assert_eq!((data.train.floats(), data.train.labels()), (&[7.0, -2.0][..], &[0, 1][..]));
}

#[test]
fn each_feature_of_a_table_is_standardised_by_itself() {
    let mut members = arrays();
    members[0].1 = npy("<f4", &[5, 2], &floats(&[1.0, 100.0, 2.0, 200.0, 3.0, 300.0, 4.0, 400.0, 5.0, 500.0]));
    members[2].1 = npy("<f4", &[2, 2], &floats(&[3.0, 300.0, 1.0, 500.0]));
    let settings = DataSettings { name: DataName::Npz, scale: Scale::Standardize, ..DataSettings::default() };
    let data = npz(&settings, ("mine.npz", &zip(&members, true))).unwrap();
    let far = 2.0f32.sqrt();
    for (found, expected) in data.test.floats().iter().zip([0.0, 0.0, -far, far]) {
        assert!((found - expected).abs() < 1e-6, "{:?}", data.test.floats());
    }
    assert!(matches!(data.train.targets(), Targets::Classes(_)));
}

#[test]
fn bad_archives_and_arrays_are_named() {
    let good = zip(&arrays(), true);
    let byte = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        bytes
    };
    let directory = good.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let method = |value: u8| {
        let mut bytes = good.clone();
        bytes[directory + 10] = value;
        bytes
    };
    let lying = npy("|u1", &[1 << 40, 1 << 20, 1 << 10], &[1, 2, 3]);
    let rows: Vec<(Vec<u8>, &[&str])> = vec![
        (Vec::new(), &["not a zip archive"]),
        (good[..good.len() - 30].to_vec(), &["not a zip archive"]),
        (b"x_train,y_train\n".repeat(9), &["not a zip archive", "numpy.savez"]),
        (byte(45), &["x_train.npy is damaged"]),
        (method(12), &["x_train.npy", "method 12"]),
        (zip(&arrays()[..3], false), &["no array y_test", "it has x_train.npy, y_train.npy, x_test.npy"]),
        (with("x_test.npy", b"hello".to_vec()), &["x_test", "format"]),
        (with("x_test.npy", npy("|u1", &[2, 3, 2], &[0; 12])), &["x_test", "[2, 3, 2]", "[5, 2, 3]"]),
        (with("x_train.npy", npy("|u1", &[5, 2, 3], &[0; 29])), &["x_train", "29 bytes", "expected 30"]),
        (with("x_train.npy", lying), &["x_train", "more than can be"]),
        (with("x_train.npy", npy("|u1", &[30], &[0; 30])), &["x_train", "[30]", "(n, features)"]),
        (with("x_train.npy", npy("|u1", &[0, 6], &[])), &["x_train", "at least one"]),
        (with("x_train.npy", npy("<f2", &[5, 2, 3], &[0; 60])), &["x_train", "dtype <f2", "float32"]),
        (with("x_train.npy", npy("<f4", &[1, 2], &floats(&[1.0, f32::NAN]))), &["x_test", "[2, 2, 3]"]),
        (with("y_train.npy", npy("|u1", &[4], &[0; 4])), &["y_train", "4 rows", "5 examples of x_train"]),
        (
            with("y_train.npy", npy("<i4", &[5], &[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
            &["y_train", "label 256 at row 1", "0 to 255"],
        ),
        (with("y_train.npy", npy("|u1", &[5, 2], &[0; 10])), &["y_train", "one class an example"]),
        (with("y_test.npy", npy("<f4", &[2], &[0; 8])), &["y_test", "not both whole numbers"]),
        (with("y_train.npy", npy("<f4", &[5], &floats(&[f32::INFINITY; 5]))), &["y_train", "row 0", "finite"]),
    ];
    for (bytes, wanted) in rows {
        let error = decode(&bytes).unwrap_err().to_string();
        for part in [&["mine.npz"], wanted].concat() {
            assert!(error.contains(part), "{error} lacks {part}");
        }
    }
}
