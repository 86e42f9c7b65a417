//! Checkpoints: one safetensors file each, written whole or not at all.

use crate::error::CheckpointError;
use crate::layout::{Layout, Recording};
use crate::trainer::Trainer;
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use foehn_archive::write_whole;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// Text stored beside the weights: architecture, configuration, statistics, step.
pub type Metadata = BTreeMap<String, String>;

/// The one key of the file's own metadata, an unordered map, so that equal contents are equal bytes.
const ENVELOPE: &str = "foehn";

/// The key of [`Metadata`] that holds the architecture; checked when weights are read.
const ARCHITECTURE: &str = "architecture";
const STEP: &str = "step";
const SKIPPED: &str = "skipped_in_a_row";

/// A file of weights that is open for reading.
pub struct Checkpoint {
    path: PathBuf,
    bytes: Vec<u8>,
    metadata: Metadata,
}

impl<M: Module + Clone + Sync> Trainer<M> {
    /// Writes weights, optimiser, moving average and step to `path`, with `metadata`, which must name
    /// the `architecture`. The file appears whole or not at all.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn save(&self, path: &Path, mut metadata: Metadata) -> Result<(), CheckpointError> {
        metadata.insert(STEP.into(), self.step.to_string());
        metadata.insert(SKIPPED.into(), self.skipped_in_a_row.to_string());
        let groups = [
            ("weights", &self.weights),
            ("average", &self.average),
            ("first_moment", &self.moments.first),
            ("second_moment", &self.moments.second),
        ];
        write(path, &self.layout, &groups, &metadata)
    }

    /// Writes the averaged weights alone: what a forecast needs.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn save_model(&self, path: &Path, metadata: &Metadata) -> Result<(), CheckpointError> {
        write(path, &self.layout, &[("average", &self.average)], metadata)
    }

    /// Continues from `path`.
    ///
    /// # Errors
    /// If the file cannot be read, is no checkpoint, or is of another architecture.
    pub fn restore(&mut self, path: &Path, architecture: &str) -> Result<(), CheckpointError> {
        let file = Checkpoint::open(path)?;
        let number = |key: &str| {
            let text = file
                .metadata
                .get(key)
                .ok_or_else(|| file.broken(format!("no {key}")))?;
            text.parse()
                .map_err(|_| file.broken(format!("{key} = {text}")))
        };
        (self.step, self.skipped_in_a_row) = (number(STEP)?, number(SKIPPED)?);
        let read = |group| file.flat(group, &self.layout, architecture, &self.weights);
        let (weights, average) = (read("weights")?, read("average")?);
        (self.moments.first, self.moments.second) = (read("first_moment")?, read("second_moment")?);
        (self.weights, self.average) = (weights, average);
        Ok(())
    }
}

impl Checkpoint {
    /// Opens `path` and reads its metadata.
    ///
    /// # Errors
    /// If it cannot be read or is no checkpoint.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = fs::read(path).map_err(|source| CheckpointError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        let mut file = Self {
            path: path.to_owned(),
            bytes,
            metadata: Metadata::new(),
        };
        let (_, header) =
            SafeTensors::read_metadata(&file.bytes).map_err(|e| file.broken(e.to_string()))?;
        let envelope = header.metadata().as_ref().and_then(|m| m.get(ENVELOPE));
        let text = envelope.ok_or_else(|| file.broken("it has no foehn metadata".into()))?;
        file.metadata = serde_json::from_str(text).map_err(|e| file.broken(e.to_string()))?;
        Ok(file)
    }

    /// What stands beside the weights.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// `module` with the averaged weights of this file, for inference.
    ///
    /// # Errors
    /// If the file is of another architecture than `architecture`.
    pub fn load<M: Module>(&self, module: M, architecture: &str) -> Result<M, CheckpointError> {
        let layout = Layout::of(&module);
        let like = layout.weights(&module);
        let flat = self.flat("average", &layout, architecture, &like)?;
        layout
            .install(module, &flat, Recording::Nothing)
            .map_err(|e| self.broken(e.to_string()))
    }

    fn broken(&self, cause: String) -> CheckpointError {
        CheckpointError::Format {
            path: self.path.clone(),
            cause,
        }
    }

    fn other(&self, cause: String, wanted: &str) -> CheckpointError {
        CheckpointError::Architecture {
            path: self.path.clone(),
            cause,
            found: self.metadata.get(ARCHITECTURE).cloned().unwrap_or_default(),
            wanted: wanted.to_owned(),
        }
    }

    fn flat(
        &self,
        group: &str,
        layout: &Layout,
        architecture: &str,
        like: &Tensor<1>,
    ) -> Result<Tensor<1>, CheckpointError> {
        if self.metadata.get(ARCHITECTURE).map(String::as_str) != Some(architecture) {
            return Err(self.other("the descriptions differ".into(), architecture));
        }
        let tensors =
            SafeTensors::deserialize(&self.bytes).map_err(|e| self.broken(e.to_string()))?;
        let mut flat = Vec::with_capacity(layout.len());
        for entry in layout.entries() {
            let name = format!("{group}.{}", entry.name);
            let tensor = tensors
                .tensor(&name)
                .map_err(|_| self.other(format!("it has no {name}"), architecture))?;
            if tensor.shape() != entry.shape || tensor.dtype() != Dtype::F32 {
                let cause = format!("{name} is {:?}, not {:?}", tensor.shape(), entry.shape);
                return Err(self.other(cause, architecture));
            }
            let words = tensor.data().chunks_exact(4);
            flat.extend(words.map(|w| f32::from_le_bytes([w[0], w[1], w[2], w[3]])));
        }
        Ok(Tensor::from_data(
            TensorData::new(flat, [layout.len()]),
            &like.device(),
        ))
    }
}

/// The metadata of the checkpoint `path`.
///
/// # Errors
/// If it cannot be read or is no checkpoint.
pub fn read_metadata(path: &Path) -> Result<Metadata, CheckpointError> {
    Checkpoint::open(path).map(|file| file.metadata)
}

/// The checkpoint of the most steps among `folder/checkpoint-STEP.safetensors`, if any.
pub fn latest(folder: &Path) -> Option<PathBuf> {
    let steps = |path: &Path| {
        let stem = path.file_name()?.to_str()?.strip_suffix(".safetensors")?;
        stem.strip_prefix("checkpoint-")?.parse::<usize>().ok()
    };
    let files = fs::read_dir(folder).ok()?.flatten().map(|f| f.path());
    files
        .filter_map(|p| Some((steps(&p)?, p)))
        .max()
        .map(|(_, p)| p)
}

fn write(
    path: &Path,
    layout: &Layout,
    groups: &[(&str, &Tensor<1>)],
    metadata: &Metadata,
) -> Result<(), CheckpointError> {
    let fail = |source| CheckpointError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    };
    let invalid = |text: String| fail(std::io::Error::new(std::io::ErrorKind::InvalidData, text));
    let mut arrays = Vec::new();
    for (group, flat) in groups {
        let values = (*flat).clone().into_data().try_to_vec::<f32>();
        let values = values.map_err(|e| invalid(format!("{e:?}")))?;
        for entry in layout.entries() {
            let part = &values[entry.start..entry.end()];
            let bytes: Vec<u8> = part.iter().flat_map(|x| x.to_le_bytes()).collect();
            arrays.push((
                format!("{group}.{}", entry.name),
                entry.shape.clone(),
                bytes,
            ));
        }
    }
    let views = arrays.iter().map(|(name, shape, bytes)| {
        TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name.as_str(), view))
    });
    let views = views
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| invalid(e.to_string()))?;
    let text = serde_json::to_string(metadata).map_err(|e| invalid(e.to_string()))?;
    let envelope = HashMap::from([(ENVELOPE.to_owned(), text)]);
    let bytes =
        safetensors::serialize(views, Some(envelope)).map_err(|e| invalid(e.to_string()))?;
    write_whole(path, &bytes).map_err(fail)
}
