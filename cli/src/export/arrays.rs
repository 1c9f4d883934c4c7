//! Arrays as other programs read them: NumPy's `.npy` and `.npz`, and safetensors.

use std::io::{self, Write};

/// The header of a `.npy` file is a multiple of this.
const NPY_ALIGNMENT: usize = 64;

/// An array with its type as NumPy writes it, such as `<f4`.
pub(super) struct Array {
    pub(super) dtype: &'static str,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

impl Array {
    pub(super) fn f32(shape: Vec<usize>, values: &[f32]) -> Self {
        Self { dtype: "<f4", shape, bytes: values.iter().flat_map(|value| value.to_le_bytes()).collect() }
    }

    pub(super) fn i64(shape: Vec<usize>, values: impl Iterator<Item = i64>) -> Self {
        Self { dtype: "<i8", shape, bytes: values.flat_map(i64::to_le_bytes).collect() }
    }

    pub(super) fn i32(shape: Vec<usize>, values: &[i32]) -> Self {
        Self { dtype: "<i4", shape, bytes: values.iter().flat_map(|value| value.to_le_bytes()).collect() }
    }

    /// A `.npy` file of version 1.
    pub(super) fn npy(&self) -> Vec<u8> {
        let shape: String = self.shape.iter().map(|n| format!("{n}, ")).collect();
        let mut header =
            format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", self.dtype, shape.trim_end());
        let end = (10 + header.len() + 1).next_multiple_of(NPY_ALIGNMENT);
        header.extend(std::iter::repeat_n(' ', end - 10 - header.len() - 1));
        header.push('\n');
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend_from_slice(&(header.len() as u16).to_le_bytes());
        file.extend_from_slice(header.as_bytes());
        file.extend_from_slice(&self.bytes);
        file
    }
}

/// Writes arrays as a `.npz` file: a zip archive whose members are stored.
pub(super) fn npz(to: &mut impl Write, arrays: &[(&str, Array)]) -> io::Result<()> {
    let (mut directory, mut at) = (Vec::new(), 0_u64);
    for (name, array) in arrays {
        let (name, bytes) = (format!("{name}.npy"), array.npy());
        let entry = entry(&name, &bytes)?;
        let local = [&b"PK\x03\x04"[..], &entry, &[0, 0], name.as_bytes(), &bytes].concat();
        let offset = u32::try_from(at).map_err(io::Error::other)?;
        directory
            .extend([&b"PK\x01\x02\x14\x00"[..], &entry, &[0; 12], &offset.to_le_bytes(), name.as_bytes()].concat());
        to.write_all(&local)?;
        at += local.len() as u64;
    }
    let n = (arrays.len() as u16).to_le_bytes();
    let size = (directory.len() as u32).to_le_bytes();
    let offset = u32::try_from(at).map_err(io::Error::other)?.to_le_bytes();
    to.write_all(&[&directory[..], b"PK\x05\x06\0\0\0\0", &n, &n, &size, &offset, &[0, 0]].concat())
}

/// What the local header and the directory share: version 2.0, no flags, stored, 1 January 1980.
fn entry(name: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let size = u32::try_from(bytes.len()).map_err(io::Error::other)?.to_le_bytes();
    let head = [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
    let length = (name.len() as u16).to_le_bytes();
    Ok([&head[..], &crc32(bytes).to_le_bytes(), &size, &size, &length].concat())
}

/// CRC-32 as zip has it (reflected, 0xEDB88320).
fn crc32(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|byte| (0..8).fold(byte, |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }))
        .collect();
    !bytes.iter().fold(!0, |crc, byte| crc >> 8 ^ table[((crc ^ u32::from(*byte)) & 0xff) as usize])
}

/// A safetensors file of tensors: name, dtype (`F32`, `F64`), shape, bytes.
pub(super) fn safetensors(tensors: &[(String, &'static str, Vec<usize>, Vec<u8>)]) -> Vec<u8> {
    let (mut header, mut at) = (serde_json::Map::new(), 0);
    for (name, dtype, shape, bytes) in tensors {
        let offsets = [at, at + bytes.len()];
        header.insert(name.clone(), serde_json::json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets }));
        at += bytes.len();
    }
    let mut text = serde_json::Value::Object(header).to_string();
    text.extend(std::iter::repeat_n(' ', text.len().next_multiple_of(8) - text.len()));
    let mut file = (text.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(text.as_bytes());
    tensors.iter().for_each(|(.., bytes)| file.extend_from_slice(bytes));
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_usual_digits() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn headers_are_aligned() {
        let file = Array::i32(vec![2, 3], &[0, 1, 2, 3, 4, -1]).npy();
        assert_eq!((file.len() - 24) % NPY_ALIGNMENT, 0);
        let file = safetensors(&[("a".into(), "F32", vec![1], vec![0; 4])]);
        assert_eq!((file.len() - 4) % 8, 0);
    }
}
