//! A member's snapshots, read back from the file that its run left behind.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::FileExt;

use safetensors::tensor::Metadata;
use traipse_probe::{Form, Snapshot};
use traipse_sweep::JobNumber;
use traipse_sweep::network::Network;

use super::super::keep::{Tensor, buffers_of, theta_bytes, weights_of};
use super::MemberFile;

/// The longest header that is read: above what a network of a thousand layers makes of four thousand snapshots.
const MAX_HEADER_BYTES: u64 = 1 << 30;

/// The length of the header stands before it.
const LENGTH_BYTES: u64 = size_of::<u64>() as u64;

/// Why a member's snapshots cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The machine's fault.
    #[error("cannot read the weights of run {run} in {name}: {source}")]
    Read { run: u64, name: String, source: io::Error },
    /// The file is not what that run leaves behind.
    #[error("the file {name} does not hold the weights of run {run}: {found}; retry that run")]
    Wrong { run: u64, name: String, found: String },
}

/// The snapshots in a member's file, of which one is read at a time.
pub(super) struct Snapshots<'a> {
    file: &'a MemberFile,
    run: u64,
    form: Form,
    metadata: Metadata,
    /// Where the tensors begin.
    start: u64,
    tensors: Vec<Tensor>,
    steps: Vec<u64>,
}

impl<'a> Snapshots<'a> {
    /// Looks at the header: every tensor of the network must be there at every step, with its shape and type, and whole.
    pub(super) fn open(file: &'a MemberFile, run: JobNumber, network: &Network, form: Form) -> Result<Self, Error> {
        let (metadata, start) = header(file, run)?;
        let theta = theta_bytes(form);
        let mut tensors = weights_of(network, form);
        tensors.extend(buffers_of(network).into_iter().map(|mut tensor| {
            tensor.bytes = tensor.bytes.start + theta..tensor.bytes.end + theta;
            tensor
        }));
        let steps = metadata.tensors().keys().filter_map(|name| step_of(name)).collect::<BTreeSet<u64>>();
        let steps = steps.into_iter().collect();
        let snapshots = Self { file, run: run.0, form, metadata, start, tensors, steps };
        snapshots.check()?;
        Ok(snapshots)
    }

    /// The steps of its snapshots, ascending; at least one.
    pub(super) fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// The snapshot at one of the steps. Memory: it twice.
    ///
    /// # Panics
    /// If it is none of them.
    pub(super) fn at(&self, step: u64) -> Result<Snapshot, Error> {
        let mut record = vec![0; self.form.record_bytes()];
        for tensor in &self.tensors {
            let info =
                self.metadata.info(&name(step, tensor)).expect("every tensor was there when the file was opened");
            let part = &mut record[tensor.bytes.clone()];
            let read = self.file.file.read_exact_at(part, self.start + info.data_offsets.0 as u64);
            read.map_err(|source| failed(self.file, self.run, source))?;
        }
        Ok(Snapshot::from_record(&record, self.form))
    }

    fn check(&self) -> Result<(), Error> {
        if self.steps.is_empty() {
            return Err(wrong(self.file, self.run, "it has no snapshot".to_owned()));
        }
        for &step in &self.steps {
            for tensor in &self.tensors {
                let name = name(step, tensor);
                let Some(info) = self.metadata.info(&name) else {
                    return Err(wrong(self.file, self.run, format!("{name} is not there")));
                };
                if (info.dtype, &info.shape) != (tensor.dtype, &tensor.shape) {
                    let found = format!(
                        "{name} is {:?} {:?}, its network has {:?} {:?}",
                        info.dtype, info.shape, tensor.dtype, tensor.shape
                    );
                    return Err(wrong(self.file, self.run, found));
                }
            }
        }
        let n_expected = self.steps.len() * self.tensors.len();
        let n_found = self.metadata.tensors().len();
        if n_found != n_expected {
            return Err(wrong(self.file, self.run, format!("it has {n_found} tensors, its network {n_expected}")));
        }
        Ok(())
    }
}

fn header(file: &MemberFile, run: JobNumber) -> Result<(Metadata, u64), Error> {
    let read = |bytes: &mut [u8], at| file.file.read_exact_at(bytes, at).map_err(|error| failed(file, run.0, error));
    let mut length = [0; LENGTH_BYTES as usize];
    read(&mut length, 0)?;
    let length = u64::from_le_bytes(length);
    let there = file.file.metadata().map_err(|error| failed(file, run.0, error))?.len();
    if length > MAX_HEADER_BYTES.min(there.saturating_sub(LENGTH_BYTES)) {
        return Err(wrong(file, run.0, format!("a header of {length} bytes in a file of {there}")));
    }
    let mut json = vec![0; length as usize];
    read(&mut json, LENGTH_BYTES)?;
    let metadata: Metadata =
        serde_json::from_slice(&json).map_err(|error| wrong(file, run.0, format!("its header is none: {error}")))?;
    let start = LENGTH_BYTES + length;
    let expected = start + metadata.data_len() as u64;
    if there != expected {
        return Err(wrong(file, run.0, format!("it has {there} bytes, its header promises {expected}")));
    }
    Ok((metadata, start))
}

/// `step.<s>.…`
fn step_of(name: &str) -> Option<u64> {
    name.strip_prefix("step.")?.split_once('.')?.0.parse().ok()
}

fn name(step: u64, tensor: &Tensor) -> String {
    format!("step.{step}.{}", tensor.name)
}

fn failed(file: &MemberFile, run: u64, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::UnexpectedEof {
        return wrong(file, run, "it ends too early".to_owned());
    }
    Error::Read { run, name: file.name.clone(), source }
}

fn wrong(file: &MemberFile, run: u64, found: String) -> Error {
    Error::Wrong { run, name: file.name.clone(), found }
}
