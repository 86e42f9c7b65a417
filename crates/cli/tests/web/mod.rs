//! A web server on this machine that answers as it is told to.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::mutation::{Draws, Files, damage};

/// What is done to answers.
#[derive(Clone, Debug)]
pub enum Change {
    Nothing,
    Status(u16),
    /// In place of the right `Content-Length`; none where empty.
    Length(&'static str),
    /// In place of the right `Content-Range`; none where empty.
    Place(&'static str),
    /// A header more, without what it says.
    Header(&'static str),
    /// In place of everything before the body.
    Head(&'static str),
    /// In pieces, of which the last is followed by this.
    Chunked(&'static str),
    /// A part of the body is not sent, announced or not.
    Cut {
        announced: bool,
    },
    /// Bytes follow the body, announced or not.
    Longer {
        announced: bool,
    },
    /// As gzip, said so.
    Packed,
    /// Zeros, packed a thousandfold.
    Bomb,
    /// Half of it, then nothing.
    Stalled,
    /// Without an end.
    Endless,
    /// Other bytes of the same length or not.
    Garbled,
}

impl Change {
    /// One of them, each as likely.
    pub fn drawn(draws: &mut Draws) -> Self {
        let text = |draws: &mut Draws, texts: &[&'static str]| texts[draws.below(texts.len())];
        match draws.below(14) {
            0 | 1 => {
                let known = [
                    100, 201, 204, 205, 206, 226, 300, 301, 302, 304, 308, 400, 401, 403, 404, 408,
                    410, 416, 418, 425, 429, 500, 503, 599, 600, 999,
                ];
                Self::Status(known[draws.below(known.len())])
            }
            2 | 3 => Self::Length(text(
                draws,
                &[
                    "",
                    "0",
                    "1",
                    "-1",
                    "7",
                    "99999",
                    "18446744073709551616",
                    "9e9",
                    "x",
                    "5, 6",
                ],
            )),
            4 => Self::Place(text(
                draws,
                &[
                    "",
                    "bytes 0-0/1",
                    "bytes 1-9/*",
                    "bytes x",
                    "items 0-1/2",
                    "bytes 99-1/0",
                    "bytes 18446744073709551615-1/2",
                ],
            )),
            5 => Self::Header(text(
                draws,
                &[
                    "Transfer-Encoding: chunked",
                    "Transfer-Encoding: gzip",
                    "Content-Encoding: gzip",
                    "Content-Encoding: br",
                    "Content-Encoding: \u{fffd}",
                    "Content-Length: 3",
                    "Location: /elsewhere",
                    "no colon",
                    "Content-Type: text/html",
                    "Transfer-Encoding: chunked, chunked",
                ],
            )),
            6 => Self::Head(text(
                draws,
                &[
                    "",
                    "\r\n\r\n",
                    "HTTP/9.9 200 OK\r\n\r\n",
                    "HTTP/1.1 abc\r\n\r\n",
                    "SSH-2.0-x\r\n",
                    "HTTP/1.1 200 OK",
                    "HTTP/1.1 200 OK\n\n",
                    "HTTP/1.0 200 OK\r\n\r\n",
                    "HTTP/1.1 -200 OK\r\n\r\n",
                ],
            )),
            7 => Self::Chunked(text(
                draws,
                &[
                    "0\r\n\r\n",
                    "0\r\n",
                    "",
                    "ffffffffffffffff\r\n",
                    "-1\r\nx\r\n",
                    "zz\r\n",
                    "7fffffff\r\nab",
                ],
            )),
            8 => Self::Cut {
                announced: draws.below(2) == 0,
            },
            9 => Self::Longer {
                announced: draws.below(2) == 0,
            },
            10 => Self::Packed,
            11 => [Self::Bomb, Self::Stalled, Self::Endless][draws.below(3)].clone(),
            _ => Self::Garbled,
        }
    }

    /// Whether what is read must be right: other bytes cannot be told from those that were meant, nor can what the server
    /// says is not there, or forbids.
    pub fn keeps_values(&self) -> bool {
        !matches!(
            self,
            Self::Garbled | Self::Status(400 | 401 | 403 | 404 | 410)
        )
    }
}

/// Files, and what is done to the answers about some of them.
pub struct Case {
    files: HashMap<String, Vec<u8>>,
    root: String,
    change: Change,
    salt: u64,
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
        let name = |path: &std::path::Path| {
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

    /// The answer to a request, and what follows it.
    fn answer(
        &self,
        path: &str,
        head_only: bool,
        range: Option<&str>,
        before: u64,
    ) -> (Vec<u8>, Then) {
        let mut draws = Draws(path.bytes().fold(self.salt, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        }));
        // some of the files, of those some only when they are asked for the first time
        let touched = draws.below(5) < 2 && (draws.below(2) == 0 || before == 0);
        let change = if touched {
            &self.change
        } else {
            &Change::Nothing
        };
        let Some(file) = self.files.get(path) else {
            let (status, body) = match change {
                Change::Status(status) => (*status, ""),
                _ => (404, "nothing"),
            };
            return (
                format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .into(),
                Then::Close,
            );
        };
        let part = range.and_then(|range| part(range, file.len()));
        let (mut body, place) = match &part {
            Some(part) => (
                file[part.clone()].to_vec(),
                format!(
                    "bytes {}-{}/{}",
                    part.start,
                    part.end.max(1) - 1,
                    file.len()
                ),
            ),
            None => (file.clone(), String::new()),
        };
        let mut answer = Answer {
            status: if part.is_some() { 206 } else { 200 },
            length: body.len().to_string(),
            place,
            more: String::new(),
        };
        let mut then = Then::Close;
        match change {
            Change::Nothing => {}
            Change::Status(status) => answer.status = *status,
            Change::Length(text) => (*text).clone_into(&mut answer.length),
            Change::Place(text) => (*text).clone_into(&mut answer.place),
            Change::Header(text) => answer.more = format!("{text}\r\n"),
            Change::Head(text) => return ([text.as_bytes(), &body].concat(), then),
            Change::Chunked(end) => {
                answer.length.clear();
                "Transfer-Encoding: chunked\r\n".clone_into(&mut answer.more);
                let pieces = body.chunks(97).flat_map(|piece| {
                    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
                });
                body = pieces.chain(end.bytes()).collect();
            }
            Change::Cut { announced } => {
                body.truncate(draws.below(body.len()));
                answer.say(&body, *announced);
            }
            Change::Longer { announced } => {
                body.extend((0..=draws.below(2000)).map(|k| k as u8));
                answer.say(&body, *announced);
            }
            Change::Packed | Change::Bomb => {
                if matches!(change, Change::Bomb) {
                    body = vec![0; 1 << 28];
                }
                let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                packed.write_all(&body).unwrap();
                body = packed.finish().unwrap();
                "Content-Encoding: gzip\r\n".clone_into(&mut answer.more);
                answer.say(&body, true);
            }
            Change::Stalled => {
                body.truncate(body.len() / 2);
                then = Then::Wait;
            }
            Change::Endless => {
                answer.length.clear();
                then = Then::GoOn;
            }
            Change::Garbled => {
                damage(&mut body, &mut draws);
                answer.say(&body, true);
            }
        }
        let mut bytes = answer.head();
        if head_only {
            return (bytes, Then::Close);
        }
        bytes.extend(body);
        (bytes, then)
    }
}

/// What a server does after it has sent an answer.
enum Then {
    Close,
    Wait,
    GoOn,
}

struct Answer {
    status: u16,
    length: String,
    place: String,
    more: String,
}

impl Answer {
    fn say(&mut self, body: &[u8], announced: bool) {
        self.length = if announced {
            body.len().to_string()
        } else {
            String::new()
        };
    }

    fn head(&self) -> Vec<u8> {
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
        format!(
            "HTTP/1.1 {} X\r\n{length}{place}{}Connection: close\r\n\r\n",
            self.status, self.more
        )
        .into()
    }
}

/// The bytes that a `Range` asks for, where there are any.
fn part(range: &str, length: usize) -> Option<std::ops::Range<usize>> {
    let (first, last) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let part = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => first..(last + 1).min(length),
        (Ok(first), Err(_)) => first..length,
        (Err(_), Ok(last)) => length.saturating_sub(last)..length,
        _ => return None,
    };
    (part.start < part.end).then_some(part)
}

type Cases = Arc<Mutex<HashMap<u64, (Arc<Case>, HashMap<String, u64>)>>>;

/// A server of cases, each below a folder of its own.
pub struct Server {
    address: String,
    cases: Cases,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let cases = Cases::default();
        let known = Arc::clone(&cases);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let known = Arc::clone(&known);
                thread::spawn(move || _ = reply(stream, &known));
            }
        });
        Self { address, cases }
    }

    /// The address of a case, which takes the place of the one before.
    pub fn serve(&self, case: Case) -> String {
        let mut cases = self.cases.lock().unwrap();
        let number = cases.keys().max().map_or(0, |last| last + 1);
        let address = format!("{}/{number}/{}", self.address, case.root);
        cases.clear();
        cases.insert(number, (Arc::new(case), HashMap::new()));
        address
    }
}

fn reply(mut stream: TcpStream, known: &Cases) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let mut words = request.split(' ');
    let head_only = words.next() == Some("HEAD");
    let path = words
        .next()
        .unwrap_or_default()
        .trim_start_matches('/')
        .replace("%20", " ");
    let (number, path) = path.split_once('/').unwrap_or(("", &path));
    let range = request.lines().find_map(|line| {
        let (name, text) = line.split_once(':')?;
        name.eq_ignore_ascii_case("range").then_some(text)
    });
    let (case, before) = {
        let mut cases = known.lock().unwrap();
        let Some((case, asked)) = number
            .parse()
            .ok()
            .and_then(|number: u64| cases.get_mut(&number))
        else {
            return Ok(());
        };
        let asked = asked.entry(path.to_owned()).or_default();
        *asked += 1;
        (Arc::clone(case), *asked - 1)
    };
    let (answer, then) = case.answer(path, head_only, range, before);
    stream.write_all(&answer)?;
    match then {
        Then::Close => {}
        Then::Wait => thread::sleep(Duration::from_millis(2500)),
        Then::GoOn => (0..1 << 16).try_for_each(|_| stream.write_all(&[b' '; 1 << 16]))?,
    }
    Ok(())
}
