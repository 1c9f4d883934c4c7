//! IDX files, good and bad.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod files;

use files::{gzip, images, labels};
use traipse_nn::Dataset;
use traipse_nn::data::{Error, IdxFiles, mnist};
use traipse_sweep::network::Shape;
use traipse_sweep::settings::{DataName, DataSettings};

fn decode(files: [&[u8]; 4]) -> Result<Dataset, Error> {
    let settings = DataSettings { name: DataName::Mnist, ..DataSettings::default() };
    let [a, b, c, d] = files;
    let files = IdxFiles {
        train_images: ("train-images", a),
        train_labels: ("train-labels", b),
        test_images: ("t10k-images", c),
        test_labels: ("t10k-labels", d),
    };
    mnist(&settings, &files)
}

#[test]
fn plain_and_compressed_files_give_the_same_data() {
    let parts = [images(30, 5), labels(30), images(20, 5), labels(20)];
    let plain = decode([&parts[0], &parts[1], &parts[2], &parts[3]]).unwrap();
    let packed = parts.map(|part| gzip(&part));
    let data = decode([&packed[0], &packed[1], &packed[2], &packed[3]]).unwrap();
    assert_eq!((data.n_features, data.train.len(), data.test.len()), (25, 30, 20));
    assert_eq!((&data.hash, data.train.labels()[13]), (&plain.hash, 3));
    assert_eq!(data.train.bytes()[26], 26);
}

#[test]
fn bad_files_are_named() {
    let good = [images(30, 5), labels(30), images(20, 5), labels(20)];
    let cut = |bytes: &[u8], n: usize| bytes[..n].to_vec();
    let with = |mut bytes: Vec<u8>, at: usize, value: u8| {
        bytes[at] = value;
        bytes
    };
    let lying = [0x803u32, 1 << 24, 1 << 12, 1 << 12].map(u32::to_be_bytes).concat();
    let many = [0x803u32, u32::MAX, 5, 5].map(u32::to_be_bytes).concat();
    let rows: Vec<(usize, Vec<u8>, &[&str])> = vec![
        (0, vec![], &["train-images", "after 0 of 16"]),
        (0, cut(&good[0], 9), &["train-images", "after 9 of 16"]),
        (0, cut(&good[0], 700), &["train-images", "after 700 of 766"]),
        (0, gzip(&cut(&good[0], 700)), &["train-images", "after 700 of 766"]),
        (0, cut(&gzip(&good[0]), 60), &["train-images", "gzip"]),
        (0, [good[0].clone(), vec![0]].concat(), &["train-images", "beyond the 766"]),
        (0, good[1].clone(), &["train-images", "0x00000801", "0x00000803", "images"]),
        (1, good[0].clone(), &["train-labels", "0x00000803", "labels"]),
        (1, labels(29), &["train-labels", "train-images", "29 labels", "30 images"]),
        (1, with(good[1].clone(), 11, 10), &["train-labels", "label 10 at row 3"]),
        (2, images(20, 6), &["t10k-images", "(6, 6)", "(5, 5)"]),
        (3, labels(0), &["t10k-labels", "no labels"]),
        (0, lying, &["train-images", "bytes"]),
        (0, many, &["train-images", "4294967295"]),
    ];
    for (place, bytes, wanted) in rows {
        let mut files: [&[u8]; 4] = [&good[0], &good[1], &good[2], &good[3]];
        files[place] = &bytes;
        let error = decode(files).unwrap_err().to_string();
        for part in wanted {
            assert!(error.contains(part), "{error} lacks {part}");
        }
    }
}

#[test]
fn fashion_mnist_is_the_same_format_and_other_sets_are_refused() {
    let parts = [images(30, 5), labels(30), images(20, 5), labels(20)];
    let files = IdxFiles {
        train_images: ("a", &parts[0]),
        train_labels: ("b", &parts[1]),
        test_images: ("c", &parts[2]),
        test_labels: ("d", &parts[3]),
    };
    let of = |name| mnist(&DataSettings { name, ..DataSettings::default() }, &files);
    let data = of(DataName::FashionMnist).unwrap();
    assert_eq!(data.input_shape(), Shape { channels: 1, height: 5, width: 5 });
    assert!(of(DataName::Cifar10).unwrap_err().to_string().contains("\"cifar10\""));
}
