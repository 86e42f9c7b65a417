//! What holds for a transformer whatever its weights, and that it is the one in its documentation.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use common::{distance, field, randomised, times};
use foehn_network::{Architecture, NetworkError, Transformer, TransformerConfig};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

fn small() -> TransformerConfig {
    TransformerConfig {
        patch: 3,
        width: 16,
        depth: 2,
        heads: 2,
        ratio: 2,
    }
}

fn network(config: &TransformerConfig) -> Transformer {
    randomised(config.init(3, 2, &Device::flex()).unwrap())
}

#[test]
fn a_new_network_is_exactly_zero_and_has_as_many_weights_as_it_says() {
    let config = small();
    let network = config.init(3, 2, &Device::flex()).unwrap();
    let y = network.forward(field([2, 3, 6, 9], 1), times([0.2, 0.9]));
    assert_eq!(y.abs().max().into_scalar::<f32>(), 0.0);
    assert_eq!(network.num_params(), config.parameter_count(3, 2));
}

#[test]
fn any_size_keeps_its_size_and_rows_do_not_see_each_other() {
    let network = network(&small());
    for [h, w] in [[1, 1], [3, 6], [7, 5], [20, 31]] {
        let x = field([2, 3, h, w], 4);
        let both = network.forward(x.clone(), times([0.3, 0.8]));
        assert_eq!(both.dims(), [2, 2, h, w]);
        let second = network.forward(x.narrow(0, 1, 1), times([0.8]));
        assert!(distance(both.narrow(0, 1, 1), second) < 1e-5);
    }
}

/// The slope of a sum of outputs along one input, against a difference quotient: single precision, so 1 %.
#[test]
fn gradients_are_those_of_differences() {
    let network = network(&small());
    let weight = field([1, 2, 6, 6], 8);
    let sum = |x: Tensor<4>| (network.forward(x, times([0.4])) * weight.clone()).sum();
    let x = field([1, 3, 6, 6], 5);
    let direction = field([1, 3, 6, 6], 6);
    let leaf = x.clone().autodiff().require_grad();
    let weights = Tensor::from_inner(weight.clone());
    let gradients = (network
        .clone()
        .train()
        .forward(leaf.clone(), Tensor::from_inner(times([0.4])))
        * weights)
        .sum()
        .backward();
    let slope: f32 = (leaf.grad(&gradients).unwrap() * direction.clone())
        .sum()
        .into_scalar();
    let h = 1e-2;
    let [after, before] =
        [h, -h].map(|h| sum(x.clone() + direction.clone() * h).into_scalar::<f32>());
    let quotient = (after - before) / (2.0 * h);
    assert!(
        (slope - quotient).abs() < 0.01 * quotient.abs().max(1.0),
        "{slope} {quotient}"
    );
}

#[test]
fn impossible_shapes_are_refused() {
    let device = Device::flex();
    let refused = |config: TransformerConfig| config.init(1, 1, &device).unwrap_err();
    let error = refused(TransformerConfig {
        width: 18,
        ..small()
    });
    assert_eq!(
        error,
        NetworkError::Width {
            width: 18,
            heads: 2
        }
    );
    assert_eq!(
        refused(TransformerConfig {
            depth: 0,
            ..small()
        }),
        NetworkError::Zero("depth")
    );
    let architecture = Architecture::Transformer {
        config: small(),
        inputs: 3,
        outputs: 2,
    };
    assert!(
        architecture
            .unet(&device)
            .unwrap_err()
            .to_string()
            .contains("transformer")
    );
    assert!(architecture.transformer(&device).is_ok());
}

/// The network again, from its documentation.
const NUMPY: &str = r#"
import json, sys
import numpy as np
from scipy.special import erf
given = json.load(sys.stdin)
w = {name: np.array(v["values"]).reshape(v["shape"]) for name, v in given["weights"].items()}
x, t = (np.array(given[k]["values"]).reshape(given[k]["shape"]) for k in ("x", "t"))
patch, width, depth, heads = (given[k] for k in ("patch", "width", "depth", "heads"))
linear = lambda x, name: x @ w[name + ".weight"] + w[name + ".bias"]
silu = lambda x: x / (1 + np.exp(-x))
angle = t[:, None] * 100 ** (np.arange(width // 2) / (width // 2 - 1))
c = np.concatenate([np.sin(angle), np.cos(angle)], 1)
c = silu(linear(silu(linear(c, "time.first")), "time.second"))
b, channels, h, v = x.shape
rows, columns = -(-h // patch), -(-v // patch)
x = np.pad(x, ((0, 0), (0, 0), (0, rows * patch - h), (0, columns * patch - v)))
x = x.reshape(b, channels, rows, patch, columns, patch).transpose(0, 2, 4, 1, 3, 5).reshape(b, rows * columns, -1)
x = linear(x, "input")
wave = 1e4 ** (-np.arange(width // 4) / (width // 4))
i, j = (a.ravel()[:, None] * wave for a in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
x = x + np.concatenate([np.sin(i), np.cos(i), np.sin(j), np.cos(j)], 1)
def modulated(x, scale, shift):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    return (1 + scale[:, None]) * x + shift[:, None]
for k in range(depth):
    name = f"blocks.{k}."
    a, s, g, a2, s2, g2 = np.split(linear(c, name + "modulation"), 6, 1)
    qkv = linear(modulated(x, a, s), name + "attend").reshape(b, -1, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
    score = np.exp(qkv[0] @ qkv[1].swapaxes(-1, -2) / np.sqrt(width // heads))
    mixed = (score / score.sum(-1, keepdims=True)) @ qkv[2]
    x = x + linear(mixed.transpose(0, 2, 1, 3).reshape(x.shape), name + "mixed") * g[:, None]
    y = linear(modulated(x, a2, s2), name + "widen")
    x = x + linear(y * (1 + erf(y / np.sqrt(2))) / 2, name + "narrow") * g2[:, None]
y = linear(modulated(x, *np.split(linear(c, "modulation"), 2, 1)), "output")
y = y.reshape(b, rows, columns, -1, patch, patch).transpose(0, 3, 1, 4, 2, 5)
y = y.reshape(b, -1, rows * patch, columns * patch)[:, :, :h, :v]
json.dump(y.ravel().tolist(), sys.stdout)
"#;

#[derive(Default)]
struct Named {
    path: Vec<String>,
    weights: Map<String, Value>,
}

impl ModuleVisitor for Named {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.weights.insert(self.path.join("."), array(param.val()));
    }
}

fn array<const D: usize>(x: Tensor<D>) -> Value {
    let shape = x.dims().to_vec();
    let values: Vec<f32> = x.into_data().iter::<f32>().collect();
    json!({ "shape": shape, "values": values })
}

#[test]
fn it_is_the_network_that_numpy_computes_from_the_same_weights() {
    let Ok(python) = std::env::var("FOEHN_PYTHON") else {
        eprintln!(
            "SKIPPED: it_is_the_network_that_numpy_computes_from_the_same_weights needs FOEHN_PYTHON"
        );
        return;
    };
    let config = small();
    let network = network(&config);
    let (x, t) = (field([2, 3, 10, 7], 3), times([0.15, 0.8]));
    let mut named = Named::default();
    network.visit(&mut named);
    let given = json!({
        "weights": named.weights, "x": array(x.clone()), "t": array(t.clone()),
        "patch": config.patch, "width": config.width, "depth": config.depth, "heads": config.heads,
    });
    let mut child = Command::new(python)
        .args(["-c", NUMPY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(given.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "python failed; are tests/requirements.txt installed?"
    );
    let theirs: Vec<f64> = serde_json::from_slice(&output.stdout).unwrap();
    let ours: Vec<f32> = network.forward(x, t).into_data().iter::<f32>().collect();
    assert_eq!(ours.len(), theirs.len());
    let scale = theirs.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    assert!(scale > 0.1, "{scale}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!(
            (f64::from(*ours) - theirs).abs() < 1e-4 * scale,
            "{ours} {theirs}"
        );
    }
}
