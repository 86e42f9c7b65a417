//! Files of weights that are not those of Inception v3 are refused by entry.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use burn::tensor::Device;
use foehn_network::{Inception, InceptionError};
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::path::Path;

const FIRST: &str = "Conv2d_1a_3x3.conv.weight";

fn read(entries: &[(&str, Dtype, &[usize])]) -> String {
    let views = entries.iter().map(|(name, kind, shape)| {
        let size = if *kind == Dtype::F64 { 8 } else { 4 };
        let bytes = vec![0u8; size * shape.iter().product::<usize>()].leak();
        (
            *name,
            TensorView::new(*kind, shape.to_vec(), bytes).unwrap(),
        )
    });
    let bytes = serialize(views, None).unwrap();
    let error = Inception::from_bytes(&bytes, Path::new("weights"), &Device::flex()).unwrap_err();
    error.to_string()
}

#[test]
fn missing_and_ill_shaped_entries_are_named_with_what_they_should_be() {
    let nothing = read(&[("other", Dtype::F32, &[2])]);
    assert!(
        nothing.starts_with(&format!(
            "weights has no entry {FIRST} of shape [32, 3, 3, 3]"
        )),
        "{nothing}"
    );
    let grey = read(&[(FIRST, Dtype::F32, &[32, 1, 3, 3])]);
    assert!(
        grey.starts_with(&format!(
            "weights: {FIRST} is F32 of shape [32, 1, 3, 3], not F32 of shape [32, 3, 3, 3]"
        )),
        "{grey}"
    );
    let double = read(&[(FIRST, Dtype::F64, &[32, 3, 3, 3])]);
    assert!(double.contains("is F64 of shape [32, 3, 3, 3]"), "{double}");
    let later = read(&[(FIRST, Dtype::F32, &[32, 3, 3, 3])]);
    assert!(
        later.contains("Conv2d_1a_3x3.bn.weight of shape [32]"),
        "{later}"
    );
}

#[test]
fn other_formats_and_missing_files_are_told_apart() {
    let device = Device::flex();
    let text = Inception::from_bytes(b"not weights", Path::new("text"), &device).unwrap_err();
    assert!(matches!(text, InceptionError::Format { .. }), "{text}");
    let nowhere = Inception::read(Path::new("/nowhere"), &device).unwrap_err();
    assert!(matches!(nowhere, InceptionError::Read { .. }), "{nowhere}");
}
