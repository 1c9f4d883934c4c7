//! One array in NumPy's own format: magic, version, a header in the form of a Python dictionary, the numbers.

/// What is wrong with an array.
#[derive(Debug, thiserror::Error)]
pub enum ArrayFault {
    /// Not an array.
    #[error("is not in NumPy's .npy format")]
    Magic,
    /// The header does not say what it must.
    #[error("its header has no readable {key}")]
    Header {
        /// What is missing.
        key: &'static str,
    },
    /// A type that is not read.
    #[error("has dtype {found}, expected uint8, int32, int64, float32 or float64, little-endian: convert it by astype")]
    Type {
        /// NumPy's name of it.
        found: String,
    },
    /// Columns first.
    #[error("is in Fortran order: save numpy.ascontiguousarray of it")]
    Order,
    /// Numbers are missing, or too many.
    #[error("has {found} bytes of numbers, expected {expected} by its shape {shape:?}")]
    Size {
        /// Bytes that there are.
        found: u64,
        /// Bytes that there should be.
        expected: String,
        /// The header's.
        shape: Vec<usize>,
    },
    /// Not the shape that it should have.
    #[error("has shape {found:?}, expected {expected}")]
    Shape {
        /// The array's.
        found: Vec<usize>,
        /// In words.
        expected: &'static str,
    },
    /// Examples of other sizes.
    #[error("has shape {found:?}, but x_train has {expected:?}: examples must have one shape")]
    Shapes {
        /// The array's.
        found: Vec<usize>,
        /// The training examples'.
        expected: Vec<usize>,
    },
    /// Labels and examples disagree.
    #[error("has {found} rows for the {expected} examples of {examples}")]
    Rows {
        /// Rows.
        found: usize,
        /// Examples.
        expected: usize,
        /// The array of the examples.
        examples: &'static str,
    },
    /// A label that cannot be one.
    #[error("has label {found} at row {row}, expected a class from 0 to 255: number the classes from 0")]
    Label {
        /// The label.
        found: i64,
        /// Where.
        row: usize,
    },
    /// Targets of other widths.
    #[error("has {found} numbers a row, but y_train has {expected}")]
    Outputs {
        /// The array's.
        found: usize,
        /// The training targets'.
        expected: usize,
    },
    /// Classes here, targets there.
    #[error("and y_train are not both whole numbers (classes) or both floats (targets)")]
    Kinds,
    /// NaN or infinity.
    #[error("has a number at row {row} that is not finite in float32")]
    NotFinite {
        /// Where.
        row: usize,
    },
}

/// An array in C order.
pub(super) struct Array<B> {
    pub(super) shape: Vec<usize>,
    ty: Type,
    bytes: B,
    start: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Type {
    U8,
    I32,
    I64,
    F32,
    F64,
}

const MAGIC: &[u8] = b"\x93NUMPY";

impl<B: AsRef<[u8]>> Array<B> {
    pub(super) fn new(file: B) -> Result<Self, ArrayFault> {
        let bytes = file.as_ref();
        let rest = bytes.strip_prefix(MAGIC).ok_or(ArrayFault::Magic)?;
        // Version 1 has a length of two bytes, later ones of four.
        let (length, start) = match *rest {
            [1, _, a, b, ..] => (u32::from(u16::from_le_bytes([a, b])), MAGIC.len() + 4),
            [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]), MAGIC.len() + 6),
            _ => return Err(ArrayFault::Magic),
        };
        let end = start + length as usize;
        let header = bytes.get(start..end).and_then(|header| std::str::from_utf8(header).ok());
        let (ty, shape) = parse(header.ok_or(ArrayFault::Header { key: "dictionary" })?)?;
        let expected = shape.iter().try_fold(ty.size(), |product, &size| product.checked_mul(size));
        let found = bytes.len() - end;
        if expected != Some(found) {
            let expected = expected.map_or_else(|| "more than can be".to_owned(), |expected| expected.to_string());
            return Err(ArrayFault::Size { found: found as u64, expected, shape });
        }
        Ok(Self { shape, ty, bytes: file, start: end })
    }

    fn data(&self) -> &[u8] {
        &self.bytes.as_ref()[self.start..]
    }

    /// The numbers, where they are bytes.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        (self.ty == Type::U8).then(|| self.data())
    }

    /// The numbers, where they are whole.
    pub(super) fn integers(&self) -> Option<Vec<i64>> {
        match self.ty {
            Type::U8 => Some(self.data().iter().map(|&byte| i64::from(byte)).collect()),
            Type::I32 => Some(each(self.data(), |word| i64::from(i32::from_le_bytes(word)))),
            Type::I64 => Some(each(self.data(), i64::from_le_bytes)),
            Type::F32 | Type::F64 => None,
        }
    }

    /// The numbers, rounded to f32.
    pub(super) fn floats(&self) -> Vec<f32> {
        match self.ty {
            Type::U8 => self.data().iter().map(|&byte| f32::from(byte)).collect(),
            Type::I32 => each(self.data(), |word| i32::from_le_bytes(word) as f32),
            Type::I64 => each(self.data(), |word| i64::from_le_bytes(word) as f32),
            Type::F32 => each(self.data(), f32::from_le_bytes),
            Type::F64 => each(self.data(), |word| f64::from_le_bytes(word) as f32),
        }
    }
}

impl Type {
    fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }
}

fn each<const N: usize, T>(data: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    data.as_chunks().0.iter().map(|&word| read(word)).collect()
}

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`
fn parse(header: &str) -> Result<(Type, Vec<usize>), ArrayFault> {
    let value = |key: &'static str| {
        let after = header.split_once(&format!("'{key}':")).map(|(_, after)| after.trim_start());
        after.ok_or(ArrayFault::Header { key })
    };
    let descr = value("descr")?;
    let quoted = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\''));
    let found = match quoted {
        Some((name, _)) => name,
        None => "with fields",
    };
    let ty = match found {
        "|u1" => Type::U8,
        "<i4" => Type::I32,
        "<i8" => Type::I64,
        "<f4" => Type::F32,
        "<f8" => Type::F64,
        _ => return Err(ArrayFault::Type { found: found.chars().take(MAX_SHOWN).collect() }),
    };
    match value("fortran_order")? {
        order if order.starts_with("False") => {}
        order if order.starts_with("True") => return Err(ArrayFault::Order),
        _ => return Err(ArrayFault::Header { key: "fortran_order" }),
    }
    let shape = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let (shape, _) = shape.ok_or(ArrayFault::Header { key: "shape" })?;
    let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
    let sizes: Result<Vec<usize>, _> = sizes.map(str::parse).collect();
    let sizes = sizes.ok().filter(|sizes| sizes.len() <= MAX_DIMENSIONS);
    Ok((ty, sizes.ok_or(ArrayFault::Header { key: "shape" })?))
}

/// Characters of a file's own words that a message repeats.
const MAX_SHOWN: usize = 32;
/// NumPy itself has no more.
const MAX_DIMENSIONS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_or_refused() {
        let rows: [(&str, Result<&[usize], &str>); 9] = [
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", Ok(&[3, 4])),
            ("{'shape': (7,), 'fortran_order': False, 'descr': '|u1'}", Ok(&[7])),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", Ok(&[])),
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }", Err("ascontiguousarray")),
            ("{'descr': '>f4', 'fortran_order': False, 'shape': (3, 4), }", Err("dtype >f4")),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", Err("with fields")),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, x), }", Err("shape")),
            ("{'descr': '<f4', 'fortran_order': 0, 'shape': (3,), }", Err("fortran_order")),
            ("{'fortran_order': False, 'shape': (3,), }", Err("descr")),
        ];
        for (header, expected) in rows {
            match (parse(header), expected) {
                (Ok((_, shape)), Ok(expected)) => assert_eq!(shape, expected, "{header}"),
                (Err(fault), Err(expected)) => assert!(fault.to_string().contains(expected), "{header}: {fault}"),
                _ => panic!("{header}"),
            }
        }
    }
}
