//! The trainer against exact optima and against itself after an interruption.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foehn_compute::Workers;
use foehn_training::{
    Checkpoint, CheckpointError, Metadata, StepReport, TrainConfig, TrainError, Trainer, latest,
};

#[derive(Module, Debug)]
struct Line {
    slope: Param<Tensor<2>>,
    offset: Param<Tensor<1>>,
}

fn line(device: &Device) -> Line {
    let zeros = Tensor::zeros([1, 1], device);
    Line {
        slope: Param::from_tensor(zeros),
        offset: Param::from_tensor(Tensor::zeros([1], device)),
    }
}

#[allow(clippy::unnecessary_wraps)] // the trainer takes a fallible loss
/// Mean squared error of a line through (0, 1), (1, 3), (2, 5), (3, 7), two points a micro-batch.
fn loss(line: &Line, piece: usize) -> Result<Tensor<1>, TrainError> {
    let device = Device::flex();
    let x0 = 2.0 * piece as f32;
    let x = Tensor::<2>::from_floats([[x0], [x0 + 1.0]], &device);
    let y = Tensor::<2>::from_floats([[2.0 * x0 + 1.0], [2.0 * x0 + 3.0]], &device);
    let fit = x.matmul(line.slope.val()) + line.offset.val().unsqueeze();
    Ok((fit - y).square().mean())
}

fn config(steps: usize) -> TrainConfig {
    TrainConfig {
        steps,
        batch_size: 4,
        micro_batch: 2,
        learning_rate: 0.05,
        warmup: 10,
        weight_decay: 0.0,
        ema_decay: 0.9,
        clip_norm: 100.0,
        ..TrainConfig::default()
    }
}

fn metadata() -> Metadata {
    Metadata::from([("architecture".to_owned(), "line".to_owned())])
}

fn run(trainer: &mut Trainer<Line>, workers: usize, steps: usize) -> Vec<StepReport> {
    let workers = Workers::new(workers).unwrap();
    (0..steps)
        .map(|_| trainer.step(&workers, loss).unwrap())
        .collect()
}

fn bytes(trainer: &Trainer<Line>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint-1.safetensors");
    trainer.save(&path, metadata()).unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn a_line_is_found_exactly() {
    let mut trainer = Trainer::new(config(1500), line(&Device::flex()));
    run(&mut trainer, 2, 1500);
    let fitted = trainer.averaged().unwrap();
    assert!((fitted.slope.val().into_scalar::<f32>() - 2.0).abs() < 1e-3);
    assert!((fitted.offset.val().into_scalar::<f32>() - 1.0).abs() < 1e-3);
}

#[test]
fn first_step_is_that_of_adamw_by_hand() {
    let mut trainer = Trainer::new(
        TrainConfig {
            warmup: 0,
            ..config(100)
        },
        line(&Device::flex()),
    );
    let report = run(&mut trainer, 1, 1)[0];
    // at zero the loss is (1 + 9 + 25 + 49) / 4, its gradient (-17, -8); Adam's first step is the rate
    assert_eq!(report.loss, 21.0);
    assert!((report.gradient_norm - (17.0f64 * 17.0 * 4.0 / 4.0 + 64.0).sqrt()).abs() < 1e-4);
    let stepped = trainer.averaged().unwrap(); // averaging starts at (1 + 0) / (10 + 0)
    assert!((stepped.slope.val().into_scalar::<f32>() - 0.9 * 0.05).abs() < 1e-6);
}

#[test]
fn an_interrupted_run_continues_bit_for_bit() {
    let mut whole = Trainer::new(config(60), line(&Device::flex()));
    run(&mut whole, 1, 60);
    let mut first = Trainer::new(config(60), line(&Device::flex()));
    run(&mut first, 2, 23);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint-23.safetensors");
    first.save(&path, metadata()).unwrap();
    assert_eq!(latest(folder.path()), Some(path.clone()));
    let mut second = Trainer::new(config(60), line(&Device::flex()));
    second.restore(&path, "line").unwrap();
    assert_eq!(second.step_count(), 23);
    run(&mut second, 2, 37);
    assert_eq!(bytes(&second), bytes(&whole));
}

#[test]
fn losses_that_are_not_numbers_are_skipped_then_refused() {
    let mut trainer = Trainer::new(config(100), line(&Device::flex()));
    let before = bytes(&trainer);
    let workers = Workers::new(1).unwrap();
    let broken = |line: &Line, piece| Ok::<_, TrainError>(loss(line, piece)? * f32::NAN);
    let report = trainer.step(&workers, broken).unwrap();
    assert!(report.skipped);
    assert_ne!(before, bytes(&trainer)); // the step counter moved
    let weights = trainer.averaged().unwrap();
    assert_eq!(weights.slope.val().into_scalar::<f32>(), 0.0);
    let last = (1..10)
        .map(|_| trainer.step(&workers, broken))
        .last()
        .unwrap();
    assert!(matches!(
        last,
        Err(TrainError::NotFinite {
            count: 10,
            step: 9,
            ..
        })
    ));
}

#[test]
fn another_architecture_and_other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let mut trainer = Trainer::new(config(10), line(&Device::flex()));
    trainer.save_model(&path, &metadata()).unwrap();
    let file = Checkpoint::open(&path).unwrap();
    assert!(file.load(line(&Device::flex()), "line").is_ok());
    let other = file.load(line(&Device::flex()), "cubic").unwrap_err();
    assert!(matches!(other, CheckpointError::Architecture { .. }));
    assert!(other.to_string().contains("line") && other.to_string().contains("cubic"));
    std::fs::write(&path, b"not safetensors").unwrap();
    let broken = trainer.restore(&path, "line").unwrap_err();
    assert!(matches!(broken, CheckpointError::Format { .. }));
}
