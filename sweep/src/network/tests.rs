//! Shapes and counts of known networks, and every refusal.

use proptest::prelude::*;

use super::*;
use crate::settings::{ModelKind, ModelSettings, Norm, Preset};

const CIFAR: Shape = Shape { channels: 3, height: 32, width: 32 };
const MNIST: Shape = Shape { channels: 1, height: 28, width: 28 };

fn of(model: ModelSettings, input: Shape) -> Result<Network, Error> {
    Network::of(&RunSettings { model, ..RunSettings::default() }, input, 10)
}

fn layers(layers: &[&str]) -> ModelSettings {
    let layers = layers.iter().map(|&words| words.to_owned()).collect();
    ModelSettings { kind: ModelKind::Cnn, layers, ..ModelSettings::default() }
}

fn preset(preset: Preset) -> ModelSettings {
    ModelSettings { kind: preset.kind(), preset: Some(preset), ..ModelSettings::default() }
}

fn mlp(hidden: &[u32]) -> ModelSettings {
    ModelSettings { hidden: hidden.to_vec(), ..ModelSettings::default() }
}

/// Parameters and buffers of the same networks written in PyTorch 2, counted there.
#[test]
fn counts_are_those_of_pytorch() {
    let batch = |model: ModelSettings| ModelSettings { norm: Norm::Batch, ..model };
    let layer = |model: ModelSettings| ModelSettings { norm: Norm::Layer, ..model };
    let narrow = |model: ModelSettings| ModelSettings { width: Some(8), ..model };
    let rows = [
        (preset(Preset::Lenet5), MNIST, 61_706, 0),
        (preset(Preset::Lenet5), Shape { height: 32, width: 32, ..MNIST }, 61_706, 0),
        (batch(preset(Preset::Resnet8)), CIFAR, 78_042, 672),
        (batch(preset(Preset::Resnet20)), CIFAR, 272_474, 1_568),
        (batch(narrow(preset(Preset::Resnet8))), CIFAR, 19_954, 336),
        (batch(narrow(preset(Preset::Resnet20))), CIFAR, 68_786, 784),
        (preset(Preset::Resnet8), CIFAR, 77_706, 0),
        (preset(Preset::Resnet20), CIFAR, 271_690, 0),
        (mlp(&[256, 256]), MNIST, 269_322, 0),
        (mlp(&[]), MNIST, 7_850, 0),
        (layer(mlp(&[32])), Shape::dense(784), 25_482, 0),
        (layer(layers(&["conv 6 3x3 stride 2 pad 1"])), MNIST, 14_176, 0),
        (ModelSettings { bias: false, ..mlp(&[32]) }, MNIST, 25_408, 0),
    ];
    for (model, input, n_parameters, n_buffers) in rows {
        let network = of(model.clone(), input).unwrap();
        assert_eq!((network.n_parameters, network.n_buffers), (n_parameters, n_buffers), "{model:?}");
        whole(&network);
    }
}

/// What holds of every network: values are read after they are made, parameters and buffers lie without gaps.
fn whole(network: &Network) {
    let (mut parameters, mut buffers) = (0, 0);
    for (at, node) in network.nodes.iter().enumerate() {
        assert!(node.input <= at && node.other.is_none_or(|other| other <= at));
        assert_eq!(node.input_shape, network.shape(node.input));
        assert_eq!(node.other.is_some(), node.layer == Layer::Add);
        if let Some(other) = node.other {
            assert_eq!(network.shape(other), node.input_shape);
        }
        for parameter in [&node.weight, &node.bias].into_iter().flatten() {
            assert_eq!(parameter.range.start, parameters);
            assert_eq!(parameter.range.len(), parameter.shape.iter().product::<usize>());
            assert_eq!(parameter.is_matrix, parameter.shape.len() > 1);
            parameters = parameter.range.end;
        }
        assert_eq!(node.buffers.start, buffers);
        buffers = node.buffers.end;
        assert!(node.output_shape.n_features() > 0);
    }
    assert_eq!((network.n_parameters, network.n_buffers), (parameters, buffers));
    let last = network.nodes.last().unwrap();
    assert_eq!((&last.layer, last.activation), (&Layer::Dense, Activation::Identity));
}

#[test]
fn every_layer_has_its_shape() {
    let shape = |channels, height, width| Shape { channels, height, width };
    let rows: [(&[&str], Shape, Shape); 14] = [
        (&["conv 16 3x3"], MNIST, shape(16, 26, 26)),
        (&["conv 16 3x3 pad 1"], MNIST, shape(16, 28, 28)),
        (&["conv 16 3×3 stride 2 pad 1"], MNIST, shape(16, 14, 14)),
        (&["conv 16 3x3 pad 1 stride 2"], shape(1, 7, 5), shape(16, 4, 3)),
        (&["conv 4 1x1 stride 2"], shape(3, 7, 5), shape(4, 4, 3)),
        (&["pool max 2"], MNIST, shape(1, 14, 14)),
        (&["pool average 3 stride 2"], CIFAR, shape(3, 15, 15)),
        (&["pool global"], CIFAR, shape(3, 1, 1)),
        (&["dense 120"], CIFAR, Shape::dense(120)),
        (&["block 8"], CIFAR, shape(8, 32, 32)),
        (&["block 3 stride 2"], shape(3, 5, 5), shape(3, 3, 3)),
        (&["block 8"], Shape::dense(4), Shape::dense(8)),
        (&["pool global", "block 8"], CIFAR, Shape::dense(8)),
        (&["dropout 0.5"], CIFAR, CIFAR),
    ];
    for (words, input, output) in rows {
        let network = of(layers(words), input).unwrap();
        let last = network.nodes.last().unwrap();
        assert_eq!(last.input_shape, output, "{words:?}");
        assert_eq!(last.weight.as_ref().unwrap().shape, [10, output.n_features()]);
        whole(&network);
    }
}

#[test]
fn activations_stand_behind_the_norm_and_the_addition() {
    use Activation::{Identity, Relu};
    let names = |model: ModelSettings, input: Shape| -> Vec<(String, Activation)> {
        let network = of(model, input).unwrap();
        let name = |node: &Node| format!("{:?}", node.layer).split([' ', '{']).next().unwrap().to_owned();
        network.nodes.iter().map(|node| (name(node), node.activation)).collect()
    };
    let rows = [
        (mlp(&[4]), vec![("Dense", Relu), ("Dense", Identity)]),
        (
            ModelSettings { norm: Norm::Batch, dropout: 0.5, ..mlp(&[4]) },
            vec![("Dense", Identity), ("BatchNorm", Relu), ("Dropout", Identity), ("Dense", Identity)],
        ),
        (
            layers(&["block 8"]),
            vec![("Conv", Relu), ("Conv", Identity), ("Conv", Identity), ("Add", Relu), ("Dense", Identity)],
        ),
        (
            ModelSettings { norm: Norm::Layer, ..layers(&["block 1"]) },
            vec![
                ("Conv", Identity),
                ("LayerNorm", Relu),
                ("Conv", Identity),
                ("LayerNorm", Identity),
                ("Add", Relu),
                ("Dense", Identity),
            ],
        ),
    ];
    for (model, expected) in rows {
        let expected: Vec<_> = expected.into_iter().map(|(name, activation)| (name.to_owned(), activation)).collect();
        assert_eq!(names(model, MNIST), expected);
    }
}

/// A block adds its own way to the way around it.
#[test]
fn a_block_reads_its_input_twice() {
    let network = of(layers(&["conv 8 3x3 pad 1", "block 8", "block 16 stride 2"]), CIFAR).unwrap();
    let adds: Vec<(usize, Option<usize>)> =
        network.nodes.iter().filter(|node| node.layer == Layer::Add).map(|node| (node.input, node.other)).collect();
    assert_eq!(adds, [(3, Some(1)), (6, Some(7))]);
    let projection = &network.nodes[6];
    assert_eq!((projection.input, &projection.layer), (4, &Layer::Conv { kernel: 1, stride: 2, padding: 0 }));
}

/// Without the last layer: a resnet8 has eight layers with weights.
#[test]
fn depth_and_width_are_those_of_the_settings() {
    let rows = [
        (preset(Preset::Resnet8), 7, Some(16)),
        (ModelSettings { width: Some(8), ..preset(Preset::Resnet20) }, 19, Some(8)),
        (preset(Preset::Lenet5), 4, None),
        (mlp(&[3, 5]), 2, Some(5)),
        (mlp(&[]), 0, None),
        (layers(&["conv 4 3x3", "pool max 2", "block 8", "dropout 0.1", "dense 4"]), 4, None),
    ];
    for (model, depth, width) in rows {
        assert_eq!((model.depth(), model.typical_width()), (depth, width), "{model:?}");
    }
}

#[test]
fn every_refusal_names_the_layer_and_the_shapes() {
    let tiny = Shape { channels: 1, height: 8, width: 8 };
    let rows: &[(ModelSettings, Shape, &[&str])] = &[
        (ModelSettings { kind: ModelKind::Noop, ..mlp(&[]) }, MNIST, &["noop", "no network"]),
        (layers(&[]), MNIST, &["model.kind = \"cnn\" needs its layers", "lenet5", "model.layers"]),
        (ModelSettings { kind: ModelKind::Resnet, ..layers(&[]) }, MNIST, &["\"resnet\" needs", "resnet8"]),
        (ModelSettings { preset: Some(Preset::Lenet5), ..layers(&["dense 3"]) }, MNIST, &["keep one of the two"]),
        (
            ModelSettings { preset: Some(Preset::Resnet8), ..layers(&[]) },
            MNIST,
            &["resnet8", "is no cnn", "\"resnet\""],
        ),
        (
            layers(&["conv 16 3x3", "pool max 2", "pool max 3", "conv 16 5x5"]),
            MNIST,
            &["model.layers[3] \"conv 16 5x5\": a 5×5 kernel does not fit its 4×4 input (16 × 4 × 4)", "use padding"],
        ),
        (preset(Preset::Lenet5), tiny, &["layer 2 of model.preset = \"lenet5\", \"conv 16 5x5\"", "6 × 4 × 4"]),
        (layers(&["pool max 9"]), tiny, &["model.layers[0] \"pool max 9\"", "9×9 window", "8×8 input (1 × 8 × 8)"]),
        (layers(&["dense 4", "conv 3 3x3"]), MNIST, &["model.layers[1]", "needs an image", "flat (4)"]),
        (layers(&["pool max 2"]), Shape::dense(64), &["needs an image", "flat (64)"]),
        (layers(&["pool global"]), Shape { width: 3, ..tiny }, &["square image", "1 × 8 × 3"]),
        (layers(&["block 4 stride 2"]), Shape::dense(64), &["flat input (64) has no stride", "\"block 4\""]),
        (layers(&["conv 16 3x3 pad 3"]), MNIST, &["3 of padding around a 3×3 kernel"]),
        (layers(&["conv 16 3x5"]), MNIST, &["3×5 kernel is not square"]),
        (layers(&["conv 16"]), MNIST, &["`conv 16` is not a layer", "\"conv 16 3x3\""]),
        (layers(&["conv 16 3"]), MNIST, &["`3` is not the size of a kernel"]),
        (layers(&["conv 0 3x3"]), MNIST, &["number of channels is `0`", "from 1 to 1048576"]),
        (layers(&["conv 16 3x3 stride 0"]), MNIST, &["stride is `0`"]),
        (layers(&["conv 16 3x3 stride"]), MNIST, &["`stride` stands without its number"]),
        (layers(&["conv +1 3x3"]), MNIST, &["`+1`"]),
        (layers(&["pool mean 2"]), MNIST, &["`pool mean 2` is not a layer", "pool average 2"]),
        (layers(&["dense 99999999999999999999"]), MNIST, &["number of units"]),
        (layers(&["dropout 1"]), MNIST, &["the rate is `1`"]),
        (layers(&["dropout nan"]), MNIST, &["the rate is `nan`"]),
        (layers(&[""]), MNIST, &["`` is not a layer"]),
        (mlp(&[8, 0]), MNIST, &["model.hidden[1]", "width 0"]),
        (mlp(&[u32::MAX]), MNIST, &["model.hidden[0]", "1 × 28 × 28 to 4294967295", "parameters"]),
        (mlp(&[1 << 20, 1 << 20]), MNIST, &["model.hidden[1]", "1048576 to 1048576", "2147483648 parameters"]),
        (layers(&["conv 1048576 1x1"]), CIFAR, &["1048576 × 32 × 32", "67108864 numbers", "3 × 32 × 32"]),
        (ModelSettings { dropout: f64::NAN, ..mlp(&[]) }, MNIST, &["model.dropout = NaN"]),
        (ModelSettings { hidden: vec![1; 1025], ..mlp(&[]) }, MNIST, &["model.hidden has 1025 layers", "1024"]),
        (mlp(&[]), Shape { height: usize::MAX, ..MNIST }, &["give 1 to 67108864 numbers"]),
        (ModelSettings { width: Some(u32::MAX), ..preset(Preset::Resnet8) }, CIFAR, &["layer 0", "4294967295"]),
    ];
    for (model, input, words) in rows {
        let error = of(model.clone(), *input).unwrap_err().to_string();
        for word in *words {
            assert!(error.contains(word), "{error}\nlacks {word}");
        }
    }
    assert!(Network::of(&RunSettings::default(), MNIST, 0).is_err());
}

fn any_words() -> impl Strategy<Value = String> {
    let number = prop_oneof![0_u32..12, any::<u32>()];
    let words = prop_oneof![
        (0_u32..40, 1_u32..6, 0_u32..4, 0_u32..4)
            .prop_map(|(c, k, s, p)| format!("conv {c} {k}x{k} stride {s} pad {p}")),
        (1_u32..40, 1_u32..6).prop_map(|(c, k)| format!("conv {c} {k}x{k}")),
        (1_u32..5, 1_u32..4).prop_map(|(size, s)| format!("pool max {size} stride {s}")),
        number.prop_map(|n| format!("pool average {n}")),
        any::<u32>().prop_map(|n| format!("dense {n}")),
        (1_u32..99).prop_map(|n| format!("dense {n}")),
        (1_u32..40, 1_u32..3).prop_map(|(w, s)| format!("block {w} stride {s}")),
        (1_u32..40).prop_map(|w| format!("block {w}")),
        Just("pool global".to_owned()),
        (0.0_f64..1.2).prop_map(|rate| format!("dropout {rate}")),
    ];
    prop_oneof![9 => words, 1 => "\\PC{0,12}".prop_map(String::from)]
}

proptest! {
    #[test]
    fn random_layers_make_a_whole_network_or_an_error(
        words in proptest::collection::vec(any_words(), 1..7),
        norm in prop_oneof![Just(Norm::None), Just(Norm::Batch), Just(Norm::Layer)],
        (channels, height, width) in (1_usize..5, 1_usize..40, 1_usize..40),
        bias in any::<bool>(),
    ) {
        let model = ModelSettings { kind: ModelKind::Resnet, layers: words, norm, bias, ..ModelSettings::default() };
        match of(model, Shape { channels, height, width }) {
            Ok(network) => whole(&network),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
