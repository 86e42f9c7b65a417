//! A chunk of the input that cannot be read ends the work by its name, or is missing, as configured.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::ops::ControlFlow;

use common::{Folder, NX, NY, STATES, wind};
use foehn_archive::Mode;
use foehn_preparation::Preparation;

#[test]
fn a_damaged_chunk_is_refused_or_missing() {
    let folder = Folder::new();
    // states 100 to 149 of u
    let chunk = folder.path("a.zarr/u/c/2/0/0/0");
    let bytes = fs::read(&chunk).unwrap();
    fs::write(&chunk, &bytes[..bytes.len() / 2]).unwrap();
    let text = "variables = [\"u\", \"v\"]\nlevels = [850]\nstatistics.compute = []\n";
    let refused = folder.prepare(text, "out.zarr").unwrap_err().to_string();
    assert!(
        refused.contains("a.zarr") && refused.contains("chunk [2, 0, 0, 0]"),
        "{refused}"
    );

    let plan = Preparation::open(&folder.config(&format!("{text}damaged = \"mask\""))).unwrap();
    let mut on = |_| ControlFlow::Continue(());
    plan.write(&folder.path("masked.zarr"), Mode::Create, 2, &mut on)
        .unwrap();
    let damage = plan.damage();
    assert_eq!(damage.len(), 1, "{damage:?}");
    assert!(
        damage[0].contains("a.zarr: u: chunk [2, 0, 0, 0]: "),
        "{damage:?}"
    );
    for (component, name) in ["u_850", "v_850"].into_iter().enumerate() {
        let values = folder.read("masked.zarr", name);
        assert_eq!(values.shape(), [STATES, NY, NX]);
        for t in 0..STATES {
            for (j, i) in (0..NY).flat_map(|j| (0..NX).map(move |i| (j, i))) {
                let expected = wind(component, 1, t, j, i);
                let lost = component == 0 && (100..150).contains(&t);
                let x = values[[t, j, i]];
                assert!(
                    if lost || expected.is_nan() {
                        x.is_nan()
                    } else {
                        x == expected
                    },
                    "{name} {t} {j} {i}: {x}"
                );
            }
        }
    }
}
