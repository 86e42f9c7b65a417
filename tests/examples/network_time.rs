//! Our side of `tests/benchmarks/network.sh` and `network_gpu.sh`: one network, timed on request.
//!
//! Arguments: a folder, the finest level's channels of a U-Net or `transformer`, either with `-classes` where samples have
//! classes, and the side of the square field; then,
//! for a GPU, its name and a precision. Writes `network.safetensors` into the folder (weights, gradients of the first batch and the
//! batch itself), then answers lines on its standard input: `forward`, `forward-workers`, `train` and `train-workers`
//! with seconds, `forward-queue` and `train-queue` with those of one of twenty that a device is given at once.
//! `memory` and `memory-workers` as a fourth argument: writes nothing, and prints how many bytes three training
//! steps need at most beyond what was held before the first.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use foehn_compute::{DeviceChoice, Workers};
use foehn_network::{Architecture, Classes, FieldNet, Precision, TransformerConfig, UNetConfig};
use foehn_noise::{Key, Purpose};
use foehn_training::{Layout, LayoutError, Recording, TrainConfig, TrainError, Trainer};
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use std::error::Error;
use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

const BATCH: usize = 8;
const INPUTS: usize = 3;
/// Classes, and the end of a network's name that has them.
const CLASSES: usize = 10;
const TOLD: &str = "-classes";
/// Jobs that a device is given at once.
const QUEUE: usize = 20;
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, base, side, rest @ ..] = arguments.as_slice() else {
        return Err(
            "usage: network_time FOLDER BASE SIDE [memory|memory-workers|cuda:N f32|bf16]".into(),
        );
    };
    let (device, precision) = match rest {
        [device, precision] => (device.parse()?, precision.as_str()),
        _ => (DeviceChoice::Cpu, "f32"),
    };
    let precision = match precision {
        "f32" => Precision::F32,
        "bf16" => Precision::Bf16,
        other => return Err(format!("precision {other} is not f32 or bf16").into()),
    };
    let job = Job::new(
        &architecture(base, precision)?,
        side.parse()?,
        &device.open()?,
    )?;
    if let [kind] = rest {
        let pieces = if kind == "memory" { 1 } else { 2 };
        println!("{}", Training::new(&job, pieces)?.memory(&job)?);
        return Ok(());
    }
    job.write(&Path::new(folder).join("network.safetensors"))?;
    println!("ready");
    let mut training = Training::new(&job, 1)?;
    let mut shared = Training::new(&job, 2)?;
    for line in std::io::stdin().lock().lines() {
        let answer = match line?.as_str() {
            "forward" => job.forward(),
            "forward-workers" => job.forward_by_workers(&shared.workers)?,
            "train" => training.step(&job)?,
            "forward-queue" => job.forward_queue(),
            "train-queue" => training.queue(&job)?,
            "train-workers" => shared.step(&job)?,
            other => return Err(format!("{other} is not known").into()),
        };
        println!("{answer}");
    }
    Ok(())
}

/// The U-Net of that many channels, or the transformer.
fn architecture(base: &str, precision: Precision) -> Result<Architecture> {
    let (inputs, outputs) = (INPUTS, 1);
    let classes = base.ends_with(TOLD).then_some(CLASSES);
    let base = base.trim_end_matches(TOLD);
    if base == "transformer" {
        let config = TransformerConfig {
            precision,
            classes,
            ..TransformerConfig::default()
        };
        return Ok(Architecture::Transformer {
            config,
            inputs,
            outputs,
        });
    }
    let base: usize = base.parse()?;
    let config = UNetConfig {
        channels: vec![base, 2 * base, 2 * base],
        precision,
        classes,
        ..UNetConfig::default()
    };
    Ok(Architecture::UNet {
        config,
        inputs,
        outputs,
    })
}

/// The network, and one batch.
struct Job {
    network: FieldNet,
    x: Tensor<4>,
    t: Tensor<1>,
    target: Tensor<4>,
    /// Where the network is told them: of the last sample not.
    classes: Option<Classes>,
}

/// The class of each sample.
fn told() -> [Option<usize>; BATCH] {
    std::array::from_fn(|b| (b + 1 < BATCH).then_some((3 * b) % CLASSES))
}

impl Job {
    fn new(architecture: &Architecture, side: usize, device: &Device) -> Result<Self> {
        device.seed(1);
        let network = architecture.field_net(device)?.map(&mut Noisy(100));
        let has_classes = match architecture {
            Architecture::UNet { config, .. } => config.classes.is_some(),
            Architecture::Transformer { config, .. } => config.classes.is_some(),
            Architecture::Mlp { .. } => false,
        };
        let classes = has_classes.then(|| Classes::new(&told(), CLASSES, device));
        Ok(Self {
            network,
            classes: classes.transpose()?,
            x: normals([BATCH, INPUTS, side, side], 1, device),
            t: Tensor::from_data([0.1f32, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], device),
            target: normals([BATCH, 1, side, side], 2, device),
        })
    }

    fn loss(&self, network: &FieldNet, first: usize, count: usize) -> Tensor<1> {
        let part = |x: &Tensor<4>| x.clone().narrow(0, first, count);
        let classes = self.classes.as_ref().map(|all| all.part(first, count));
        let t = self.t.clone().narrow(0, first, count);
        let y = network.forward_given(part(&self.x), t, classes.as_ref());
        (y - part(&self.target)).square().mean()
    }

    fn forward(&self) -> f64 {
        let begin = Instant::now();
        let y = self.network.forward(self.x.clone(), self.t.clone());
        assert_eq!(y.dims()[0], BATCH);
        begin.elapsed().as_secs_f64()
    }

    /// Seconds of one of many passes, the last of which is waited for.
    fn forward_queue(&self) -> f64 {
        let begin = Instant::now();
        let mut last = self.network.forward(self.x.clone(), self.t.clone());
        for _ in 1..QUEUE {
            last = self.network.forward(self.x.clone(), self.t.clone());
        }
        let sum: f32 = last.sum().into_scalar();
        assert!(sum.is_finite());
        begin.elapsed().as_secs_f64() / QUEUE as f64
    }

    fn forward_by_workers(&self, workers: &Workers) -> Result<f64> {
        let begin = Instant::now();
        let half = BATCH / 2;
        workers.map(2, |i| {
            let x = self.x.clone().narrow(0, i * half, half);
            let y = self
                .network
                .forward(x, self.t.clone().narrow(0, i * half, half));
            Ok::<_, LayoutError>(y)
        })?;
        Ok(begin.elapsed().as_secs_f64())
    }

    fn write(&self, path: &Path) -> Result<()> {
        let layout = Layout::of(&self.network);
        let weights = layout.weights(&self.network);
        let module = layout.install(self.network.clone(), &weights, Recording::Gradients)?;
        let loss = self.loss(&module, 0, BATCH);
        let gradient = layout.gradient(&module, &loss.backward());
        let (x, t, classes) = (self.x.clone(), self.t.clone(), self.classes.as_ref());
        let y = self.network.forward_given(x, t, classes);
        let mut entries: Vec<Entry> = vec![
            entry("x", self.x.clone()),
            entry("t", self.t.clone()),
            entry("target", self.target.clone()),
            entry("y", y),
        ];
        if self.classes.is_some() {
            let rows = told().map(|class| class.unwrap_or(CLASSES) as f32);
            entries.push(entry(
                "classes",
                Tensor::<1>::from_data(rows, &self.x.device()),
            ));
        }
        for (kind, flat) in [("weight", weights), ("gradient", gradient)] {
            let mut named = Named::default();
            let module = layout.install(self.network.clone(), &flat, Recording::Nothing)?;
            module.visit(&mut named);
            let renamed = |(name, shape, bytes)| (format!("{kind}.{name}"), shape, bytes);
            entries.extend(named.entries.into_iter().map(renamed));
        }
        let views = entries.iter().map(|(name, shape, bytes)| {
            Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        });
        serialize_to_file(views.collect::<Result<Vec<_>>>()?, None, path)?;
        Ok(())
    }
}

/// A trainer that takes the batch in `pieces`, one a worker.
struct Training {
    trainer: Trainer<FieldNet>,
    workers: Workers,
    pieces: usize,
}

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

impl Training {
    fn new(job: &Job, pieces: usize) -> Result<Self> {
        let config = TrainConfig {
            batch_size: BATCH,
            micro_batch: BATCH / pieces,
            ..TrainConfig::default()
        };
        Ok(Self {
            trainer: Trainer::new(config, job.network.clone()),
            workers: Workers::of_threads(pieces, 2 / pieces)?,
            pieces,
        })
    }

    fn step(&mut self, job: &Job) -> Result<f64> {
        let begin = Instant::now();
        let size = BATCH / self.pieces;
        let loss = |network: &FieldNet, i| Ok::<_, StepError>(job.loss(network, i * size, size));
        self.trainer.step(&self.workers, loss)?;
        Ok(begin.elapsed().as_secs_f64())
    }

    /// Seconds of one of many steps, each of which waits for the norm of its gradient.
    fn queue(&mut self, job: &Job) -> Result<f64> {
        let begin = Instant::now();
        for _ in 0..QUEUE {
            self.step(job)?;
        }
        Ok(begin.elapsed().as_secs_f64() / QUEUE as f64)
    }

    fn memory(&mut self, job: &Job) -> Result<f64> {
        // 5 sets the highest resident size back to the present one
        std::fs::write("/proc/self/clear_refs", "5")?;
        let before = resident("VmRSS")?;
        for _ in 0..3 {
            self.step(job)?;
        }
        Ok(resident("VmHWM")? - before)
    }
}

/// Bytes of the entry `name` of this process' status.
fn resident(name: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with(name));
    let number = line.and_then(|l| l.split_whitespace().nth(1));
    Ok(number.ok_or("no such entry")?.parse::<f64>()? * 1024.0)
}

fn normals(shape: [usize; 4], name: i64, device: &Device) -> Tensor<4> {
    let mut values = vec![0f32; shape.iter().product()];
    Key::new(1, Purpose::Train).init(name).normals(&mut values);
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Adds noise to all weights, so that none is zero.
struct Noisy(i64);

impl ModuleMapper for Noisy {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.0 += 1;
        let name = self.0;
        param.map(|w| {
            let mut draws = vec![0f32; w.dims().iter().product()];
            Key::new(1, Purpose::Train).init(name).normals(&mut draws);
            let draws = Tensor::from_data(TensorData::new(draws, w.dims()), &w.device());
            w.inner().add(draws.mul_scalar(0.02))
        })
    }
}

type Entry = (String, Vec<usize>, Vec<u8>);

fn entry<const D: usize>(name: &str, x: Tensor<D>) -> Entry {
    let (shape, data) = (x.dims().to_vec(), x.into_data());
    let bytes = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
    (name.to_owned(), shape, bytes)
}

#[derive(Default)]
struct Named {
    path: Vec<String>,
    entries: Vec<Entry>,
}

impl ModuleVisitor for Named {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // without the kind of network
        let name = self.path[1..].join(".");
        self.entries.push(entry(&name, param.val().inner()));
    }
}
