//! Compact bytes: variable-length integers, length-prefixed text.

use std::sync::Arc;

use traipse_sweep::SweepId;

/// Bytes that are no snapshot of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first bytes are not a snapshot's.
    #[error("it is not a snapshot")]
    NotASnapshot,
    /// Another version wrote it.
    #[error("it is of format {0}, which this version does not read")]
    OtherFormat(u64),
    /// It ends early.
    #[error("it ends early")]
    Truncated,
    /// A value is out of its range.
    #[error("its {0} is out of range")]
    OutOfRange(&'static str),
    /// The parts of a sweep contradict each other.
    #[error("its parts of sweep {0} contradict each other")]
    Inconsistent(SweepId),
    /// Something follows the end.
    #[error("something follows its end")]
    Trailing,
}

/// Appends values.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Seven bits a byte, the least significant first.
    pub(super) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    pub(super) fn id(&mut self, id: u128) {
        self.raw(&id.to_be_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.raw(text.as_bytes());
    }

    pub(super) fn optional_text(&mut self, text: Option<&Arc<str>>) {
        self.number(u64::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Takes values off the front.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn raw(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.bytes.split_at_checked(n).ok_or(DecodeError::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.raw(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::OutOfRange("number"))
    }

    /// A number that fits a smaller type.
    pub(super) fn small<T: TryFrom<u64>>(&mut self, what: &'static str) -> Result<T, DecodeError> {
        T::try_from(self.number()?).map_err(|_| DecodeError::OutOfRange(what))
    }

    pub(super) fn id(&mut self) -> Result<u128, DecodeError> {
        let mut id = [0; 16];
        id.copy_from_slice(self.raw(16)?);
        Ok(u128::from_be_bytes(id))
    }

    pub(super) fn text(&mut self) -> Result<Arc<str>, DecodeError> {
        let n = self.small("length of a text")?;
        let text = std::str::from_utf8(self.raw(n)?).map_err(|_| DecodeError::OutOfRange("text"))?;
        Ok(Arc::from(text))
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<Arc<str>>, DecodeError> {
        match self.number()? {
            0 => Ok(None),
            1 => Ok(Some(self.text()?)),
            _ => Err(DecodeError::OutOfRange("presence of a text")),
        }
    }

    pub(super) fn end(&self) -> Result<(), DecodeError> {
        if self.bytes.is_empty() { Ok(()) } else { Err(DecodeError::Trailing) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_and_texts_survive(values: Vec<u64>, text: String) {
            let mut writer = Writer::default();
            values.iter().for_each(|&value| writer.number(value));
            writer.text(&text);
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            for value in values {
                prop_assert_eq!(reader.number(), Ok(value));
            }
            prop_assert_eq!(&*reader.text().unwrap(), text.as_str());
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while reader.number().is_ok() {}
            let _ = reader.optional_text();
        }
    }

    #[test]
    fn a_number_beyond_64_bits_is_refused() {
        let mut bytes = [0xff; 10];
        bytes[9] = 0x02;
        assert_eq!(Reader::new(&bytes).number(), Err(DecodeError::OutOfRange("number")));
        bytes[9] = 0x01;
        assert_eq!(Reader::new(&bytes).number(), Ok(u64::MAX));
    }
}
