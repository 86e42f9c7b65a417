//! The device a user asks for, and the device there is.

use burn::tensor::Device;
#[cfg(feature = "cuda")]
use burn::tensor::DeviceType;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a user writes for `--device`.
///
/// ```
/// use foehn_compute::DeviceChoice;
/// assert_eq!("cuda:1".parse::<DeviceChoice>()?, DeviceChoice::Cuda(1));
/// assert!("gpu".parse::<DeviceChoice>().is_err());
/// # Ok::<(), foehn_compute::DeviceError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The first GPU if this build and this machine have one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this index.
    Cuda(usize),
}

/// Why a device could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// Not a device.
    #[error("device \"{0}\" is not known: write auto, cpu, cuda or cuda:N")]
    Unknown(String),
    /// The build has no CUDA.
    #[error(
        "device cuda:{0} asks for a GPU, but this foehn was built without CUDA: run \
         `cargo xtask cuda-toolchain`, then build with `cargo build --release --features cuda`, or use --device cpu"
    )]
    BuiltWithoutCuda(usize),
    /// The machine has too few GPUs.
    #[error(
        "device cuda:{index} asks for a GPU, but {found} CUDA device(s) were found on this machine: \
         check the driver with nvidia-smi, or use --device cpu"
    )]
    NoSuchGpu {
        /// The index asked for.
        index: usize,
        /// How many there are.
        found: usize,
    },
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown(text.to_owned());
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let index = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                Ok(Self::Cuda(index.parse().map_err(|_| unknown())?))
            }
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = DeviceError;

    fn try_from(text: String) -> Result<Self, DeviceError> {
        text.parse()
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

impl DeviceChoice {
    /// The device itself.
    ///
    /// # Errors
    /// If a GPU is asked for that this build or this machine does not have.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            Self::Auto => Ok(cuda(0).unwrap_or_else(|_| Device::flex())),
            Self::Cuda(index) => cuda(index),
        }
    }
}

#[cfg(feature = "cuda")]
fn cuda(index: usize) -> Result<Device, DeviceError> {
    // enumerating is safe where no driver is installed; opening a device is not
    let found = Device::enumerate(DeviceType::Cuda).into_vec().len();
    if index < found {
        Ok(Device::cuda(index))
    } else {
        Err(DeviceError::NoSuchGpu { index, found })
    }
}

#[cfg(not(feature = "cuda"))]
fn cuda(index: usize) -> Result<Device, DeviceError> {
    Err(DeviceError::BuiltWithoutCuda(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_survive_printing() {
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Cuda(3)] {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        for wrong in ["gpu", "cuda:", "cuda:x", "CPU", ""] {
            let error = wrong.parse::<DeviceChoice>().unwrap_err();
            assert_eq!(error, DeviceError::Unknown(wrong.to_owned()));
        }
    }

    #[test]
    fn the_cpu_is_always_there() {
        assert_eq!(DeviceChoice::Cpu.open(), Ok(Device::flex()));
        assert!(DeviceChoice::Auto.open().is_ok());
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_build_without_cuda_says_how_to_get_it() {
        let text = DeviceChoice::Cuda(0).open().unwrap_err().to_string();
        assert!(text.contains("--features cuda") && text.contains("cuda-toolchain"));
    }

    #[cfg(feature = "cuda")]
    #[test]
    fn a_gpu_that_is_not_there_is_named() {
        let found = Device::enumerate(DeviceType::Cuda).into_vec().len();
        let error = DeviceChoice::Cuda(found).open().unwrap_err();
        assert_eq!(
            error,
            DeviceError::NoSuchGpu {
                index: found,
                found
            }
        );
    }
}
