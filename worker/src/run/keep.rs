//! A run's weights as one safetensors file.

use std::borrow::Cow;

use safetensors::tensor::{Dtype, View, serialize};
use traipse_nn::LayerShape;
use traipse_probe::Trajectory;

/// One tensor of f32, turned into little-endian bytes when it is written.
struct Tensor<'a> {
    shape: Vec<usize>,
    values: &'a [f32],
}

impl View for Tensor<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values)
    }
}

/// The weights of every snapshot: `step.<s>.layers.<n>.weight` (outputs × inputs) and `.bias`, f32, as PyTorch lays
/// them out; layers are counted from 0.
pub(super) fn safetensors(trajectory: &Trajectory, layers: &[LayerShape]) -> Vec<u8> {
    let tensors = trajectory.steps().iter().enumerate().flat_map(|(snapshot, step)| {
        let theta = trajectory.weights(snapshot);
        layers.iter().enumerate().flat_map(move |(n, layer)| {
            let name = move |part| format!("step.{step}.layers.{n}.{part}");
            let shape = vec![layer.outputs, layer.inputs];
            let weight = Tensor { shape, values: &theta[layer.weight.clone()] };
            let bias = layer.bias.clone().map(|bias| Tensor { shape: vec![layer.outputs], values: &theta[bias] });
            [Some((name("weight"), weight)), bias.map(|bias| (name("bias"), bias))].into_iter().flatten()
        })
    });
    serialize(tensors, None).expect("names are unique, and a tensor's length is the product of its shape")
}
