//! What is known of pictures, one and many.

use burn::tensor::{Device, Tensor, TensorData};
use foehn_network::{Classes, NetworkError};
use foehn_noise::Key;
use ndarray::{Array2, Array3};

/// How much a network sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Channels of a picture, or variables.
    pub channels: usize,
    /// Further channels.
    pub features: usize,
    /// Classes that it is told, if any are.
    pub classes: Option<usize>,
}

/// What is known of one picture.
///
/// # Shapes
/// `condition`: (C, H, W), zero where hidden; `known`: (H, W), for in-painting.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The known part of the picture, or the degraded picture; zero where nothing is.
    pub condition: Array3<f32>,
    /// Where it is known, for in-painting.
    pub known: Option<Array2<bool>>,
    /// Further channels that a network sees, such as the place and the season of a field: (channels, H, W).
    pub features: Option<Array3<f32>>,
    /// Its class, where it is told.
    pub class: Option<usize>,
}

impl Given {
    /// Nothing is known of a picture of (C, H, W) but that size.
    pub fn nothing(size: (usize, usize, usize)) -> Self {
        Self {
            condition: Array3::zeros(size),
            known: None,
            features: None,
            class: None,
        }
    }
}

/// What is known of a batch.
///
/// # Shapes
/// `condition`: [B, C, H, W]; `known`: [B, 1, H, W], 1 where it is.
#[derive(Clone)]
pub struct Conditions {
    /// The known part, or the degraded picture.
    pub condition: Tensor<4>,
    /// Where it is known, for in-painting: xi of the coupling.
    pub known: Option<Tensor<4>>,
    /// Further channels, [B, channels, H, W].
    pub features: Option<Tensor<4>>,
    /// Their classes, where any is told.
    pub classes: Option<Classes>,
}

impl Conditions {
    /// A batch of pictures of one size on a device, for a model that is told so many classes.
    ///
    /// # Errors
    /// If a class is beyond them.
    pub fn of(
        given: &[&Given],
        classes: Option<usize>,
        device: &Device,
    ) -> Result<Self, NetworkError> {
        let stack = |part: &dyn Fn(&Given) -> Vec<f32>, channels: usize| {
            let (_, h, w) = given[0].condition.dim();
            let values: Vec<f32> = given.iter().flat_map(|given| part(given)).collect();
            Tensor::from_data(
                TensorData::new(values, [given.len(), channels, h, w]),
                device,
            )
        };
        let condition = stack(
            &|given| given.condition.iter().copied().collect(),
            given[0].condition.dim().0,
        );
        let ones = |given: &Given| {
            let known = given.known.iter().flatten();
            known.map(|known| f32::from(u8::from(*known))).collect()
        };
        let known = given[0].known.as_ref().map(|_| stack(&ones, 1));
        let features = given[0].features.as_ref().map(|features| {
            let values = |given: &Given| given.features.iter().flatten().copied().collect();
            stack(&values, features.dim().0)
        });
        let told: Vec<Option<usize>> = given.iter().map(|given| given.class).collect();
        let count = classes.filter(|_| told.iter().any(Option::is_some));
        let classes = count.map(|count| Classes::new(&told, count, device));
        Ok(Self {
            condition,
            known,
            features,
            classes: classes.transpose()?,
        })
    }

    /// The same with no class told.
    #[must_use]
    pub fn untold(&self) -> Self {
        Self {
            classes: None,
            ..self.clone()
        }
    }

    /// Samples `from..from + count` of them.
    #[must_use]
    pub fn part(&self, from: usize, count: usize) -> Self {
        Self {
            condition: self.condition.clone().narrow(0, from, count),
            known: self.known.clone().map(|known| known.narrow(0, from, count)),
            features: self.features.clone().map(|x| x.narrow(0, from, count)),
            classes: self
                .classes
                .as_ref()
                .map(|classes| classes.part(from, count)),
        }
    }
}

/// A batch to learn from.
pub struct Lesson {
    /// [B, C, H, W].
    pub x1: Tensor<4>,
    /// What is known of them.
    pub given: Conditions,
    /// Times.
    pub t: Vec<f64>,
    /// Names of the noise.
    pub keys: Vec<Key>,
    /// What cells weigh, [B, 1, H, W], where they are not alike: areas, zero where there is no truth.
    pub weight: Option<Tensor<4>>,
}
