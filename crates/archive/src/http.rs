//! Reading from a web server: with patience, and never half of an answer.

use std::io::Read;
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{Response, header};
use zarrs::storage::byte_range::{ByteRange, ByteRangeIterator};
use zarrs::storage::{Bytes, MaybeBytesIterator, ReadableStorageTraits, StorageError, StoreKey};

use crate::byte_parts::{encoded, exact, part, range_header};

/// How often and how long a server is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Requests until one succeeds.
    pub(crate) tries: u32,
    /// The wait before the second; every further one is four times as long.
    pub(crate) first_wait: Duration,
    /// Silence after which a request is given up.
    pub(crate) silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 5,
            first_wait: Duration::from_millis(250),
            silence: Duration::from_secs(30),
        }
    }
}

/// Why a request failed.
enum Failure {
    /// It may succeed when asked again.
    Passing(String),
    /// It will not.
    Lasting(String),
}

/// What a server sends when asked for a part: some servers know no parts.
enum Answer {
    Part(Bytes),
    Whole(Bytes),
}

impl Answer {
    fn bytes(self) -> Bytes {
        let (Self::Part(bytes) | Self::Whole(bytes)) = self;
        bytes
    }
}

/// A folder on a web server.
pub(crate) struct HttpStore {
    agent: Agent,
    root: String,
    /// What follows the question mark of its address, with that mark.
    query: String,
    patience: Patience,
}

impl HttpStore {
    pub(crate) fn new(address: &str, patience: Patience) -> Self {
        let (root, query) = match address.find('?') {
            Some(at) => address.split_at(at),
            None => (address, ""),
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(patience.silence))
            .timeout_recv_response(Some(patience.silence))
            .timeout_per_read(Some(patience.silence))
            .user_agent(concat!("foehn/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.into(),
            root: root.trim_end_matches('/').to_owned(),
            query: query.to_owned(),
            patience,
        }
    }

    fn address(&self, key: &str) -> String {
        if key.is_empty() {
            format!("{}{}", self.root, self.query)
        } else {
            format!("{}/{}{}", self.root, encoded(key), self.query)
        }
    }

    /// The bytes of a key, whole or a part; `None` where the server has no such key.
    fn fetch(&self, key: &str, range: Option<ByteRange>) -> Result<Option<Answer>, String> {
        let address = self.address(key);
        self.patiently(&address, || {
            let mut request = self.agent.get(&address);
            if let Some(range) = range.as_ref().and_then(range_header) {
                request = request.header(header::RANGE, range);
            }
            let mut response = request.call().map_err(passing)?;
            let status = response.status().as_u16();
            if !found(status)? {
                return Ok(None);
            }
            let bytes = body(&mut response)?;
            match range {
                Some(range) if status == 206 => exact(bytes, range)
                    .map(|bytes| Some(Answer::Part(bytes)))
                    .map_err(Failure::Lasting),
                _ => Ok(Some(Answer::Whole(bytes))),
            }
        })
    }

    /// Copies what the address itself holds; false where the server has nothing there.
    pub(crate) fn download(&self, into: &mut std::fs::File) -> Result<bool, String> {
        use std::io::{Seek, Write};
        let address = self.address("");
        let copied = self.patiently(&address, || {
            let lasting = |error: std::io::Error| Failure::Lasting(error.to_string());
            into.set_len(0).map_err(lasting)?;
            into.rewind().map_err(lasting)?;
            let mut response = self.agent.get(&address).call().map_err(passing)?;
            if !found(response.status().as_u16())? {
                return Ok(None);
            }
            let announced = announced(&response);
            let mut reader = response.body_mut().as_reader();
            let mut buffer = vec![0; 1 << 16];
            let mut count = 0;
            loop {
                let more = reader.read(&mut buffer).map_err(passing)?;
                if more == 0 {
                    break;
                }
                into.write_all(&buffer[..more]).map_err(lasting)?;
                count += more as u64;
            }
            complete(count, announced).map(Some)
        })?;
        Ok(copied.is_some())
    }

    fn patiently<T>(
        &self,
        address: &str,
        mut ask: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, String> {
        let mut wait = self.patience.first_wait;
        for attempt in 1.. {
            match ask() {
                Ok(answer) => return Ok(answer),
                Err(Failure::Passing(_)) if attempt < self.patience.tries => {
                    thread::sleep(wait);
                    wait *= 4;
                }
                Err(Failure::Passing(why)) => {
                    return Err(format!("{address}: {why} ({attempt} attempts)"));
                }
                Err(Failure::Lasting(why)) => return Err(format!("{address}: {why}")),
            }
        }
        Err(format!("{address}: never asked"))
    }
}

fn passing(error: impl std::fmt::Display) -> Failure {
    Failure::Passing(error.to_string())
}

/// Whether there is an answer; gone is gone, a busy or broken server may recover.
fn found(status: u16) -> Result<bool, Failure> {
    match status {
        200..=299 => Ok(true),
        404 | 410 => Ok(false),
        408 | 425 | 429 | 500..=599 => Err(Failure::Passing(format!(
            "the server answers with status {status}"
        ))),
        401 | 403 => Err(Failure::Lasting(format!(
            "the server refuses access (status {status})"
        ))),
        _ => Err(Failure::Lasting(format!(
            "the server answers with status {status}"
        ))),
    }
}

fn announced(response: &Response<ureq::Body>) -> Option<u64> {
    let length = response.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

fn body(response: &mut Response<ureq::Body>) -> Result<Bytes, Failure> {
    let announced = announced(response);
    let mut bytes = Vec::new();
    let mut reader = response.body_mut().as_reader();
    reader.read_to_end(&mut bytes).map_err(passing)?;
    complete(bytes.len() as u64, announced)?;
    Ok(bytes.into())
}

fn complete(count: u64, announced: Option<u64>) -> Result<(), Failure> {
    match announced {
        Some(length) if length != count => Err(Failure::Passing(format!(
            "the answer is cut off after {count} of {length} bytes"
        ))),
        _ => Ok(()),
    }
}

impl ReadableStorageTraits for HttpStore {
    fn get(&self, key: &StoreKey) -> Result<Option<Bytes>, StorageError> {
        let answer = self
            .fetch(key.as_str(), None)
            .map_err(StorageError::Other)?;
        Ok(answer.map(Answer::bytes))
    }

    fn get_partial_many<'a>(
        &'a self,
        key: &StoreKey,
        byte_ranges: ByteRangeIterator<'a>,
    ) -> Result<MaybeBytesIterator<'a>, StorageError> {
        let (mut parts, mut whole) = (Vec::new(), None);
        for range in byte_ranges {
            if whole.is_none() {
                let answer = self.fetch(key.as_str(), Some(range));
                match answer.map_err(StorageError::Other)? {
                    None => return Ok(None),
                    Some(Answer::Part(bytes)) => {
                        parts.push(Ok(bytes));
                        continue;
                    }
                    Some(Answer::Whole(bytes)) => whole = Some(bytes),
                }
            }
            if let Some(bytes) = &whole {
                parts.push(part(bytes, range).map_err(StorageError::from));
            }
        }
        Ok(Some(Box::new(parts.into_iter())))
    }

    fn size_key(&self, key: &StoreKey) -> Result<Option<u64>, StorageError> {
        let address = self.address(key.as_str());
        let size = self.patiently(&address, || {
            let response = self.agent.head(&address).call().map_err(passing)?;
            if !found(response.status().as_u16())? {
                return Ok(None);
            }
            let unknown = || Failure::Lasting("the server does not tell its length".to_owned());
            announced(&response).ok_or_else(unknown).map(Some)
        });
        size.map_err(StorageError::Other)
    }

    fn supports_get_partial(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    /// A server that gives one answer a connection, in turn, and the last one for ever.
    fn server(answers: &'static [&'static str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/x.zarr", listener.local_addr().unwrap());
        thread::spawn(move || {
            for (k, stream) in listener.incoming().enumerate() {
                let answer = answers[k.min(answers.len() - 1)];
                thread::spawn(move || {
                    let mut stream: TcpStream = stream.unwrap();
                    let mut request = [0; 4096];
                    let _ = stream.read(&mut request);
                    let _ = stream.write_all(answer.as_bytes());
                    if answer.is_empty() {
                        thread::sleep(Duration::from_mins(1));
                    }
                });
            }
        });
        address
    }

    const BROKEN: &str = "HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const GONE: &str = "HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const CUT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nabc";
    const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabcdef";
    const SILENT: &str = "";
    const FORBIDDEN: &str = "HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    fn store(address: &str) -> HttpStore {
        let patience = Patience {
            tries: 4,
            first_wait: Duration::from_millis(2),
            silence: Duration::from_millis(500),
        };
        HttpStore::new(address, patience)
    }

    #[test]
    fn a_server_that_recovers_is_read() {
        let store = store(&server(&[BROKEN, CUT, SILENT, WHOLE]));
        let key = StoreKey::new("c/0").unwrap();
        assert_eq!(store.get(&key).unwrap().unwrap(), "abcdef");
        // it knows no parts: they are cut from the whole
        let ranges = [ByteRange::FromStart(1, Some(2)), ByteRange::Suffix(1)];
        let parts = store.get_partial_many(&key, Box::new(ranges.into_iter()));
        let parts: Vec<Bytes> = parts.unwrap().unwrap().map(Result::unwrap).collect();
        assert_eq!(parts, ["bc", "f"]);
    }

    #[test]
    fn what_does_not_recover_is_an_error_that_says_so() {
        let key = StoreKey::new("a b/0").unwrap();
        for (answer, told) in [
            (&[BROKEN], "status 500 (4 attempts)"),
            (&[CUT], "(4 attempts)"),
            (&[SILENT], "(4 attempts)"),
            (&[FORBIDDEN], "refuses access (status 403)"),
        ] {
            let error = store(&server(answer)).get(&key).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("a%20b/0"), "{error}");
        }
        assert!(store(&server(&[GONE])).get(&key).unwrap().is_none());
        // nobody listens
        assert!(store("http://127.0.0.1:9/x").get(&key).is_err());
    }
}
