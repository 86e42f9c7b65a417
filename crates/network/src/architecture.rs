//! Any network, and the line that tells it from another.

use crate::{Mlp, MlpConfig, NetworkError, TransformerConfig, UNet, UNetConfig};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// A network's shape with the channels that it takes and gives.
///
/// ```
/// use foehn_network::{Architecture, MlpConfig};
/// let config = MlpConfig { width: 64, ..MlpConfig::default() };
/// let two = Architecture::Mlp { config, inputs: 2, outputs: 2 };
/// assert_eq!(two.describe(), "mlp inputs=2 outputs=2 width=64 depth=3 time_features=32 input_features=0");
/// let error = two.accept("mlp inputs=2 outputs=2 width=96 depth=3 time_features=32 input_features=0").unwrap_err();
/// assert!(error.to_string().contains("width=96 is not width=64"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Architecture {
    /// For fields.
    UNet {
        /// Its shape.
        config: UNetConfig,
        /// Channels of the state and of all that conditions it.
        inputs: usize,
        /// Channels of the result.
        outputs: usize,
    },
    /// For fields, by attention between patches.
    Transformer {
        /// Its shape.
        config: TransformerConfig,
        /// Channels of the state and of all that conditions it.
        inputs: usize,
        /// Channels of the result.
        outputs: usize,
    },
    /// For a few numbers.
    Mlp {
        /// Its shape.
        config: MlpConfig,
        /// Numbers of the state and of all that conditions it.
        inputs: usize,
        /// Numbers of the result.
        outputs: usize,
    },
}

impl Architecture {
    /// The U-Net.
    ///
    /// # Errors
    /// If this is another kind, or the configuration is impossible.
    pub fn unet(&self, device: &Device) -> Result<UNet, NetworkError> {
        match self {
            Self::UNet {
                config,
                inputs,
                outputs,
            } => config.init(*inputs, *outputs, device),
            other => Err(NetworkError::Kind {
                found: other.kind(),
                wanted: "unet",
            }),
        }
    }

    /// The perceptron.
    ///
    /// # Errors
    /// If this is another kind, or the configuration is impossible.
    pub fn mlp(&self, device: &Device) -> Result<Mlp, NetworkError> {
        match self {
            Self::Mlp {
                config,
                inputs,
                outputs,
            } => config.init(*inputs, *outputs, device),
            other => Err(NetworkError::Kind {
                found: other.kind(),
                wanted: "mlp",
            }),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::UNet { .. } => "unet",
            Self::Transformer { .. } => "transformer",
            Self::Mlp { .. } => "mlp",
        }
    }

    /// The channels, or numbers, that it takes.
    pub fn inputs(&self) -> usize {
        match self {
            Self::UNet { inputs, .. }
            | Self::Transformer { inputs, .. }
            | Self::Mlp { inputs, .. } => *inputs,
        }
    }

    /// The number of weights.
    pub fn parameter_count(&self) -> usize {
        match self {
            Self::UNet {
                config,
                inputs,
                outputs,
            } => config.parameter_count(*inputs, *outputs),
            Self::Transformer {
                config,
                inputs,
                outputs,
            } => config.parameter_count(*inputs, *outputs),
            Self::Mlp {
                config,
                inputs,
                outputs,
            } => config.parameter_count(*inputs, *outputs),
        }
    }

    /// One line with everything that decides what the weights mean: two networks whose lines are equal
    /// can exchange weights. Dropout and precision are not part of it.
    pub fn describe(&self) -> String {
        let list = |values: &[usize]| {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            values.join(",")
        };
        let classes =
            |count: Option<usize>| count.map_or(String::new(), |n| format!(" classes={n}"));
        match self {
            Self::UNet {
                config: c,
                inputs,
                outputs,
            } => format!(
                "unet inputs={inputs} outputs={outputs} channels={} blocks={} middle={} attention={} heads={} \
                 time_embedding={} groups={} patch={} padding={},{}{}",
                list(&c.channels),
                c.blocks,
                c.middle,
                list(&c.attention),
                c.heads,
                c.time_embedding,
                c.groups,
                c.patch,
                c.padding.y,
                c.padding.x,
                classes(c.classes),
            ),
            Self::Transformer {
                config: c,
                inputs,
                outputs,
            } => format!(
                "transformer inputs={inputs} outputs={outputs} width={} depth={} heads={} expansion={} \
                 time_embedding={} patch={} padding={},{}{}",
                c.width,
                c.depth,
                c.heads,
                c.expansion,
                c.time_embedding,
                c.patch,
                c.padding.y,
                c.padding.x,
                classes(c.classes),
            ),
            Self::Mlp {
                config: c,
                inputs,
                outputs,
            } => format!(
                "mlp inputs={inputs} outputs={outputs} width={} depth={} time_features={} input_features={}",
                c.width, c.depth, c.time_features, c.input_features
            ),
        }
    }

    /// Whether weights of the network described by `found` fit.
    ///
    /// # Errors
    /// If they do not, naming the entries that differ.
    pub fn accept(&self, found: &str) -> Result<(), NetworkError> {
        let wanted = self.describe();
        if wanted == found {
            return Ok(());
        }
        let entries = |line: &'_ str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (ours, theirs) = (entries(&wanted), entries(found));
        // a line may have an entry that the other has not
        let at = |entries: &[String], i: usize| entries.get(i).map_or("nothing", |e| e).to_owned();
        let pairs = (0..ours.len().max(theirs.len())).map(|i| (at(&theirs, i), at(&ours, i)));
        let differences: Vec<_> = pairs
            .filter(|(a, b)| a != b)
            .map(|(a, b)| format!("{a} is not {b}"))
            .collect();
        Err(NetworkError::AnotherArchitecture {
            difference: differences.join(", "),
            found: found.to_owned(),
            wanted,
        })
    }
}
