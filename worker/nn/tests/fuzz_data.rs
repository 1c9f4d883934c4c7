//! Every decoder on damaged and on random bytes: no panic, and no more memory than the bytes that came can fill.
#![allow(unsafe_code, clippy::unwrap_used, reason = "an allocator is unsafe by its trait; tests may unwrap")]

mod files;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use proptest::prelude::*;
use proptest::sample::Index;
use traipse_nn::Dataset;
use traipse_nn::data::{self, Error, IdxFiles};
use traipse_sweep::settings::{DataName, DataSettings, Scale};

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is the system allocator's; the counts are a thread's own and allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get().wrapping_add(layout.size()));
        PEAK.set(PEAK.get().max(LIVE.get()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the decoders need beside the data: inflate's tables, the reader of tables, messages.
const FIXED: usize = 512 << 10;
/// Memory a byte that came: growing vectors double, numbers become wider, text is kept beside numbers.
const WIDER: usize = 64;
/// No byte of a deflated stream stands for more.
const DEFLATED: usize = 1032;

/// One decoder, its file replaced by other bytes.
type Decoder = fn(&[u8]) -> Result<Dataset, Error>;

fn settings(name: DataName) -> DataSettings {
    DataSettings { name, scale: Scale::Standardize, label_noise: 0.1, ..DataSettings::default() }
}

fn mnist(bytes: [&[u8]; 4]) -> Result<Dataset, Error> {
    let [a, b, c, d] = bytes;
    let files =
        IdxFiles { train_images: ("a", a), train_labels: ("b", b), test_images: ("c", c), test_labels: ("d", d) };
    data::mnist(&settings(DataName::Mnist), &files)
}

/// Each decoder with a good file of its own; whether the good file is deflated.
fn decoders() -> Vec<(Decoder, Vec<u8>, bool)> {
    let images: Decoder = |bytes| mnist([bytes, &files::labels(6), &files::images(4, 3), &files::labels(4)]);
    let labels: Decoder = |bytes| mnist([&files::images(6, 3), bytes, &files::images(4, 3), &files::labels(4)]);
    let cifar: Decoder = |bytes| data::cifar(&settings(DataName::Cifar10), &[("a", bytes)], ("b", bytes));
    let archive: Decoder = |bytes| data::cifar_archive(&settings(DataName::Cifar100), ("a", bytes));
    let npz: Decoder = |bytes| data::npz(&settings(DataName::Npz), ("a", bytes));
    let csv: Decoder = |bytes| data::csv(&settings(DataName::Csv), ("a", bytes), ("b", b"x,label\n1,2\n"));
    let array: Decoder = |bytes| {
        let mut members = files::arrays();
        members[0].1 = bytes.to_vec();
        data::npz(&settings(DataName::Npz), ("a", &files::zip(&members, false)))
    };
    let batch = files::cifar(&[&[1], &[2]]);
    let hundred = files::cifar(&[&[1, 99]]);
    let tar = files::tar(&[("c/train.bin", &hundred), ("c/readme", b"hello"), ("c/test.bin", &hundred)]);
    let table = b"x,label\n1,0\n2.5,1\n-3e2,2\n\"4\",1\n".to_vec();
    vec![
        (images, files::images(6, 3), false),
        (images, files::gzip(&files::images(6, 3)), true),
        (labels, files::labels(6), false),
        (cifar, batch.clone(), false),
        (cifar, files::gzip(&batch), true),
        (archive, tar.clone(), false),
        (archive, files::gzip(&tar), true),
        (npz, files::zip(&files::arrays(), false), false),
        (npz, files::zip(&files::arrays(), true), true),
        (array, files::arrays().swap_remove(0).1, false),
        (csv, table.clone(), false),
        (csv, files::gzip(&table), true),
    ]
}

/// Decodes, and holds the memory that it took against the bytes that came.
fn decode(decoder: Decoder, bytes: &[u8], deflated: bool) -> Result<Dataset, Error> {
    let before = LIVE.get();
    PEAK.set(before);
    let result = decoder(bytes);
    let took = PEAK.get().saturating_sub(before);
    let fills = if deflated || bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(b"PK") { DEFLATED } else { 1 };
    let most = FIXED + WIDER * fills * bytes.len();
    assert!(took <= most, "{took} bytes for a file of {}", bytes.len());
    if let Err(error) = &result {
        assert!(error.to_string().len() < 1000, "{error}");
    }
    result
}

#[test]
fn good_files_are_good() {
    for (at, (decoder, good, deflated)) in decoders().into_iter().enumerate() {
        assert!(decode(decoder, &good, deflated).is_ok(), "decoder {at}");
    }
}

proptest! {
    #[test]
    fn damaged_files_do_no_harm(
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<Index>()),
        more in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        for (decoder, mut bytes, deflated) in decoders() {
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes.extend(&more);
            let _ = decode(decoder, &bytes, deflated);
        }
    }

    /// Headers are where lies are told: the first and last bytes change.
    #[test]
    fn lying_headers_allocate_nothing(
        changes in prop::collection::vec((0usize..64, prop::sample::select(vec![0u8, 1, 0x7f, 0x80, 0xff])), 1..12),
        from_end in any::<bool>(),
    ) {
        for (decoder, mut bytes, deflated) in decoders() {
            for &(at, value) in &changes {
                let at = at.min(bytes.len() - 1);
                let at = if from_end { bytes.len() - 1 - at } else { at };
                bytes[at] = value;
            }
            let _ = decode(decoder, &bytes, deflated);
        }
    }

    #[test]
    fn random_bytes_do_no_harm(
        start in prop::sample::select(vec![&b""[..], b"\0\0\x08\x03", b"\0\0\x08\x01", b"\x1f\x8b\x08\0", b"PK\x03\x04",
            b"x,label\n"]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [start, &rest].concat();
        for (decoder, _, _) in decoders() {
            let _ = decode(decoder, &bytes, false);
        }
    }
}
