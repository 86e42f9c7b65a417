//! Reading from a web server: with patience, and never half of an answer.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::http::header;
use zarrs::storage::byte_range::{ByteRange, ByteRangeIterator};
use zarrs::storage::{Bytes, MaybeBytesIterator, ReadableStorageTraits, StorageError, StoreKey};

use crate::byte_parts::{encoded, exact, part, range_header};
use crate::http_answer::{Answer, Failure, announced, body, copy, found, passing, right_part};

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

impl Patience {
    /// Five requests and half a minute of silence, unless `FOEHN_HTTP_TRIES` and `FOEHN_HTTP_SILENCE` (s) say otherwise.
    pub(crate) fn asked() -> Result<Self, String> {
        let number = |name: &str, default: u64, most: u64| match std::env::var(name) {
            Err(_) => Ok(default),
            Ok(text) => match text.trim().parse() {
                Ok(number) if (1..=most).contains(&number) => Ok(number),
                _ => Err(format!("{name}={text}: a whole number from 1 to {most}")),
            },
        };
        Ok(Self {
            tries: number("FOEHN_HTTP_TRIES", 5, 10)? as u32,
            first_wait: Duration::from_millis(250),
            silence: Duration::from_secs(number("FOEHN_HTTP_SILENCE", 30, 3600)?),
        })
    }
}

/// A folder on a web server.
pub(crate) struct HttpStore {
    agent: Agent,
    root: String,
    /// What follows the question mark of its address, with that mark.
    query: String,
    patience: Patience,
    /// The address of a key that was read.
    read: OnceLock<String>,
    /// What was said of an answer without an end.
    endless: OnceLock<String>,
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
            read: OnceLock::new(),
            endless: OnceLock::new(),
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
        self.patiently(&address, || self.ask(&address, range))
    }

    fn ask(&self, address: &str, range: Option<ByteRange>) -> Result<Option<Answer>, Failure> {
        let mut request = self.agent.get(address);
        request = request.header(header::ACCEPT_ENCODING, "identity");
        if let Some(range) = range.as_ref().and_then(range_header) {
            request = request.header(header::RANGE, range);
        }
        let mut response = request.call().map_err(passing)?;
        let status = response.status().as_u16();
        if !self.found(status)? {
            return Ok(None);
        }
        let part = status == 206;
        if part {
            right_part(&response, range)?;
        }
        let bytes = body(&mut response)?;
        self.read.get_or_init(|| address.to_owned());
        match range {
            Some(range) if part => exact(bytes, range)
                .map(|bytes| Some(Answer::Part(bytes)))
                .map_err(Failure::Lasting),
            _ => Ok(Some(Answer::Whole(bytes))),
        }
    }

    /// As [`ReadableStorageTraits::get`], where a refusal says no more than that there is nothing to be had.
    pub(crate) fn probe(&self, key: &StoreKey) -> Result<Option<Bytes>, String> {
        let address = self.address(key.as_str());
        self.patiently(&address, || match self.ask(&address, None) {
            Err(Failure::Refused(_)) => Ok(None),
            answer => Ok(answer?.map(Answer::bytes)),
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
            let request = self.agent.get(&address);
            let request = request.header(header::ACCEPT_ENCODING, "identity");
            let mut response = request.call().map_err(passing)?;
            let status = response.status().as_u16();
            if !found(status)? {
                return Ok(None);
            }
            if status == 206 {
                right_part(&response, None)?;
            }
            let write = |part: &[u8]| into.write_all(part).map_err(lasting);
            copy(&mut response, write).map(Some)
        })?;
        Ok(copied.is_some())
    }

    /// Whether there is an answer. Stores that list nothing to strangers (S3) forbid what is not there: then what was
    /// read before must still be given.
    fn found(&self, status: u16) -> Result<bool, Failure> {
        match (found(status), self.read.get()) {
            (Err(Failure::Refused(why)), Some(known)) => {
                let again = self.agent.head(known).call().map_err(passing)?;
                if found(again.status().as_u16())? {
                    Ok(false)
                } else {
                    Err(Failure::Refused(why))
                }
            }
            (answer, _) => answer,
        }
    }

    fn patiently<T>(
        &self,
        address: &str,
        mut ask: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, String> {
        if let Some(said) = self.endless.get() {
            return Err(said.clone());
        }
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
                Err(Failure::Endless(why)) => {
                    let said = format!("{address}: {why}");
                    return Err(self.endless.get_or_init(|| said).clone());
                }
                Err(Failure::Lasting(why) | Failure::Refused(why)) => {
                    return Err(format!("{address}: {why}"));
                }
            }
        }
        Err(format!("{address}: never asked"))
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
            if !self.found(response.status().as_u16())? {
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
#[path = "http_tests.rs"]
mod tests;
