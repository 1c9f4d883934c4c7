//! A network layer by layer: what each reads, puts out and holds.

use serde::Serialize;
use traipse_sweep::network::{Layer, Network, Node, PoolKind, Shape};
use traipse_sweep::settings::Activation;

use super::table::{Align, TextTable};
use super::units::count;

/// A layer with the norm and the activation behind it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LayerRow {
    /// In words: `conv 3×3 pad 1, batch norm, relu`.
    pub(crate) layer: String,
    /// Channels, rows and columns of its output.
    pub(crate) output: [usize; 3],
    /// Weights and biases.
    pub(crate) n_parameters: u64,
    /// Multiply-adds of one example.
    pub(crate) multiply_adds: u64,
}

/// The layers in order; norms stand with the layer that they follow.
pub(crate) fn rows(network: &Network) -> Vec<LayerRow> {
    let mut rows: Vec<LayerRow> = Vec::new();
    for (at, node) in network.nodes.iter().enumerate() {
        let n_parameters = node.n_parameters() as u64;
        let multiply_adds = multiply_adds(node);
        // An addition reads the block's two ways; any other layer that does not read the last output stands beside.
        let words = words(node, node.input != at && node.layer != Layer::Add);
        match rows.last_mut().filter(|_| matches!(node.layer, Layer::BatchNorm | Layer::LayerNorm)) {
            Some(row) => {
                row.layer = format!("{}, {words}", row.layer);
                row.n_parameters += n_parameters;
            }
            None => {
                let Shape { channels, height, width } = node.output_shape;
                rows.push(LayerRow { layer: words, output: [channels, height, width], n_parameters, multiply_adds });
            }
        }
    }
    rows
}

/// Multiply-adds of one example in the products of a node.
pub(crate) fn multiply_adds(node: &Node) -> u64 {
    let places = match node.layer {
        Layer::Dense => 1,
        Layer::Conv { .. } => node.output_shape.height * node.output_shape.width,
        _ => 0,
    };
    let n_weights = node.weight.as_ref().map_or(0, |weight| weight.range.len());
    (n_weights as u64).saturating_mul(places as u64)
}

/// The rows as a table.
pub(crate) fn table(input: Shape, rows: &[LayerRow]) -> String {
    let columns = [("layer", Align::Left), ("output", Align::Left), ("parameters", Align::Right)];
    let mut table = TextTable::new(columns.map(|(name, align)| (name.to_owned(), align)));
    table.row(vec!["input".into(), input.to_string(), String::new()]);
    for row in rows {
        let [channels, height, width] = row.output;
        let n_parameters = if row.n_parameters == 0 { String::new() } else { count(row.n_parameters) };
        table.row(vec![row.layer.clone(), Shape { channels, height, width }.to_string(), n_parameters]);
    }
    table.render()
}

fn words(node: &Node, is_beside: bool) -> String {
    let mut words = match &node.layer {
        Layer::Dense => "dense".to_owned(),
        Layer::Conv { kernel, stride, padding } => {
            format!("conv {kernel}×{kernel}{}{}", option("stride", *stride, 1), option("pad", *padding, 0))
        }
        Layer::Pool { kind, size, stride } => {
            let kind = match kind {
                PoolKind::Max => "max",
                PoolKind::Average => "average",
            };
            format!("pool {kind} {size}×{size}{}", option("stride", *stride, *size))
        }
        Layer::BatchNorm => "batch norm".to_owned(),
        Layer::LayerNorm => "layer norm".to_owned(),
        Layer::Dropout { rate } => format!("dropout {rate}"),
        Layer::Add => "add".to_owned(),
    };
    if is_beside {
        words += " beside the block";
    }
    match activation(node.activation) {
        Some(activation) => format!("{words}, {activation}"),
        None => words,
    }
}

fn option(name: &str, value: usize, default: usize) -> String {
    if value == default { String::new() } else { format!(" {name} {value}") }
}

/// The word of the sweep file; none of the identity.
fn activation(activation: Activation) -> Option<&'static str> {
    match activation {
        Activation::Relu => Some("relu"),
        Activation::Tanh => Some("tanh"),
        Activation::Gelu => Some("gelu"),
        Activation::Silu => Some("silu"),
        Activation::Sigmoid => Some("sigmoid"),
        Activation::Identity => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use traipse_sweep::RunSettings;
    use traipse_sweep::settings::{ModelKind, Norm, Preset};

    use super::*;

    fn layer() -> impl Strategy<Value = String> {
        prop_oneof![
            (1_u32..40, 1_u32..6, 1_u32..4, 0_u32..3)
                .prop_map(|(c, k, s, p)| format!("conv {c} {k}x{k} stride {s} pad {p}")),
            (1_u32..5, 1_u32..4).prop_map(|(size, s)| format!("pool average {size} stride {s}")),
            Just("pool global".to_owned()),
            (1_u32..99).prop_map(|n| format!("dense {n}")),
            (1_u32..40, 1_u32..3).prop_map(|(w, s)| format!("block {w} stride {s}")),
            (0.0_f64..1.0).prop_map(|rate| format!("dropout {rate}")),
            "\\PC{0,9}".prop_map(String::from),
        ]
    }

    proptest! {
        #[test]
        fn random_layers_are_told_or_refused(
            layers in proptest::collection::vec(layer(), 1..6),
            norm in prop_oneof![Just(Norm::None), Just(Norm::Batch), Just(Norm::Layer)],
            side in 1_usize..33,
        ) {
            let mut settings = RunSettings::default();
            settings.model.kind = ModelKind::Cnn;
            settings.model.layers = layers;
            settings.model.norm = norm;
            let input = Shape { channels: 3, height: side, width: side };
            match Network::of(&settings, input, 10) {
                Ok(network) => {
                    let rows = rows(&network);
                    let told: u64 = rows.iter().map(|row| row.n_parameters).sum();
                    prop_assert_eq!(told, network.n_parameters as u64);
                    prop_assert_eq!(table(input, &rows).lines().count(), rows.len() + 2);
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn a_residual_network_reads_as_its_blocks() {
        let mut settings = RunSettings::default();
        settings.model.kind = ModelKind::Resnet;
        settings.model.preset = Some(Preset::Resnet8);
        settings.model.norm = Norm::Batch;
        let input = Shape { channels: 3, height: 32, width: 32 };
        let network = Network::of(&settings, input, 10).unwrap_or_else(|error| panic!("{error}"));
        let rows = rows(&network);
        let words: Vec<&str> = rows.iter().map(|row| row.layer.as_str()).collect();
        assert_eq!(
            words[..8],
            [
                "conv 3×3 pad 1, batch norm, relu",
                "conv 3×3 pad 1, batch norm, relu",
                "conv 3×3 pad 1, batch norm",
                "add, relu",
                "conv 3×3 stride 2 pad 1, batch norm, relu",
                "conv 3×3 pad 1, batch norm",
                "conv 1×1 stride 2 beside the block, batch norm",
                "add, relu",
            ]
        );
        assert_eq!(rows.iter().map(|row| row.n_parameters).sum::<u64>(), 78_042);
        assert_eq!(rows[0].multiply_adds, 3 * 9 * 16 * 32 * 32);
        let text = table(input, &rows);
        assert!(text.contains("32 × 16 × 16") && text.contains("pool average 8×8"), "{text}");
    }
}
