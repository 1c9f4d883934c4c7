//! A run's weights as one safetensors file, made piece by piece from wherever the snapshots lie.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use traipse_probe::{Form, Trajectory};
use traipse_sweep::network::{Network, Node, Parameter};
use traipse_sweep::settings::Precision;

/// Bytes of one piece at most.
const PIECE_BYTES: usize = 1 << 20;

/// The header's length is a multiple of this, so that what follows is aligned for every type.
const ALIGNMENT: usize = 8;

/// The weights of some snapshots: `step.<s>.layers.<n>.weight` and `.bias` in the precision of the training, as PyTorch
/// lays them out (dense: outputs × inputs; convolutions: channels out × channels in × height × width), and of batch norm
/// `.running_mean` and `.running_var` in f64. Layers with weights are counted from 0.
pub struct Kept {
    trajectory: Arc<Trajectory>,
    /// Which of its snapshots, ascending.
    at: Vec<usize>,
    header: Vec<u8>,
}

/// One tensor of every snapshot.
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    /// Where it lies, in bytes, in θ or in the buffers.
    pub(super) bytes: Range<usize>,
}

impl Kept {
    /// Of every snapshot.
    pub(super) fn all(trajectory: Arc<Trajectory>, network: &Network) -> Self {
        let at = (0..trajectory.n_snapshots()).collect();
        Self::some(trajectory, at, network)
    }

    /// Of these snapshots, ascending.
    pub(super) fn some(trajectory: Arc<Trajectory>, at: Vec<usize>, network: &Network) -> Self {
        let steps: Vec<u64> = at.iter().map(|&at| trajectory.steps()[at]).collect();
        let header = header(&steps, trajectory.form(), network);
        Self { trajectory, at, header }
    }

    /// The size of the file.
    #[must_use]
    pub fn n_bytes(&self) -> u64 {
        let records = self.at.len() as u64 * self.trajectory.form().record_bytes() as u64;
        self.header.len() as u64 + records
    }

    /// The file in pieces of at most a mebibyte, but for the header: the header, the buffers of every snapshot, θ of
    /// every snapshot. Numbers of eight bytes come before those of four, since readers map them where they lie.
    pub fn pieces(&self) -> impl Iterator<Item = io::Result<Bytes>> {
        let form = self.trajectory.form();
        let theta = theta_bytes(form);
        let parts = [theta..form.record_bytes(), 0..theta];
        let header = std::iter::once(Ok(Bytes::copy_from_slice(&self.header)));
        header.chain(parts.into_iter().flat_map(move |part| {
            self.at.iter().flat_map(move |&at| {
                let end = part.end;
                part.clone().step_by(PIECE_BYTES).map(move |start| self.piece(at, start..end.min(start + PIECE_BYTES)))
            })
        }))
    }

    /// The whole file.
    ///
    /// # Errors
    /// If the snapshots cannot be read.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        self.pieces().try_fold(Vec::new(), |mut file, piece| {
            file.extend_from_slice(&piece?);
            Ok(file)
        })
    }

    fn piece(&self, at: usize, range: Range<usize>) -> io::Result<Bytes> {
        let mut piece = vec![0; range.len()];
        self.trajectory.bytes(at, range.start, &mut piece)?;
        Ok(piece.into())
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({} snapshots, {} bytes)", self.at.len(), self.n_bytes())
    }
}

pub(super) fn theta_bytes(form: Form) -> usize {
    form.n_parameters * form.width()
}

fn header(steps: &[u64], form: Form, network: &Network) -> Vec<u8> {
    let (beside, theta) = (buffers_of(network), weights_of(network, form));
    let n_beside = form.record_bytes() - theta_bytes(form);
    let mut tensors = Vec::with_capacity(steps.len() * (beside.len() + theta.len()));
    let mut base = 0;
    for (group, group_bytes) in [(beside, n_beside), (theta, theta_bytes(form))] {
        for step in steps {
            tensors.extend(group.iter().map(|tensor| {
                let data_offsets = (base + tensor.bytes.start, base + tensor.bytes.end);
                let info = TensorInfo { dtype: tensor.dtype, shape: tensor.shape.clone(), data_offsets };
                (format!("step.{step}.{}", tensor.name), info)
            }));
            base += group_bytes;
        }
    }
    let metadata = Metadata::new(None, tensors).expect("a network's tensors lie one behind the other in θ");
    let mut json = serde_json::to_vec(&metadata).expect("names and numbers are JSON");
    json.resize(json.len().next_multiple_of(ALIGNMENT), b' ');
    let mut header = (json.len() as u64).to_le_bytes().to_vec();
    header.append(&mut json);
    header
}

/// Nodes with weights, counted.
fn layers(network: &Network) -> impl Iterator<Item = (usize, &Node)> {
    network.nodes.iter().filter(|node| node.weight.is_some()).enumerate()
}

pub(super) fn weights_of(network: &Network, form: Form) -> Vec<Tensor> {
    let dtype = match form.precision {
        Precision::F32 => Dtype::F32,
        Precision::F64 => Dtype::F64,
    };
    let tensor = |n: usize, part: &str, of: &Parameter| Tensor {
        name: format!("layers.{n}.{part}"),
        dtype,
        shape: of.shape.clone(),
        bytes: of.range.start * form.width()..of.range.end * form.width(),
    };
    let parts = |(n, node): (usize, &Node)| {
        let weight = node.weight.as_ref().map(|weight| tensor(n, "weight", weight));
        let bias = node.bias.as_ref().map(|bias| tensor(n, "bias", bias));
        weight.into_iter().chain(bias)
    };
    layers(network).flat_map(parts).collect()
}

/// Means first, then variances, node by node.
pub(super) fn buffers_of(network: &Network) -> Vec<Tensor> {
    let tensor = |n: usize, part: &str, range: Range<usize>| Tensor {
        name: format!("layers.{n}.{part}"),
        dtype: Dtype::F64,
        shape: vec![range.len()],
        bytes: range.start * size_of::<f64>()..range.end * size_of::<f64>(),
    };
    let with_buffers = layers(network).filter(|(_, node)| !node.buffers.is_empty());
    with_buffers
        .flat_map(|(n, node)| {
            let Range { start, end } = node.buffers;
            let middle = start + (end - start) / 2;
            [tensor(n, "running_mean", start..middle), tensor(n, "running_var", middle..end)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use safetensors::SafeTensors;
    use traipse_probe::{Snapshot, Weights};
    use traipse_sweep::network::{Layer, Shape};
    use traipse_sweep::settings::Activation;

    use super::*;

    /// A convolution of 2 channels to 3 with 2×2 kernels and no bias, batch norm over its 3 channels.
    fn network() -> Network {
        let image = |channels| Shape { channels, height: 4, width: 4 };
        let parameter = |shape: &[usize], range, is_matrix| Some(Parameter { shape: shape.to_vec(), range, is_matrix });
        let conv = Node {
            layer: Layer::Conv { kernel: 2, stride: 1, padding: 0 },
            input: 0,
            other: None,
            input_shape: image(2),
            output_shape: image(3),
            activation: Activation::Identity,
            weight: parameter(&[3, 2, 2, 2], 0..24, true),
            bias: None,
            buffers: 0..0,
        };
        let norm = Node {
            layer: Layer::BatchNorm,
            input: 1,
            input_shape: image(3),
            weight: parameter(&[3], 24..27, false),
            bias: parameter(&[3], 27..30, false),
            buffers: 0..6,
            ..conv
        };
        Network { input: image(2), nodes: vec![conv, norm], n_parameters: 30, n_buffers: 6 }
    }

    fn numbers(tensor: &[u8]) -> Vec<f64> {
        tensor.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
    }

    #[test]
    fn images_norms_and_both_precisions() {
        for precision in [Precision::F32, Precision::F64] {
            let theta: Vec<f32> = (0..30_u8).map(f32::from).collect();
            let wide = theta.iter().map(|&value| f64::from(value)).collect();
            let weights = if precision == Precision::F32 { Weights::F32(theta) } else { Weights::F64(wide) };
            let snapshot = Snapshot { weights, buffers: (0..6_u8).map(|i| f64::from(i) / 3.0).collect() };
            let mut trajectory = Trajectory::in_memory(snapshot.form());
            [0, 7].into_iter().for_each(|step| trajectory.push(step, &snapshot).unwrap());
            let trajectory = Arc::new(trajectory);
            let kept = Kept::all(trajectory.clone(), &network());
            let bytes = kept.to_bytes().unwrap();
            assert_eq!(bytes.len() as u64, kept.n_bytes());
            let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
            assert_eq!(file.len(), 2 * 5);
            let weight = file.tensor("step.7.layers.0.weight").unwrap();
            assert_eq!(weight.shape(), [3, 2, 2, 2]);
            assert_eq!(weight.dtype() == Dtype::F64, precision == Precision::F64);
            assert!(file.tensor("step.0.layers.0.bias").is_err());
            assert_eq!(file.tensor("step.0.layers.1.bias").unwrap().shape(), [3]);
            assert_eq!(
                numbers(file.tensor("step.0.layers.1.running_mean").unwrap().data()),
                [0.0, 1.0 / 3.0, 2.0 / 3.0]
            );
            let variance = file.tensor("step.7.layers.1.running_var").unwrap();
            assert_eq!((variance.dtype(), numbers(variance.data())), (Dtype::F64, vec![1.0, 4.0 / 3.0, 5.0 / 3.0]));
            if precision == Precision::F64 {
                assert_eq!(numbers(file.tensor("step.7.layers.1.weight").unwrap().data()), [24.0, 25.0, 26.0]);
            }
            let start = bytes.len() - 2 * theta_bytes(kept.trajectory.form());
            assert_eq!(start % 8, 0, "numbers lie aligned");
            let last = Kept::some(trajectory, vec![1], &network());
            let bytes = last.to_bytes().unwrap();
            assert_eq!(bytes.len() as u64, last.n_bytes());
            let part = SafeTensors::deserialize(&bytes).expect("a safetensors file");
            assert_eq!(part.len(), 5, "one snapshot alone");
            assert_eq!(part.tensor("step.7.layers.1.running_var").unwrap().data(), variance.data());
        }
    }
}
