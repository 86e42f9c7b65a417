//! A web server whose answers are damaged: status, headers, framing, bodies. What is read is right or refused in one line,
//! without a crash, a hang or much memory.
//!
//! `FOEHN_FUZZ_SECONDS` and `FOEHN_FUZZ_SEED` as in `mutants.rs`; `FOEHN_FUZZ_FORMAT` must be `http` if it is set.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod mutation;
mod web;

use std::time::{Duration, Instant};

use mutation::{Draws, Files, originals, setting, taken};
use serde_json::Value;
use web::{Case, Change, Server};

/// What the program reads of a case: its variables, with their statistics; none where it refuses.
fn variables(server: &Server, case: Case) -> Result<Option<Value>, String> {
    let address = server.serve(case);
    let patience = [("FOEHN_HTTP_TRIES", "2"), ("FOEHN_HTTP_SILENCE", "1")];
    let said = taken(address.as_ref(), &patience)?;
    let said: Option<Value> = said.map(|text| serde_json::from_str(&text).unwrap());
    Ok(said.map(|said| said["variables"].clone()))
}

/// Whether everything that was read is what it should be: statistics may be wanting, which is a warning.
fn right(read: &Value, expected: &Value) -> bool {
    let (Some(read), Some(expected)) = (read.as_array(), expected.as_array()) else {
        return false;
    };
    let same = |(read, expected): (&Value, &Value)| {
        let mut read = read.clone();
        if read["statistics"].is_null() {
            read["statistics"] = expected["statistics"].clone();
        }
        read == *expected
    };
    read.len() == expected.len() && read.iter().zip(expected).all(same)
}

#[test]
fn damaged_answers_are_seen() {
    if std::env::var("FOEHN_FUZZ_FORMAT").is_ok_and(|only| only != "http") {
        return;
    }
    let seconds = setting("FOEHN_FUZZ_SECONDS", 8);
    let seed = setting("FOEHN_FUZZ_SEED", 1);
    let originals: Vec<Files> = originals();
    let mut references: Vec<Option<Option<Value>>> = vec![None; originals.len()];
    let server = Server::start();
    let mut draws = Draws(seed);
    let (mut tried, mut read, begun) = (0, 0, Instant::now());
    let mut troubles = Vec::new();
    while begun.elapsed() < Duration::from_secs(seconds) && troubles.len() < 10 {
        let number = draws.below(originals.len());
        let case = |change: Change, salt: u64| Case::new(&originals[number], change, salt);
        let reference = references[number]
            .get_or_insert_with(|| variables(&server, case(Change::Nothing, 0)).unwrap());
        let change = Change::drawn(&mut draws);
        let told = match (
            variables(&server, case(change.clone(), draws.next())),
            &reference,
        ) {
            (Err(trouble), _) => Some(trouble),
            (Ok(Some(found)), Some(expected)) => {
                read += 1;
                let wrong = change.keeps_values() && !right(&found, expected);
                wrong.then(|| format!("it reads {found}, not {expected}"))
            }
            _ => None,
        };
        if let Some(told) = told {
            let name = originals[number][0].0.display();
            let told = format!("answer {tried} of seed {seed} ({name}, {change:?}): {told}");
            println!("{told}");
            troubles.push(told);
        }
        tried += 1;
    }
    println!("{tried} damaged answers in {seconds} s, {read} read");
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
    assert!(tried > 10, "{tried}");
}
