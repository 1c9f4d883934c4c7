//! From settings to nodes: every shape worked out, every layer placed in θ.

use super::error::{Error, Place, Reason};
use super::{Layer, MAX_FEATURES, MAX_LAYERS, MAX_PARAMETERS, Network, Node, Parameter, PoolKind, Shape, Words};
use crate::settings::{Activation, ModelKind, ModelSettings, Norm, Preset};

/// The whole network.
pub(super) fn network(model: &ModelSettings, input: Shape, n_outputs: usize) -> Result<Network, Error> {
    let n_inputs = features(input).filter(|&n| n > 0 && n_outputs > 0);
    let Some(n_features) = n_inputs else { return Err(Error::Data { input, n_outputs }) };
    if !(0.0..1.0).contains(&model.dropout) {
        return Err(Error::Dropout { rate: model.dropout });
    }
    let is_image = (input.height, input.width) != (1, 1);
    let empty = Network { input, nodes: Vec::new(), n_parameters: 0, n_buffers: 0 };
    let mut build = Build { model, network: empty, value: 0, is_image, n_features };
    match model.kind {
        ModelKind::Noop => return Err(Error::NoNetwork),
        ModelKind::Linear | ModelKind::Quadratic | ModelKind::Walk => {}
        ModelKind::Mlp => build.hidden()?,
        ModelKind::Cnn | ModelKind::Resnet => build.layers()?,
    }
    let last = build.dense(n_outputs, Norm::None, Activation::Identity);
    last.map_err(|reason| Error::Layer { place: Place::Last, reason })?;
    Ok(build.network)
}

/// The preset that says what the layers of a `cnn` or a `resnet` are; none where its layers do.
pub(crate) fn choice(model: &ModelSettings) -> Result<Option<Preset>, Error> {
    let (kind, example) = match model.kind {
        ModelKind::Cnn => ("cnn", "lenet5"),
        ModelKind::Resnet => ("resnet", "resnet8"),
        _ => return Ok(None),
    };
    match (model.preset, model.layers.is_empty()) {
        (Some(_), false) => Err(Error::Both),
        (None, true) => Err(Error::Neither { kind, example }),
        (Some(preset), true) if preset.kind() != model.kind => {
            let wanted = if model.kind == ModelKind::Cnn { "resnet" } else { "cnn" };
            Err(Error::Preset { preset: preset.as_str(), kind, wanted })
        }
        (preset, _) => Ok(preset),
    }
}

/// A node's weights and biases.
type Parameters = (Option<Parameter>, Option<Parameter>);

/// A network so far.
struct Build<'a> {
    model: &'a ModelSettings,
    network: Network,
    /// The value that the next layer reads.
    value: usize,
    /// Whether that value is an image, even one of a single pixel.
    is_image: bool,
    /// Numbers in all values so far.
    n_features: usize,
}

impl Build<'_> {
    /// The layers of an `mlp`.
    fn hidden(&mut self) -> Result<(), Error> {
        let (model, at) = (self.model, |at| move |reason| Error::Layer { place: Place::Hidden(at), reason });
        check_count("model.hidden", model.hidden.len())?;
        for (number, &width) in model.hidden.iter().enumerate() {
            self.dense(width as usize, model.norm, model.activation).map_err(at(number))?;
            if model.dropout > 0.0 {
                self.dropout(model.dropout).map_err(at(number))?;
            }
        }
        Ok(())
    }

    /// The layers of a `cnn` or a `resnet`.
    fn layers(&mut self) -> Result<(), Error> {
        let model = self.model;
        let preset = choice(model)?;
        let layers = preset.map(|preset| preset.layers(self.network.input, model.width));
        let layers = layers.as_ref().unwrap_or(&model.layers);
        check_count("model.layers", layers.len())?;
        for (at, words) in layers.iter().enumerate() {
            self.layer(words).map_err(|reason| {
                let place = match preset {
                    Some(preset) => Place::Preset(preset.as_str(), at, words.clone()),
                    None => Place::Layers(at, words.clone()),
                };
                Error::Layer { place, reason }
            })?;
        }
        Ok(())
    }

    fn layer(&mut self, words: &str) -> Result<(), Reason> {
        let (norm, activation) = (self.model.norm, self.model.activation);
        match Words::read(words)? {
            Words::Conv { channels, kernel, stride, padding } => {
                self.conv(channels, Layer::Conv { kernel, stride, padding }, activation)
            }
            Words::Pool { kind, size, stride } => self.pool(kind, size, stride),
            Words::GlobalPool => self.global_pool(),
            Words::Dense { units } => self.dense(units, norm, activation),
            Words::Block { width, stride } => self.block(width, stride),
            Words::Dropout { rate } => self.dropout(rate),
        }
    }

    fn dense(&mut self, units: usize, norm: Norm, activation: Activation) -> Result<(), Reason> {
        if units == 0 {
            return Err(Reason::Width);
        }
        let weight = vec![units, self.shape().n_features()];
        self.is_image = false;
        self.normed(Layer::Dense, Shape::dense(units), weight, norm, activation)
    }

    fn conv(&mut self, channels: usize, layer: Layer, activation: Activation) -> Result<(), Reason> {
        let Layer::Conv { kernel, stride, padding } = layer else { return Ok(()) };
        let input = self.image()?;
        let places = |side: usize| Some((side + 2 * padding).checked_sub(kernel)? / stride + 1);
        let (Some(height), Some(width)) = (places(input.height), places(input.width)) else {
            return Err(Reason::Kernel { kernel, padding, input });
        };
        let weight = vec![channels, input.channels, kernel, kernel];
        self.normed(layer, Shape { channels, height, width }, weight, self.model.norm, activation)
    }

    fn pool(&mut self, kind: PoolKind, size: usize, stride: usize) -> Result<(), Reason> {
        let input = self.image()?;
        let places = |side: usize| Some(side.checked_sub(size)? / stride + 1);
        let (Some(height), Some(width)) = (places(input.height), places(input.width)) else {
            return Err(Reason::Window { size, input });
        };
        self.plain(Layer::Pool { kind, size, stride }, Shape { height, width, ..input })
    }

    /// One number a channel; what follows is flat.
    fn global_pool(&mut self) -> Result<(), Reason> {
        let input = self.image()?;
        if input.height != input.width {
            return Err(Reason::NotSquare { input });
        }
        self.pool(PoolKind::Average, input.height, input.height)?;
        self.is_image = false;
        Ok(())
    }

    fn dropout(&mut self, rate: f64) -> Result<(), Reason> {
        self.plain(Layer::Dropout { rate }, self.shape())
    }

    /// The basic block of He et al. 2016: two layers and a way around them, projected where the shapes differ.
    fn block(&mut self, width: usize, stride: usize) -> Result<(), Reason> {
        let (start, input, activation) = (self.value, self.shape(), self.model.activation);
        if !self.is_image && stride != 1 {
            return Err(Reason::Stride { input, width });
        }
        self.branch(width, 3, stride, activation)?;
        self.branch(width, 3, 1, Activation::Identity)?;
        let main = self.value;
        self.value = start;
        if input.channels != width || stride != 1 {
            self.branch(width, 1, stride, Activation::Identity)?;
        }
        let (skip, output) = (self.value, self.network.shape(main));
        self.value = main;
        self.push(Layer::Add, output, activation)?;
        self.last().other = Some(skip);
        Ok(())
    }

    /// A layer of a block: a convolution that keeps the size but for its stride, or a dense layer.
    fn branch(&mut self, width: usize, kernel: usize, stride: usize, activation: Activation) -> Result<(), Reason> {
        if self.is_image {
            return self.conv(width, Layer::Conv { kernel, stride, padding: kernel / 2 }, activation);
        }
        self.dense(width, self.model.norm, activation)
    }

    /// A layer with weights, then the norm, then the activation. Where there is a norm, its shift is the bias.
    fn normed(
        &mut self,
        layer: Layer,
        output: Shape,
        weight: Vec<usize>,
        norm: Norm,
        activation: Activation,
    ) -> Result<(), Reason> {
        let has_norm = norm != Norm::None;
        let own = if has_norm { Activation::Identity } else { activation };
        let has_bias = self.model.bias && self.model.kind != ModelKind::Quadratic;
        let bias = (has_bias && !has_norm).then_some(output.channels);
        let parameters = self.reserve(output, weight, bias)?;
        self.push(layer, output, own)?;
        (self.last().weight, self.last().bias) = parameters;
        let (layer, size) = match norm {
            Norm::None => return Ok(()),
            Norm::Batch => (Layer::BatchNorm, output.channels),
            Norm::Layer => (Layer::LayerNorm, output.n_features()),
        };
        let buffers = if layer == Layer::BatchNorm { 2 * size } else { 0 };
        let parameters = self.reserve(output, vec![size], Some(size))?;
        self.push(layer, output, activation)?;
        (self.last().weight, self.last().bias) = parameters;
        let start = self.network.n_buffers;
        self.network.n_buffers += buffers;
        self.last().buffers = start..start + buffers;
        Ok(())
    }

    fn plain(&mut self, layer: Layer, output: Shape) -> Result<(), Reason> {
        self.push(layer, output, Activation::Identity)
    }

    /// Adds a node that reads the present value and makes its output the present one.
    fn push(&mut self, layer: Layer, output: Shape, activation: Activation) -> Result<(), Reason> {
        let (input, input_shape) = (self.value, self.shape());
        let total = features(output).and_then(|n| n.checked_add(self.n_features)).filter(|&n| n <= MAX_FEATURES);
        let Some(total) = total else { return Err(Reason::Features { input: input_shape, output }) };
        self.n_features = total;
        let at = self.network.n_buffers;
        self.network.nodes.push(Node {
            layer,
            input,
            other: None,
            input_shape,
            output_shape: output,
            activation,
            weight: None,
            bias: None,
            buffers: at..at,
        });
        self.value = self.network.nodes.len();
        Ok(())
    }

    /// Places weights and biases behind all others in θ.
    fn reserve(&mut self, output: Shape, weight: Vec<usize>, bias: Option<usize>) -> Result<Parameters, Reason> {
        let start = self.network.n_parameters;
        let n_weights = weight.iter().try_fold(1_usize, |n, &size| n.checked_mul(size));
        let middle = n_weights.and_then(|n| start.checked_add(n));
        let end = middle.and_then(|n| n.checked_add(bias.unwrap_or(0)));
        let (Some(middle), Some(end)) = (middle, end.filter(|&end| end <= MAX_PARAMETERS)) else {
            return Err(Reason::Parameters { input: self.shape(), output });
        };
        self.network.n_parameters = end;
        let is_matrix = weight.len() > 1;
        let weight = Parameter { shape: weight, range: start..middle, is_matrix };
        let bias = bias.map(|n| Parameter { shape: vec![n], range: middle..end, is_matrix: false });
        Ok((Some(weight), bias))
    }

    fn last(&mut self) -> &mut Node {
        self.network.nodes.last_mut().expect("called right after a push")
    }

    fn shape(&self) -> Shape {
        self.network.shape(self.value)
    }

    /// The shape of the present value, which must be an image.
    fn image(&self) -> Result<Shape, Reason> {
        if self.is_image { Ok(self.shape()) } else { Err(Reason::Flat { input: self.shape() }) }
    }
}

fn check_count(key: &'static str, found: usize) -> Result<(), Error> {
    if found > MAX_LAYERS { Err(Error::Layers { key, found }) } else { Ok(()) }
}

/// Numbers in a value, where it is not too large.
fn features(shape: Shape) -> Option<usize> {
    let n = shape.channels.checked_mul(shape.height)?.checked_mul(shape.width)?;
    (n <= MAX_FEATURES).then_some(n)
}
