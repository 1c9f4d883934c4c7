//! A spool as bytes: a header, then entries, each with its length and a checksum.
//!
//! | bytes | what |
//! | --- | --- |
//! | 12 | `traipsespool` |
//! | 4 | version, little-endian |
//! | then, per entry: 4 | length of the payload |
//! | 4 | CRC-32 of the length and the payload |
//! | length | the payload: a `JobReport` in protobuf |

use std::ops::Range;

/// Bytes before the first entry.
pub const HEADER_BYTES: usize = 16;
/// The version that this program writes.
pub const VERSION: u32 = 1;
/// Largest payload. A report of more could not be sent.
pub const MAX_PAYLOAD_BYTES: usize = traipse_proto::MAX_MESSAGE_BYTES;

const MAGIC: &[u8; 12] = b"traipsespool";
/// Bytes of an entry before its payload.
const ENTRY_HEAD: usize = 8;

/// What a file begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// A spool that this program reads.
    Known,
    /// A spool of a newer program, with its version.
    Newer(u32),
    /// No spool.
    Strange,
}

/// What is in a spool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Whole entries, each with head and payload, in order.
    pub entries: Vec<Range<usize>>,
    /// Entries whose checksum is wrong: passed over.
    pub n_damaged: u64,
    /// Bytes after the last whole entry: a write that a crash cut short.
    pub n_torn_bytes: u64,
}

/// The beginning of every spool.
#[must_use]
pub fn header() -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..12].copy_from_slice(MAGIC);
    header[12..].copy_from_slice(&VERSION.to_le_bytes());
    header
}

/// Looks at the beginning of a file.
#[must_use]
pub fn read_header(bytes: &[u8]) -> Header {
    let Some((magic, rest)) = bytes.split_at_checked(MAGIC.len()) else { return Header::Strange };
    let Some(version) = word(rest) else { return Header::Strange };
    match version {
        _ if magic != MAGIC => Header::Strange,
        0 => Header::Strange,
        1..=VERSION => Header::Known,
        newer => Header::Newer(newer),
    }
}

/// Appends an entry.
pub fn append(bytes: &mut Vec<u8>, payload: &[u8]) {
    debug_assert!(payload.len() <= MAX_PAYLOAD_BYTES, "a report is bounded where it is made");
    let length = (payload.len() as u32).to_le_bytes();
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(&checksum(length, payload).to_le_bytes());
    bytes.extend_from_slice(payload);
}

/// The payload of an entry that [`scan`] has found.
#[must_use]
pub fn payload(entry: &[u8]) -> &[u8] {
    entry.get(ENTRY_HEAD..).unwrap_or_default()
}

/// Finds the entries of a file whose header is known. Nothing that a crash or a bad disk leaves makes it fail.
#[must_use]
pub fn scan(bytes: &[u8]) -> Scan {
    let (mut scan, mut at, mut end) = (Scan::default(), HEADER_BYTES, HEADER_BYTES);
    while let Some((length, sum)) = head(bytes, at) {
        let next = at + ENTRY_HEAD + length;
        let Some(payload) = bytes.get(at + ENTRY_HEAD..next) else { break };
        if checksum((length as u32).to_le_bytes(), payload) == sum {
            // What was passed over before a whole entry was no torn end.
            scan.n_damaged += u64::from(at != end);
            scan.entries.push(at..next);
            end = next;
        }
        at = next;
    }
    scan.n_torn_bytes = bytes.len().saturating_sub(end) as u64;
    scan
}

/// Length and checksum of the entry at `at`. None if no entry can begin there.
fn head(bytes: &[u8], at: usize) -> Option<(usize, u32)> {
    let head = bytes.get(at..at + ENTRY_HEAD)?;
    let length = word(head)? as usize;
    let possible = (1..=MAX_PAYLOAD_BYTES).contains(&length);
    possible.then_some((length, word(&head[4..])?))
}

fn word(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|word| u32::from_le_bytes(*word))
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spool(payloads: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = header().to_vec();
        payloads.iter().for_each(|payload| append(&mut bytes, payload));
        bytes
    }

    fn found(bytes: &[u8]) -> (Vec<Vec<u8>>, u64, u64) {
        let scan = scan(bytes);
        let payloads = scan.entries.iter().map(|entry| payload(&bytes[entry.clone()]).to_vec());
        (payloads.collect(), scan.n_damaged, scan.n_torn_bytes)
    }

    fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_was_written_is_read(payloads in payloads()) {
            let bytes = spool(&payloads);
            prop_assert_eq!(read_header(&bytes), Header::Known);
            prop_assert_eq!(found(&bytes), (payloads, 0, 0));
        }

        #[test]
        fn a_torn_end_costs_only_what_was_not_whole(payloads in payloads(), cut in any::<prop::sample::Index>()) {
            let bytes = spool(&payloads);
            let at = HEADER_BYTES + cut.index(bytes.len() - HEADER_BYTES + 1);
            let (left, n_damaged, n_torn) = found(&bytes[..at]);
            prop_assert_eq!(&left[..], &payloads[..left.len()]);
            let whole = spool(&payloads[..left.len()]).len();
            prop_assert_eq!((n_damaged, n_torn), (0, (at - whole) as u64));
            prop_assert!(left.len() == payloads.len() || at < spool(&payloads[..=left.len()]).len());
        }

        #[test]
        fn a_damaged_payload_costs_its_entry_alone(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 2..8),
            which in any::<prop::sample::Index>(),
        ) {
            let which = which.index(payloads.len() - 1);
            let mut bytes = spool(&payloads);
            let before = spool(&payloads[..which]).len();
            bytes[before + ENTRY_HEAD] ^= 0x10;
            let mut rest = payloads;
            rest.remove(which);
            prop_assert_eq!(found(&bytes), (rest, 1, 0));
        }

        #[test]
        fn nonsense_is_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_header(&bytes);
            prop_assert!(scan(&bytes).n_torn_bytes <= bytes.len() as u64);
        }
    }

    #[test]
    fn headers_tell_what_a_file_is() {
        let mut newer = header();
        newer[12] = 9;
        let rows: [(&[u8], Header); 4] = [
            (&header(), Header::Known),
            (&newer, Header::Newer(9)),
            (b"", Header::Strange),
            (&[7; 40], Header::Strange),
        ];
        for (bytes, expected) in rows {
            assert_eq!(read_header(bytes), expected);
        }
    }
}
