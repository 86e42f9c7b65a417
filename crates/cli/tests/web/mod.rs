//! A web server on this machine that answers as it is told to.
#![allow(clippy::unwrap_used)] // a failure here is a failed test

mod answer;
mod change;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

pub use answer::Case;
use answer::{Request, Then};
pub use change::Change;

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
    let text = String::from_utf8_lossy(&request).into_owned();
    let mut words = text.split(' ');
    let head_only = words.next() == Some("HEAD");
    let path = words
        .next()
        .unwrap_or_default()
        .trim_start_matches('/')
        .replace("%20", " ");
    let (number, path) = path.split_once('/').unwrap_or(("", &path));
    let range = text.lines().find_map(|line| {
        let (name, text) = line.split_once(':')?;
        name.eq_ignore_ascii_case("range").then_some(text)
    });
    let Some((case, before)) = asked(known, number, path) else {
        return Ok(());
    };
    let (answer, then) = case.answer(&Request {
        path,
        head_only,
        range,
        before,
    });
    stream.write_all(&answer)?;
    match then {
        Then::Close => {}
        Then::Wait => thread::sleep(Duration::from_millis(2500)),
        Then::GoOn => {
            let spaces = vec![b' '; 1 << 16];
            (0..1 << 14).try_for_each(|_| stream.write_all(&spaces))?;
        }
    }
    Ok(())
}

/// The case with a number, and how often the path was asked for before.
fn asked(known: &Cases, number: &str, path: &str) -> Option<(Arc<Case>, u64)> {
    let mut cases = known.lock().unwrap();
    let (case, asked) = cases.get_mut(&number.parse().ok()?)?;
    let times = asked.entry(path.to_owned()).or_default();
    *times += 1;
    Some((Arc::clone(case), *times - 1))
}
