//! CIFAR's binary files, by themselves and in their archive, good and bad.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod files;

use files::{gzip, tar};
use traipse_nn::Dataset;
use traipse_nn::data::{Error, cifar, cifar_archive};
use traipse_sweep::network::Shape;
use traipse_sweep::settings::{DataName, DataSettings, Scale};

fn settings(name: DataName) -> DataSettings {
    DataSettings { name, ..DataSettings::default() }
}

/// Two files to train on and one to test on.
fn ten(files: [&[u8]; 3]) -> Result<Dataset, Error> {
    let [a, b, test] = files;
    cifar(&settings(DataName::Cifar10), &[("data_batch_1.bin", a), ("data_batch_2.bin", b)], ("test_batch.bin", test))
}

fn good() -> [Vec<u8>; 3] {
    [files::cifar(&[&[3], &[9]]), files::cifar(&[&[0]]), files::cifar(&[&[5], &[6]])]
}

#[test]
fn records_become_images_in_the_order_of_the_files() {
    let [a, b, test] = good();
    let data = ten([&a, &b, &test]).unwrap();
    assert_eq!((data.n_features, data.n_classes), (3072, 10));
    assert_eq!(data.input_shape(), Shape { channels: 3, height: 32, width: 32 });
    assert_eq!((data.train.labels(), data.test.labels()), (&[3, 9, 0][..], &[5, 6][..]));
    let second = &data.train.bytes()[3072..6144];
    assert_eq!([second[0], second[1023], second[1024], second[3071]], [1, 1, 51, 101]);
    assert_eq!(ten([&gzip(&a), &b, &gzip(&test)]).unwrap().hash, data.hash);
}

#[test]
fn the_fine_label_of_a_hundred_counts() {
    let (train, test) = (files::cifar(&[&[7, 99], &[7, 0]]), files::cifar(&[&[1, 50]]));
    let data = cifar(&settings(DataName::Cifar100), &[("train.bin", &train)], ("test.bin", &test)).unwrap();
    assert_eq!((data.n_classes, data.train.labels(), data.test.labels()), (100, &[99, 0][..], &[50][..]));
}

#[test]
fn standardised_channels_have_a_scaling_each() {
    let [a, b, test] = good();
    let standardised = DataSettings { scale: Scale::Standardize, ..settings(DataName::Cifar10) };
    let data = cifar(&standardised, &[("a", &a), ("b", &b)], ("c", &test)).unwrap();
    assert_eq!(data.scalings.len(), 3);
    let offsets: Vec<f32> = data.scalings.iter().map(|scaling| scaling.offset / scaling.scale).collect();
    // Rows 0, 1 and 0 again: the mean of a channel is 1/3 above its channel's 0, 50 or 100.
    for (offset, mean) in offsets.iter().zip([1.0 / 3.0, 50.0 + 1.0 / 3.0, 100.0 + 1.0 / 3.0]) {
        assert!((offset + mean).abs() < 1e-4, "{offsets:?}");
    }
}

#[test]
fn the_archive_gives_what_its_files_give() {
    let [a, b, test] = good();
    let one = files::cifar(&[&[1]]);
    let folder = |name: &str| format!("cifar-10-batches-bin/{name}");
    let names = ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
    let names = names.map(folder);
    let test_name = folder("test_batch.bin");
    let mut members: Vec<(&str, &[u8])> = vec![("cifar-10-batches-bin/readme.html", b"hello")];
    members.push((&test_name, &test));
    members.extend(names.iter().map(String::as_str).zip([&a[..], &b, &one, &one, &one]));
    let archive = tar(&members);
    let train: Vec<(&str, &[u8])> = vec![("1", &a), ("2", &b), ("3", &one), ("4", &one), ("5", &one)];
    let expected = cifar(&settings(DataName::Cifar10), &train, ("t", &test)).unwrap();
    for packed in [archive.clone(), gzip(&archive)] {
        let data = cifar_archive(&settings(DataName::Cifar10), ("cifar-10-binary.tar.gz", &packed)).unwrap();
        assert_eq!(data.hash, expected.hash);
    }
    bad_archives(&archive, &members);
}

fn bad_archives(good: &[u8], members: &[(&str, &[u8])]) {
    let with = |at: usize, value: u8| {
        let mut bytes = good.to_vec();
        bytes[at] = value;
        bytes
    };
    let twice = tar(&[members, &members[1..2]].concat());
    let mut link = good.to_vec();
    // The first batch's header: a link in place of a file, with its checksum put right.
    let at = link.windows(4).position(|window| window == b"h_1.").unwrap() / 512 * 512;
    link[at + 156] = b'2';
    let sum: u32 = (0..512).map(|i| if (148..156).contains(&i) { 32 } else { u32::from(link[at + i]) }).sum();
    link[at + 148..at + 154].copy_from_slice(format!("{sum:06o}").as_bytes());
    let rows: Vec<(Vec<u8>, &[&str])> = vec![
        (with(0, b'x'), &["header at byte 0", "checksum"]),
        (good[..300].to_vec(), &["truncated", "byte 300"]),
        (good[..2000].to_vec(), &["truncated", "byte 2000"]),
        (good[..1024].to_vec(), &["no data_batch_1.bin"]),
        (tar(&members[..3]), &["no data_batch_2.bin"]),
        (twice, &["two members test_batch.bin"]),
        (link, &["no data_batch_1.bin"]),
        (gzip(good)[..100].to_vec(), &["gzip"]),
        (b"<html>not found</html>".repeat(40), &["header at byte 0"]),
        (Vec::new(), &["no data_batch_1.bin"]),
    ];
    for (bytes, wanted) in rows {
        let error = cifar_archive(&settings(DataName::Cifar10), ("c.tar.gz", &bytes)).unwrap_err().to_string();
        for part in [&["c.tar.gz"], wanted].concat() {
            assert!(error.contains(part), "{error} lacks {part}");
        }
    }
}

#[test]
fn bad_files_are_named() {
    let [a, b, test] = good();
    let rows: Vec<(usize, Vec<u8>, &[&str])> = vec![
        (0, Vec::new(), &["data_batch_1.bin", "no images"]),
        (1, b[..3000].to_vec(), &["data_batch_2.bin", "3000 bytes", "3073", "binary version"]),
        (0, gzip(&a)[..20].to_vec(), &["data_batch_1.bin", "gzip"]),
        (2, files::cifar(&[&[1], &[10]]), &["test_batch.bin", "label 10 at row 1", "0 to 9"]),
        (2, files::cifar(&[&[1, 1]]), &["test_batch.bin", "3074 bytes", "3073"]),
    ];
    for (place, bytes, wanted) in rows {
        let mut files: [&[u8]; 3] = [&a, &b, &test];
        files[place] = &bytes;
        let error = ten(files).unwrap_err().to_string();
        for part in wanted {
            assert!(error.contains(part), "{error} lacks {part}");
        }
    }
    let error = cifar(&settings(DataName::Mnist), &[("a", &a)], ("b", &b)).unwrap_err().to_string();
    assert!(error.contains("\"mnist\"") && error.contains("cifar10 or cifar100"), "{error}");
}
