//! Files on a web server, and its answers about them.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use std::collections::HashMap;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Change;
use crate::mutation::{Draws, Files, damage};

/// Files, and what is done to the answers about some of them.
pub struct Case {
    files: HashMap<String, Vec<u8>>,
    /// The part of the address that names all of them.
    pub root: String,
    change: Change,
    salt: u64,
}

/// What a request asks for.
pub struct Request<'a> {
    pub path: &'a str,
    pub head_only: bool,
    pub range: Option<&'a str>,
    /// How often the path was asked for before.
    pub before: u64,
}

/// What a server does after it has sent an answer.
pub enum Then {
    Close,
    Wait,
    GoOn,
}

impl Case {
    pub fn new(files: &Files, change: Change, salt: u64) -> Self {
        let first = |k: usize| {
            files[k]
                .0
                .iter()
                .next()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        };
        let together = (0..files.len()).all(|k| first(k) == first(0));
        let root = if together {
            first(0)
        } else {
            "store".to_owned()
        };
        let name = |path: &Path| {
            let path = path.to_string_lossy();
            if together {
                path.into_owned()
            } else {
                format!("store/{path}")
            }
        };
        let files = files
            .iter()
            .map(|(path, bytes)| (name(path), bytes.clone()));
        Self {
            files: files.collect(),
            root,
            change,
            salt,
        }
    }

    /// The bytes of the answer to a request, and what follows them.
    pub fn answer(&self, request: &Request) -> (Vec<u8>, Then) {
        let letters = request.path.bytes();
        let mut draws = Draws(letters.fold(self.salt, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        }));
        // some of the files, of those some only when they are asked for the first time
        let touched = draws.below(5) < 2 && (draws.below(2) == 0 || request.before == 0);
        let change = if touched {
            &self.change
        } else {
            &Change::Nothing
        };
        let Some(file) = self.files.get(request.path) else {
            let status = if let Change::Status(status) = change {
                *status
            } else {
                404
            };
            return (
                format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").into(),
                Then::Close,
            );
        };
        let mut answer = Answer::right(file, request.range);
        if let Change::Head(text) = change {
            return ([text.as_bytes(), &answer.body].concat(), Then::Close);
        }
        answer.change(change, &mut draws);
        let then = match change {
            _ if request.head_only => Then::Close,
            Change::Stalled => Then::Wait,
            Change::Endless => Then::GoOn,
            _ => Then::Close,
        };
        (answer.bytes(request.head_only), then)
    }
}

struct Answer {
    status: u16,
    length: String,
    place: String,
    more: String,
    body: Vec<u8>,
}

impl Answer {
    fn right(file: &[u8], range: Option<&str>) -> Self {
        let part = range.and_then(|range| part(range, file.len()));
        let place = part
            .as_ref()
            .map(|part| format!("bytes {}-{}/{}", part.start, part.end - 1, file.len()));
        let body = file[part.unwrap_or(0..file.len())].to_vec();
        Self {
            status: if place.is_some() { 206 } else { 200 },
            length: body.len().to_string(),
            place: place.unwrap_or_default(),
            more: String::new(),
            body,
        }
    }

    fn change(&mut self, change: &Change, draws: &mut Draws) {
        let mut announced = false;
        match change {
            Change::Nothing | Change::Head(_) => return,
            Change::Status(status) => return self.status = *status,
            Change::Length(text) => return (*text).clone_into(&mut self.length),
            Change::Place(text) => return (*text).clone_into(&mut self.place),
            Change::Header(text) => return self.more = format!("{text}\r\n"),
            Change::Stalled => return self.body.truncate(self.body.len() / 2),
            Change::Endless => {}
            Change::Chunked(end) => {
                "Transfer-Encoding: chunked\r\n".clone_into(&mut self.more);
                let piece = |piece: &[u8]| {
                    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
                };
                self.body = self
                    .body
                    .chunks(97)
                    .flat_map(piece)
                    .chain(end.bytes())
                    .collect();
            }
            Change::Cut { announced: said } => {
                self.body.truncate(draws.below(self.body.len()));
                announced = *said;
            }
            Change::Longer { announced: said } => {
                self.body.extend((0..=draws.below(2000)).map(|k| k as u8));
                announced = *said;
            }
            Change::Packed => {
                self.body = gzip(&self.body);
                self.packed();
            }
            Change::Bomb => {
                self.body.clone_from(&BOMB);
                self.packed();
            }
            Change::Garbled => {
                damage(&mut self.body, draws);
                announced = true;
            }
        }
        let length = self.body.len().to_string();
        self.length = if announced { length } else { String::new() };
    }

    fn packed(&mut self) {
        "Content-Encoding: gzip\r\n".clone_into(&mut self.more);
    }

    fn bytes(self, head_only: bool) -> Vec<u8> {
        let line = |name: &str, text: &str| {
            if text.is_empty() {
                String::new()
            } else {
                format!("{name}: {text}\r\n")
            }
        };
        let (length, place) = (
            line("Content-Length", &self.length),
            line("Content-Range", &self.place),
        );
        let head = format!(
            "HTTP/1.1 {} X\r\n{length}{place}{}Connection: close\r\n\r\n",
            self.status, self.more
        );
        let body = if head_only { Vec::new() } else { self.body };
        [head.into_bytes(), body].concat()
    }
}

/// Many zeros in few bytes.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| gzip(&vec![0; 1 << 28]));

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// The bytes that a `Range` asks for, where there are any.
fn part(range: &str, length: usize) -> Option<Range<usize>> {
    let (first, last) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let part = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => first..(last + 1).min(length),
        (Ok(first), Err(_)) => first..length,
        (Err(_), Ok(last)) => length.saturating_sub(last)..length,
        _ => return None,
    };
    (part.start < part.end).then_some(part)
}
