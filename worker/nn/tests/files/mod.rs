//! Small files of every format, made by hand.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test file uses a part; tests may unwrap")]

use std::io::Write;

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// IDX images whose pixels count up, modulo 251.
pub fn images(n: u32, side: u32) -> Vec<u8> {
    let header = [0x803, n, side, side].map(u32::to_be_bytes);
    header.concat().into_iter().chain((0..n * side * side).map(|i| (i % 251) as u8)).collect()
}

/// IDX labels 0, 1, …, 9, 0, …
pub fn labels(n: u32) -> Vec<u8> {
    [0x801, n].map(u32::to_be_bytes).concat().into_iter().chain((0..n).map(|i| (i % 10) as u8)).collect()
}

/// CIFAR records: labels, then 3,072 pixels that are the record's number plus the channel times 50.
pub fn cifar(labels: &[&[u8]]) -> Vec<u8> {
    let record = |(row, labels): (usize, &&[u8])| {
        let pixels = (0..3072).map(move |at| (row % 50 + at / 1024 * 50) as u8);
        labels.iter().copied().chain(pixels).collect::<Vec<u8>>()
    };
    labels.iter().enumerate().flat_map(record).collect()
}

/// A ustar archive of regular files.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in members {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[148..156].fill(b' ');
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// An array in NumPy's format.
pub fn npy(descr: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

/// A zip archive; deflated or stored.
pub fn zip(members: &[(&str, Vec<u8>)], deflated: bool) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let packed = if deflated { deflate(content) } else { content.clone() };
        let method = if deflated { 8u16 } else { 0 };
        let offset = archive.len() as u32;
        let common = [
            &[20, 0, 0, 0][..],
            &method.to_le_bytes(),
            &[0; 4],
            &crc.sum().to_le_bytes(),
            &(packed.len() as u32).to_le_bytes(),
            &(content.len() as u32).to_le_bytes(),
            &(name.len() as u16).to_le_bytes(),
            &[0; 2],
        ]
        .concat();
        archive.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat());
        let entry = [b"PK\x01\x02\x14\0", &common[..], &[0; 10], &offset.to_le_bytes(), name.as_bytes()];
        directory.extend(entry.concat());
    }
    let n = (members.len() as u16).to_le_bytes();
    let (size, start) = ((directory.len() as u32).to_le_bytes(), (archive.len() as u32).to_le_bytes());
    archive.extend(directory);
    archive.extend([b"PK\x05\x06", &[0; 4][..], &n, &n, &size, &start, &[0; 2]].concat());
    archive
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Four arrays: five examples of 2 × 3 pixels to train on and two to test on, three classes.
pub fn arrays() -> Vec<(&'static str, Vec<u8>)> {
    let labels = |labels: &[i64]| labels.iter().flat_map(|label| label.to_le_bytes()).collect::<Vec<u8>>();
    vec![
        ("x_train.npy", npy("|u1", &[5, 2, 3], &(0..30).collect::<Vec<u8>>())),
        ("y_train.npy", npy("<i8", &[5], &labels(&[0, 1, 2, 1, 0]))),
        ("x_test.npy", npy("|u1", &[2, 2, 3], &(100..112).collect::<Vec<u8>>())),
        ("y_test.npy", npy("<i8", &[2], &labels(&[2, 0]))),
    ]
}
